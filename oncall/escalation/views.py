from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, admin_only, can, may_configure, require
from core.ui import refusals
from core.ui.render import render
from oncall.alerts.models import Urgency
from oncall.escalation import operations, queries
from oncall.escalation.forms.branches import HOW
from oncall.escalation.forms.levels import Draft, Levels, choices, in_minutes
from oncall.escalation.forms.outside import first_levels, propose
from oncall.escalation.forms.policies import LastResortForm, PolicyForm, SimulateForm
from oncall.matching.rules import Facts
from oncall.nights import operations as limits
from oncall.nights import queries as nights
from oncall.nights.forms import NightLimitForm
from oncall.quiet.rules import WEEKDAYS
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.escalation.models import Policy
    from oncall.schedules.models import Schedule


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Every policy: who is asked first right now, how often, and until when; and the last resort."""
    return _index(request)


def _index(
    request: PersonRequest,
    form: LastResortForm | None = None,
    *,
    night_form: NightLimitForm | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    last, limit = queries.last_resort(), nights.limit()
    chosen = {"whom": LastResortForm.chosen(last)}
    is_admin = can(request.user, Verb.ADMIN)
    context = {
        "ladders": queries.ladders(queries.policies(request.user)),
        "may_create": can(request.user, Verb.CONFIGURE),
        "last_resort": last,
        "form": (form or LastResortForm(user=request.user, initial=chosen)) if is_admin else None,
        "night_limit": limit,
        "night_form": (night_form or NightLimitForm(initial={"pages": limit})) if is_admin else None,
    }
    return render(request, "oncall/escalation/index.html", context, status=status)


@require_GET
def simulator(request: PersonRequest) -> HttpResponse:
    """Who would be told what, when and by which channel, if an alert came at some time. Nothing is sent."""
    known = queries.policies(request.user)
    chosen = known.filter(slug=request.GET.get("policy", "")).first() or known.first()
    blank = {"policy": chosen.slug if chosen else None, "at": timezone.localtime(), "urgency": "high"}
    form = SimulateForm(request.GET if "at" in request.GET else None, user=request.user, initial=blank)
    lines = []
    if form.is_valid():
        given = dict(form.cleaned_data)
        facts = Facts(urgency=given["urgency"], labels=given.pop("labels"))
        lines = queries.simulate(**given, facts=facts)
    elif chosen and not form.is_bound:
        lines = queries.simulate(chosen, at=timezone.now(), urgency="high")
    context = {"form": form, "policy": chosen, "lines": lines, "reach": queries.reach(lines)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "oncall/escalation/simulator.html", context, status=status)


@admin_only
@require_POST
def last_resort(request: PersonRequest) -> HttpResponse:
    """Say who is asked when nobody of a policy answered."""
    form = LastResortForm(request.POST, user=request.user)
    if not form.is_valid():
        return _index(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    last = operations.set_last_resort(actor=request.user, **form.cleaned_data)
    messages.success(request, f"The last resort is {last or 'nobody beside the admins'} from now on.")
    return redirect("oncall:policies")


@admin_only
@require_POST
def night_limit(request: PersonRequest) -> HttpResponse:
    """Say how many pages a person gets per night before others are asked instead."""
    form = NightLimitForm(request.POST)
    if not form.is_valid():
        return _index(request, night_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    pages = limits.set_limit(form.cleaned_data["pages"], actor=request.user)
    said = f"{pages} page{'' if pages == 1 else 's'} per person per night" if pages else "No limit per night"
    messages.success(request, f"{said} from now on.")
    return redirect("oncall:policies")


@require_GET
def detail(request: PersonRequest, slug: str) -> HttpResponse:
    """One policy as a ladder, with who answers right now."""
    return _detail(request, slug, "oncall/escalation/policy.html")


@require_GET
def detail_region(request: PersonRequest, slug: str) -> HttpResponse:
    """The ladder alone, for live updates."""
    return _detail(request, slug, "oncall/escalation/_ladder.html")


def _detail(request: PersonRequest, slug: str, template: str) -> HttpResponse:
    policy = queries.policy(request.user, slug)
    context = {
        "ladder": queries.ladder(policy),
        "used_by": queries.used_by(policy),
        "last_resort": queries.last_resort(),
        "may_change": can(request.user, Verb.CONFIGURE, policy.team),
    }
    return render(request, template, context)


@may_configure
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """Make a policy."""
    if request.method != "POST":
        outside = _outside(request)
        said = {"name": outside.name, "team": outside.team_id} if outside else {}
        form = PolicyForm(user=request.user, initial={"repeat": 2, "acks_needed": 1, **said})
        levels = first_levels(outside) if outside else Levels([Draft(), Draft()])
        return _proposing(request, None, form, levels, outside)
    return _edited(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest, slug: str) -> HttpResponse:
    """Change a policy. What runs keeps the plan it was started with."""
    policy = queries.policy(request.user, slug)
    require(request.user, Verb.CONFIGURE, policy.team)
    if request.method == "POST":
        return _edited(request, policy)
    initial = {
        "name": policy.name,
        "team": policy.team_id,
        "description": policy.description,
        "repeat": policy.repeat,
        "ack_timeout": in_minutes(policy.ack_timeout_seconds),
        "acks_needed": policy.acks_needed,
        "is_default": policy.is_default,
        "version": policy.version,
    }
    form = PolicyForm(user=request.user, policy=policy, initial=initial)
    return _proposing(request, policy, form, Levels.of(queries.plan_of(policy)), _outside(request))


def _outside(request: PersonRequest) -> Schedule | None:
    """The schedule of `?outside=`, for whose closed hours a level is proposed."""
    return schedules.schedules().filter(slug=request.GET.get("outside", "")).first()


def _proposing(
    request: PersonRequest,
    policy: Policy | None,
    form: PolicyForm,
    levels: Levels,
    outside: Schedule | None,
) -> HttpResponse:
    if outside is None:
        return _editor(request, policy, form, levels)
    number = propose(levels, outside, queries.words_of_worst())
    return _editor(request, policy, form, levels, proposed=(number, outside) if number else None)


@require_POST
def remove(request: PersonRequest, slug: str) -> HttpResponse:
    """Remove a policy on which nothing relies."""
    policy = queries.policy(request.user, slug)
    require(request.user, Verb.CONFIGURE, policy.team)
    operations.remove_policy(policy, actor=request.user)
    messages.success(request, f"{policy.name} was removed.")
    return redirect("oncall:policies")


def _edited(request: PersonRequest, policy: Policy | None) -> HttpResponse:
    """Answer a button of the editor: every one but Save only changes what is shown."""
    form = PolicyForm(request.POST, user=request.user, policy=policy)
    levels = Levels.posted(request.POST)
    button = request.POST.get("do", "save")
    if button != "save":
        levels.change(button)
        return _editor(request, policy, form.as_typed(), levels)
    specs = levels.check()
    if form.is_valid() and specs is not None:
        with refusals.shown_in(form):
            return _saved(request, policy, form, levels)
    if not levels.drafts:
        form.add_error(None, "A policy needs at least one level.")
    return _editor(request, policy, form, levels, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _saved(request: PersonRequest, policy: Policy | None, form: PolicyForm, levels: Levels) -> HttpResponse:
    given = dict(form.cleaned_data)
    version = given.pop("version")
    specs = levels.check() or []
    if policy is None:
        found = operations.create_policy(levels=specs, actor=request.user, **given)
    else:
        found = operations.change_policy(policy, levels=specs, actor=request.user, version=version, **given)
    messages.success(request, f"{found.name} is saved. What runs already goes on as it was.")
    return redirect("oncall:policy", found.slug)


def _editor(
    request: PersonRequest,
    policy: Policy | None,
    form: PolicyForm,
    levels: Levels,
    *,
    proposed: tuple[int, Schedule] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context: dict[str, object] = {
        "proposed": proposed,
        "policy": policy,
        "form": form,
        "levels": levels,
        "groups": choices(),
        "zone": timezone.get_current_timezone_name(),
        "how": HOW,
        "weekdays": [(day.lower(), day) for day in WEEKDAYS],
        "urgencies": Urgency.choices,
    }
    return render(request, "oncall/escalation/edit.html", context, status=status)
