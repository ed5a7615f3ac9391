from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import queries as people
from core.accounts.policy import Verb, can, may_respond, public, require
from core.errors import Refused
from core.ui import refusals
from core.ui.render import render
from oncall.schedules import queries as schedules
from oncall.swaps import operations, queries, tokens
from oncall.swaps.forms import AskForm, RuleForm, TakeForm
from oncall.swaps.models import LIVE, Status

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from core.accounts.models import User
    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule
    from oncall.swaps.models import Swap
    from oncall.swaps.rules import Whole

NO_TRACE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""The address is the key: no other site may learn it."""
NOWHERE = "This address leads nowhere. It may have been cut off, or it is somebody's who left."
SHOWN = 30


@require_GET
def mine(request: PersonRequest) -> HttpResponse:
    """Requests to me, swaps of mine, and what I may approve."""
    context = {
        "asked": queries.asked_of(request.user),
        "mine": queries.mine(request.user),
        "approvals": queries.approvals(request.user),
        "schedules": schedules.schedules(),
    }
    return render(request, "oncall/swaps/mine.html", context)


@require_GET
def of_schedule(request: PersonRequest, slug: str) -> HttpResponse:
    """The swaps of a schedule, its rule, and the form to ask; a manager asks for others by `?person=`."""
    return _page(request, schedules.get(slug), request.GET)


@require_POST
@may_respond
def ask(request: PersonRequest, slug: str) -> HttpResponse:
    """Ask who takes shifts of mine, or as a manager of somebody else's."""
    schedule = schedules.get(slug)
    person = _person(request, schedule, request.POST)
    form = _ask_form(schedule, person, _partner(schedule, person, request.POST), request.POST)
    if form.is_valid():
        data = form.cleaned_data
        with refusals.shown_in(form, "shifts"):
            swap = operations.ask(
                schedule,
                beneficiary=person,
                keys=data["shifts"],
                returns=data.get("returns", ()),
                wanted=data["wanted"],
                reason=data["reason"],
                actor=request.user,
            )
            messages.success(request, "Asked. Until somebody takes it, nothing changes.")
            return redirect("oncall:swap", swap.pk)
    return _page(request, schedule, request.POST, form=form)


@require_POST
def set_rule(request: PersonRequest, slug: str) -> HttpResponse:
    """Say who may take shifts of a schedule."""
    schedule = schedules.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    form = RuleForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.set_rule(schedule, **form.cleaned_data, actor=request.user)
            messages.success(request, "Saved.")
            return redirect("oncall:schedule-swaps", slug)
        form.data = {**form.data.dict(), "seen": queries.stated(queries.rule_of(schedule))}
    return _page(request, schedule, {}, rule_form=form)


@require_GET
def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One swap: its shifts, what happened to it, and what I can do."""
    return _detail(request, queries.get(pk))


@require_POST
@may_respond
def answer(request: PersonRequest, pk: int) -> HttpResponse:
    """Take it, decline it, take it back; as a manager give it to somebody, approve it or not."""
    swap = queries.get(pk)
    what = request.POST.get("action", "")
    if what == "give":
        rule = queries.rule_of(swap.schedule)
        form = TakeForm(request.POST, takers=queries.takers(swap.schedule, rule=rule))
        if not form.is_valid():
            return _detail(request, swap, form=form)
        operations.take(swap, user=form.cleaned_data["user"], actor=request.user)
    elif not _act(swap, what, request.user):
        return HttpResponse("There is no such button.", status=400, content_type="text/plain")
    return redirect("oncall:swap", pk)


def _act(swap: Swap, what: str, actor: User) -> bool:
    if what == "take":
        operations.take(swap, user=actor, actor=actor)
    elif what in ACTIONS:
        ACTIONS[what](swap, actor=actor)
    else:
        return False
    return True


ACTIONS = {
    "decline": operations.decline,
    "withdraw": operations.withdraw,
    "approve": operations.approve,
    "reject": operations.reject,
}


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def cover(request: HttpRequest, token: str) -> HttpResponse:
    """A request on a phone. GET shows it and changes nothing, because scanners follow links; POST takes or declines.

    Without a session there is no token against forged requests either: the address itself is what nobody can guess,
    and it answers this request for this person alone.
    """
    try:
        swap, user = _claimed(token)
    except Http404:
        return _quiet(HttpResponse(NOWHERE, status=404, content_type="text/plain; charset=utf-8"))
    refused = ""
    if request.method == "POST":
        act = request.POST.get("action", "take")
        if act not in {"take", "decline"}:
            return _quiet(
                HttpResponse("There is no such button.", status=400, content_type="text/plain; charset=utf-8")
            )
        try:
            if act == "decline":
                operations.decline(swap, actor=user)
            else:
                operations.take(swap, user=user, actor=user)
        except Refused as refusal:
            refused = str(refusal)
        else:
            return _quiet(HttpResponseRedirect(reverse("oncall:cover", args=[token]), status=303))
    context = {
        "swap": swap,
        "token": token,
        "reader": user,
        "refused": refused,
        "may_take": queries.may_take(swap, user) and swap.expires_at > timezone.now(),
        "declined": queries.has_declined(swap, user),
    }
    with timezone.override(people.zone(user.time_zone)):
        status = HTTPStatus.CONFLICT if refused else HTTPStatus.OK
        return _quiet(render(request, "oncall/swaps/cover.html", context, status=status))


def _claimed(token: str) -> tuple[Swap, User]:
    claim = tokens.parse(token)
    user = people.person(claim.user) if claim else None
    if claim is None or user is None or not can(user, Verb.RESPOND):
        raise Http404
    swap = queries.get(claim.swap)
    if swap.nonce != claim.nonce:
        raise Http404
    return swap, user


def _quiet(response: HttpResponse) -> HttpResponse:
    for name, value in NO_TRACE.items():
        response[name] = value
    return response


def _person(request: PersonRequest, schedule: Schedule, given: Any) -> User:
    """For whom is asked: the reader, or whom a manager chose."""
    asked = str(given.get("person", ""))
    if not asked.isdigit() or len(asked) > 9 or asked == str(request.user.pk):
        return request.user
    require(request.user, Verb.CONFIGURE, schedule.team)
    found = people.person(int(asked))
    if found is None:
        raise Http404
    return found


def _partner(schedule: Schedule, person: User, given: Any) -> User | None:
    """With whom shifts are to be exchanged, of those who may take some."""
    chosen = str(given.get("with", ""))
    if not chosen.isdigit() or len(chosen) > 9:
        return None
    return _takers(schedule, person).filter(pk=int(chosen)).first()


def _takers(schedule: Schedule, person: User) -> QuerySet[User]:
    return queries.takers(schedule, rule=queries.rule_of(schedule)).exclude(pk=person.pk)


def _ask_form(
    schedule: Schedule, person: User, partner: User | None, data: Any = None, **kwargs: Any
) -> AskForm:
    now = timezone.now()

    def of(user: User) -> list[Whole]:
        return queries.shifts_of(schedule, user, start=now, end=now + queries.AHEAD)

    return AskForm(
        data,
        wholes=of(person),
        takers=_takers(schedule, person),
        zone=ZoneInfo(schedule.time_zone),
        exchange=(partner, of(partner)) if partner else None,
        **kwargs,
    )


def _page(
    request: PersonRequest,
    schedule: Schedule,
    given: Any,
    *,
    form: AskForm | None = None,
    rule_form: RuleForm | None = None,
) -> HttpResponse:
    person = _person(request, schedule, given)
    partner = _partner(schedule, person, given)
    rule = queries.rule_of(schedule)
    manages = can(request.user, Verb.CONFIGURE, schedule.team)
    chosen = {"shifts": given.getlist("shift")} if hasattr(given, "getlist") else {}
    context = {
        "schedule": schedule,
        "person": person,
        "swaps": queries.of(schedule)[:SHOWN],
        "stated": queries.stated(rule),
        "partner": partner,
        "form": form or _ask_form(schedule, person, partner, initial=chosen),
        "rule_form": (rule_form or RuleForm(instance=rule, initial={"seen": queries.stated(rule)}))
        if manages
        else None,
        "people": queries.takers(schedule, rule=rule),
        "may_ask": can(request.user, Verb.RESPOND),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form or rule_form else HTTPStatus.OK
    return render(request, "oncall/swaps/schedule.html", context, status=status)


def _detail(request: PersonRequest, swap: Swap, *, form: TakeForm | None = None) -> HttpResponse:
    reader, now = request.user, timezone.now()
    manages = can(reader, Verb.CONFIGURE, swap.schedule.team)
    part = reader in (swap.beneficiary, swap.taker, swap.asked_by)
    ahead = any(row.end > now for row in swap.shifts.all())
    takers = queries.takers(swap.schedule, rule=queries.rule_of(swap.schedule))
    context = {
        "swap": swap,
        "stated": queries.stated(queries.rule_of(swap.schedule)),
        "may_take": queries.may_take(swap, reader),
        "declined": queries.has_declined(swap, reader),
        "candidates": queries.suggestions(swap)[:8]
        if (part or manages) and swap.status == Status.OPEN
        else [],
        "may_approve": manages and swap.status == Status.WAITING,
        "may_withdraw": (part or manages) and swap.status in LIVE and ahead,
        "form": form
        or (
            TakeForm(takers=takers.exclude(pk=swap.beneficiary_id))
            if manages and swap.status == Status.OPEN
            else None
        ),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form else HTTPStatus.OK
    return render(request, "oncall/swaps/detail.html", context, status=status)
