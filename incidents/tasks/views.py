from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.tasks import operations, queries
from incidents.tasks.forms import DropForm, ResultForm, TaskEditForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse, HttpResponseRedirect

    from core.accounts.requests import PersonRequest
    from incidents.tasks.models import Task


def _task(request: PersonRequest, number: int, pk: int) -> Task:
    incident = lifecycle.get(request.user, number)
    found = queries.of(request.user, incident).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such task.")
    found.incident = incident
    return found


def _to_room(task: Task) -> HttpResponseRedirect:
    return redirect(f"{reverse('incidents:room', args=[task.incident.number])}#tasks")


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living tasks of the room."""
    incident = watching.incident(request, number)
    context = {
        "incident": incident,
        "tasks": queries.panel(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND),
    }
    return render(request, "incidents/tasks/_panel.html", context)


@require_http_methods(["GET", "POST"])
@may_respond
def task(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """One task: who does it, by when, what came of it."""
    found = _task(request, number, pk)
    doers = queries.doers(request.user, found.incident)
    if request.method == "GET":
        return _page(request, found, form=_as_it_is(found, doers))
    form = TaskEditForm(request.POST, doers=doers)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.change(found, **form.said(), version=form.cleaned_data["version"], actor=request.user)
            messages.success(request, "The task is saved.")
            return _to_room(found)
    return _page(request, found, form=form)


def _as_it_is(found: Task, doers: Any) -> TaskEditForm:
    begin = {name: getattr(found, name) for name in ("title", "hint", "due_at", "version")}
    return TaskEditForm(initial={**begin, "assignee": found.assignee_id}, doers=doers)


def _page(
    request: PersonRequest,
    found: Task,
    *,
    form: TaskEditForm | None = None,
    done: Form | None = None,
    drop: Form | None = None,
) -> HttpResponse:
    context = {
        "task": found,
        "incident": found.incident,
        "form": form or _as_it_is(found, queries.doers(request.user, found.incident)),
        "done_form": done or ResultForm(),
        "drop_form": drop or DropForm(),
    }
    is_wrong = any(each is not None and each.is_bound for each in (form, done, drop))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return render(request, "incidents/tasks/task.html", context, status=status)


@require_POST
@may_respond
def finish(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say that it is done; without a word from the room, with what came of it from its page."""
    found = _task(request, number, pk)
    form = ResultForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.finish(found, result=form.cleaned_data["result"], actor=request.user)
            messages.success(request, f"Done: {found.title}")
            return _to_room(found)
    return _page(request, found, done=form)


@require_POST
@may_respond
def drop(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say that it is not needed any more."""
    found = _task(request, number, pk)
    form = DropForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.drop(found, why=form.cleaned_data["why"], actor=request.user)
            messages.success(request, f"Dropped: {found.title}")
            return _to_room(found)
    return _page(request, found, drop=form)


@require_POST
@may_respond
def reopen(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Open it again."""
    found = _task(request, number, pk)
    operations.reopen(found, actor=request.user)
    messages.success(request, f"Open again: {found.title}")
    return _to_room(found)


@require_POST
@may_respond
def move(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Let it come before the one above it, or after the one below."""
    found = _task(request, number, pk)
    operations.move(found, by=-1 if request.POST.get("way") == "up" else 1, actor=request.user)
    return _to_room(found)
