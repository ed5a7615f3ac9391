"""What the incident hub asks: who is woken for a service, what alerts say, whom one can page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.urls import reverse

from core.accounts import queries as people
from incidents.board.registry import Alerted
from incidents.catalog.registry import OnDuty
from incidents.closing.registry import Finding
from incidents.lifecycle.registry import Target
from incidents.ties.registry import AlertLine
from oncall.alerts.models import Alert, Status
from oncall.escalation import queries as escalations
from oncall.escalation.rules.plans import Kind, Turn
from oncall.routing.models import ServicePolicy
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.catalog import models as catalog
    from incidents.lifecycle.models import Incident
    from incidents.lifecycle.registry import Person
    from oncall.escalation.rules.plans import TargetSpec
    from oncall.escalation.rules.targets import Answer

MOST_ALERTS = 50


def _policies_for(user: User, service_ids: Sequence[int]) -> list[escalations.Ladder]:
    """The policies that page for these services, the default one where a service has none."""
    chosen = ServicePolicy.objects.filter(service__in=service_ids).values("policy")
    policies = escalations.policies(user)
    found = list(policies.filter(pk__in=chosen)) or list(policies.filter(is_default=True))
    return escalations.ladders(found)


def first_paged(user: User, service_ids: Sequence[int]) -> list[str]:
    """Who is asked first when an incident of these services pages."""
    names = [
        str(person)
        for ladder in _policies_for(user, service_ids)
        for rung in ladder.rungs[:1]
        for person in rung.people
    ]
    return list(dict.fromkeys(names))


def asked_first(user: User, service_ids: Sequence[int]) -> dict[int, list[str]]:
    """Who is asked first for each of these services, by the policy of the service or else by the default one."""
    chosen = dict(ServicePolicy.objects.filter(service__in=service_ids).values_list("service", "policy"))
    policies = escalations.policies(user)
    rows = list(policies.filter(Q(pk__in=set(chosen.values())) | Q(is_default=True)))
    default = next((row.pk for row in rows if row.is_default), None)
    first = {
        ladder.policy.pk: [str(person) for rung in ladder.rungs[:1] for person in rung.people]
        for ladder in escalations.ladders(rows)
    }
    return {pk: first.get(chosen.get(pk, default) or 0, []) for pk in service_ids}


def on_duty(user: User, service_ids: Sequence[int], *, after: bool = True) -> dict[int, OnDuty]:
    """Who is asked first for each of these services; with `after` until when, and who is next on the schedule."""
    chosen = dict(ServicePolicy.objects.filter(service__in=service_ids).values_list("service", "policy"))
    policies = escalations.policies(user)
    rows = list(policies.filter(Q(pk__in=set(chosen.values())) | Q(is_default=True)))
    default = next((row.pk for row in rows if row.is_default), None)
    first = {ladder.policy.pk: ladder.rungs[0] for ladder in escalations.ladders(rows) if ladder.rungs}
    asked = {
        pk: next((target.id for target in rung.targets if target.kind is Kind.SCHEDULE), None)
        for pk, rung in first.items()
    }
    wanted = {pk for pk in asked.values() if pk} if after else set()
    known = {row.schedule.pk: row for row in schedules.watches(wanted)} if wanted else {}
    found = {
        pk: OnDuty(
            rung.people,
            known[watch].now.until if (watch := asked[pk]) in known else None,
            known[watch].next_people if watch in known else (),
        )
        for pk, rung in first.items()
    }
    of = {pk: chosen.get(pk, default) for pk in service_ids}
    return {pk: found[policy] for pk, policy in of.items() if policy in found}


def alerted(user: User, stems: Sequence[str]) -> dict[int, Alerted]:
    """Give the latest open alert with one of these words in its title, by the service that it is about."""
    said = Q()
    for stem in stems:
        said |= Q(title__icontains=stem)
    rows = Alert.objects.visible_to(user).open().filter(said, service__isnull=False)
    return {
        row.service_id: Alerted(row.title, reverse("oncall:alert", args=[row.pk]))
        for row in reversed(rows.order_by("-last_at", "-pk")[:MOST_ALERTS])
        if row.service_id is not None
    }


def of_incident_in_lines(incident: Incident) -> list[AlertLine]:
    """Give the alerts of an incident for choosing among them, the latest first."""
    rows = Alert.objects.filter(incident=incident).order_by("-last_at", "-pk")
    return [AlertLine(row.pk, row.title, row.status == Status.RESOLVED) for row in rows]


def still_firing(incident: Incident) -> Finding | None:
    """Say how many alerts of an incident are not resolved; None where it has none."""
    found = Alert.objects.filter(incident=incident)
    number = found.open().exclude(status=Status.SUPPRESSED).count()
    if number:
        return Finding(
            f"{number} alert{'' if number == 1 else 's'} of it {'is' if number == 1 else 'are'} not resolved",
            is_good=False,
            contradicts=True,
        )
    return Finding("no alert of it is open", is_good=True) if found.exists() else None


def on_call_for(user: User, service: catalog.Service, at: datetime | None) -> list[dict[str, Any]]:
    """Who would be asked for a service at an instant (default: now), level by level."""
    chosen = ServicePolicy.objects.filter(service=service).values("policy")
    policies = escalations.policies(user)
    policy = policies.filter(pk__in=chosen).first() or policies.filter(is_default=True).first()
    if policy is None:
        return []
    plan = escalations.plan_of(policy)
    targets = [target for level in plan.levels for target in level.targets]
    ids = [target.id for target in targets if target.kind is Kind.SCHEDULE]
    watches = {watch.schedule.pk: watch for watch in schedules.watches(ids, at=at)}
    answers = escalations.answers(targets, at=at or escalations.now())
    return [
        _asked_at(number, target, answers[target], watches)
        for number, level in enumerate(plan.levels, start=1)
        for target in level.targets
    ]


def _asked_at(
    number: int, target: TargetSpec, answer: Answer, watches: Mapping[int, schedules.Watch]
) -> dict[str, Any]:
    watch = watches[target.id] if target.kind is Kind.SCHEDULE else None
    return {
        "level": number,
        "schedule": watch.schedule.slug if watch else None,
        "users": [str(pk) for pk in answer.people],
        "until": watch.now.until if watch and target.turn is Turn.NOW else None,
    }


def schedule_targets(user: Person) -> list[Target]:
    """Schedules that can be paged from an incident."""
    return [Target("schedule", row.pk, row.slug, row.name) for row in schedules.schedules()]


def team_targets(user: Person) -> list[Target]:
    """Teams that can be paged from an incident."""
    return [Target("team", row.pk, row.slug, row.name) for row in people.teams(user)]


def policy_targets(user: Person) -> list[Target]:
    """Policies that can be paged from an incident."""
    return [Target("policy", row.pk, row.slug, row.name) for row in escalations.policies(user)]
