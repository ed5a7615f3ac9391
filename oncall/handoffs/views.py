from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond, require
from core.ui import refusals
from core.ui.render import render
from oncall.handoffs import operations, queries, rules
from oncall.handoffs.forms import NoteForm, TalkForm, TaskForm
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.handoffs.models import Handoff
    from oncall.schedules.models import Schedule

SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def to_come(request: PersonRequest, slug: str) -> HttpResponse:
    """The note for whoever follows, the tasks that are handed on, and the hand-offs so far."""
    schedule = schedules.get(slug)
    return _page(request, schedule, queries.to_come(schedule))


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """One hand-off: who took over from whom, the note, what was open, and whether it was read."""
    schedule = schedules.get(slug)
    return _page(request, schedule, queries.handoff(schedule, pk))


def _page(request: PersonRequest, schedule: Schedule, found: Handoff) -> HttpResponse:
    if request.method != "POST":
        return _shown(request, found, _form(found))
    require(request.user, Verb.RESPOND)
    if found.acknowledged_at is not None:
        raise operations.AlreadyRead
    form = NoteForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "text"):
            operations.write(
                schedule,
                **form.cleaned_data,
                handoff=found if found.pk and found.at else None,
                actor=request.user,
            )
            messages.success(request, "Saved.")
            return redirect(request.path)
        form.data = {**form.data.dict(), "seen": _seen(found)}  # what was in between is shown above it now
    return _shown(request, found, form)


def _form(found: Handoff) -> NoteForm:
    return NoteForm(initial={"text": found.text, "seen": _seen(found)})


def _seen(found: Handoff) -> str:
    return found.written_at.isoformat() if found.written_at else ""


def _shown(
    request: PersonRequest,
    found: Handoff,
    form: NoteForm,
    *,
    task_form: TaskForm | None = None,
    talk_form: TalkForm | None = None,
) -> HttpResponse:
    past = queries.handoffs().filter(schedule=found.schedule).exclude(pk=found.pk)[:SHOWN]
    taken, *others = queries.with_people([found, *past])
    watch = schedules.watch(found.schedule)
    is_bad = form.is_bound or task_form is not None or talk_form is not None
    length = queries.talk_length(found.schedule)
    minutes = length // timedelta(minutes=1)
    context: dict[str, Any] = {
        "schedule": found.schedule,
        "handoff": found,
        "form": form,
        "task_form": task_form or TaskForm(),
        "talk_form": talk_form or TalkForm(initial={"minutes": minutes, "seen": minutes}),
        "talk_until": queries.talk_until(found, watch, length),
        "minutes": minutes,
        "may_configure": can(request.user, Verb.CONFIGURE, found.schedule.team),
        "state": queries.state_of(request.user, found),
        "tasks": queries.open_tasks(found.schedule),
        "taken": taken,
        "past": others,
        "watch": watch,
        "now": rules.named(watch.people),
        "next": rules.named(watch.next_people),
        "may_write": can(request.user, Verb.RESPOND) and found.acknowledged_at is None,
        "may_respond": can(request.user, Verb.RESPOND),
        "is_mine": request.user.pk in found.incoming and found.acknowledged_at is None,
    }
    status = HTTPStatus.BAD_REQUEST if is_bad else HTTPStatus.OK
    return render(request, "oncall/handoffs/handoff.html", context, status=status)


@require_GET
def panel(request: PersonRequest, slug: str) -> HttpResponse:
    """The last hand-off of a schedule, for the schedule's page."""
    schedule = schedules.get(slug)
    found = queries.latest(schedule)
    context = {
        "schedule": schedule,
        "handoff": found,
        "taken": queries.with_people([found])[0] if found else None,
        "state": queries.state_of(request.user, found) if found else None,
        "tasks": queries.open_tasks(schedule).count(),
    }
    return render(request, "oncall/handoffs/_panel.html", context)


@require_POST
@may_respond
def acknowledge(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Say that I have read what I have to know."""
    operations.acknowledge(queries.handoff(schedules.get(slug), pk), actor=request.user)
    messages.success(request, "Thank you. It is yours now.")
    return redirect("oncall:handoff", slug, pk)


@require_POST
@may_respond
def add_task(request: PersonRequest, slug: str) -> HttpResponse:
    """Note what should be better."""
    schedule = schedules.get(slug)
    form = TaskForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "text"):
            operations.add_task(schedule, **form.cleaned_data, actor=request.user)
            messages.success(request, "Noted. It is handed on until it is done.")
            return redirect("oncall:handoff-to-come", slug)
    found = queries.to_come(schedule)
    return _shown(request, found, _form(found), task_form=form)


@require_POST
def set_talk(request: PersonRequest, slug: str) -> HttpResponse:
    """Say how long people talk at the hand-offs of a schedule."""
    schedule = schedules.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    form = TalkForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.set_talk(schedule, **form.cleaned_data, actor=request.user)
            messages.success(request, "Saved.")
            return redirect("oncall:handoff-to-come", slug)
        form.data = {**form.data.dict(), "seen": str(queries.talk_minutes(schedule))}
    found = queries.to_come(schedule)
    return _shown(request, found, _form(found), talk_form=form)


@require_POST
@may_respond
def finish_task(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Take a task off the list."""
    operations.finish_task(queries.task(schedules.get(slug), pk), actor=request.user)
    messages.success(request, "Done.")
    return redirect("oncall:handoff-to-come", slug)
