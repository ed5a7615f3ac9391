from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond, require
from core.ui import refusals
from core.ui.render import render
from oncall.announcements import operations, queries
from oncall.announcements.forms import GroupForm, TopicForm
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule

CHOSEN = "Chosen. It is written within moments, and with every hand-off."


@require_http_methods(["GET", "HEAD", "POST"])
def announcements(request: PersonRequest, slug: str) -> HttpResponse:
    """Where chats say who is on call; a manager chooses a channel."""
    schedule = schedules.get(slug)
    if request.method != "POST":
        return _page(request, schedule)
    require(request.user, Verb.CONFIGURE, schedule.team)
    form = TopicForm(request.POST, offered=queries.offered(schedule))
    if form.is_valid():
        with refusals.shown_in(form):
            operations.add_topic(schedule, form.cleaned_data["channel"], actor=request.user)
            messages.success(request, CHOSEN)
            return redirect("oncall:announcements", slug)
    return _page(request, schedule, topic=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
def add_group(request: PersonRequest, slug: str) -> HttpResponse:
    """An admin names a user group of Slack."""
    schedule = schedules.get(slug)
    require(request.user, Verb.ADMIN)
    form = GroupForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.add_group(schedule, form.cleaned_data["group"], actor=request.user)
            messages.success(request, CHOSEN)
            return redirect("oncall:announcements", slug)
    return _page(request, schedule, group=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
@may_respond
def again(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Write it now."""
    operations.again(queries.get(schedules.get(slug), pk), actor=request.user)
    messages.success(request, "It is written now.")
    return redirect("oncall:announcements", slug)


@require_POST
@may_respond
def remove(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Say it there no longer."""
    operations.remove(queries.get(schedules.get(slug), pk), actor=request.user)
    messages.success(request, "Removed.")
    return redirect("oncall:announcements", slug)


def _page(
    request: PersonRequest,
    schedule: Schedule,
    *,
    topic: TopicForm | None = None,
    group: GroupForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    manages = can(request.user, Verb.CONFIGURE, schedule.team)
    offered = queries.offered(schedule) if manages else []
    context = {
        "schedule": schedule,
        "rows": queries.shown(queries.of(schedule)),
        "manages": manages,
        "topic": (topic or TopicForm(offered=offered)) if offered else topic,
        "group": (group or GroupForm()) if can(request.user, Verb.ADMIN) else None,
    }
    return render(request, "oncall/announcements/announcements.html", context, status=status)
