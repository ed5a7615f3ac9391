from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F, FilteredRelation, Max, Q
from django.db.models.functions import Coalesce, Now
from django.http import Http404
from django.shortcuts import get_object_or_404

from core.accounts.models import User
from core.accounts.policy import Verb, can
from core.clock import now
from incidents.command import registry, rules
from incidents.command.models import HandOver, State, TrainedCommander
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle import registry as targets
from incidents.lifecycle.models import Incident, Participant, RoleAssignment
from incidents.lifecycle.rules import in_lines
from incidents.mitigations.models import AppliedMitigation
from incidents.nudges import queries as nudges
from incidents.nudges.rules import Kind
from incidents.severities.models import Separation
from incidents.tasks import queries as tasks
from incidents.tasks.models import Task

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from incidents.command.rules import Structure
    from incidents.lifecycle.models import IncidentQuerySet
    from incidents.lifecycle.registry import Target
    from incidents.severities.models import Severity

SUGGESTED = 3


def with_offer(found: IncidentQuerySet) -> IncidentQuerySet:
    """Fetch along to whom command is offered right now, by whom and whether they were paged; else None."""
    waiting = FilteredRelation("hand_overs", condition=Q(hand_overs__state=State.WAITING))
    return found.alias(offer=waiting).annotate(
        offer_id=F("offer__pk"),
        offer_to=F("offer__to_id"),
        offer_name=F("offer__to__name"),
        offer_by=F("offer__offered_by_id"),
        offer_paged_at=F("offer__paged_at"),
    )


def of(user: User | AnonymousUser, incident: Incident) -> QuerySet[HandOver]:
    """Give to whom command was offered in an incident, newest first."""
    found = HandOver.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident__severity", "holder", "offered_by", "to").order_by(
        "-offered_at", "-pk"
    )


def one(user: User | AnonymousUser, incident: Incident, pk: int) -> HandOver:
    """Give one; 404 where there is none."""
    row = of(user, incident).filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such hand-over.")
    return row


def said(incident: Incident) -> list[tuple[str, str]]:
    """Say what the next commander needs to know as things stand, each line with what it is about."""
    return [
        *lifecycle.briefing(incident, tasks=tasks.open_in_words(incident)),
        *(
            ("To be undone", row.name)
            for row in AppliedMitigation.objects.standing().filter(incident=incident)
        ),
    ]


def added(row: HandOver, said_now: Sequence[tuple[str, str]]) -> list[str]:
    """Give the lines of a briefing that its writer added to what the room says."""
    if row.is_by_level:
        return []
    known = {line.strip() for line in in_lines(said_now).splitlines()}
    lines = (line.strip() for line in row.briefing.splitlines())
    return [line for line in lines if line and line not in known and not line.startswith("Next update:")]


def briefing(incident: Incident) -> str:
    """Write the same as plain lines."""
    return in_lines(said(incident))


@dataclass(frozen=True, slots=True)
class Commander:
    """Somebody of the pool: when they last commanded, and whether they can now."""

    pk: int
    person: User
    note: str
    last: datetime | None
    is_free: bool
    why_not: str


def pool(user: User | AnonymousUser, *, but: int | None = None) -> list[Commander]:
    """Give who is trained to command, whose turn it is first; who cannot now comes after.

    `but` is the incident for which one is looked for: who commands that is no less free for it. An incident that
    this person may not know of changes nothing, neither who is free nor whose turn it is.
    """
    rows = list(TrainedCommander.objects.visible_to(user).filter(user__is_active=True).select_related("user"))
    people = {row.user_id: row for row in rows if can(row.user, Verb.RESPOND)}
    at = now()
    away = registry.absent(list(people), at=at)
    busy = _commanding(user, people, but=but)
    last = _last(Incident.objects.visible_to(user).filter(drill=False), people)
    able = [rules.Trained(pk, str(row.user), last.get(pk)) for pk, row in people.items()]
    order = rules.turn(able, without=())
    found = [
        Commander(
            pk=people[pk].pk,
            person=people[pk].user,
            note=people[pk].note,
            last=last.get(pk),
            is_free=pk not in away and pk not in busy,
            why_not="away" if pk in away else busy.get(pk, ""),
        )
        for pk in order
    ]
    return sorted(found, key=lambda row: not row.is_free)


def trained(user: User | AnonymousUser, pk: int) -> TrainedCommander:
    """Give one of the pool; 404 where there is none."""
    return get_object_or_404(TrainedCommander.objects.visible_to(user).select_related("user"), pk=pk)


def _commanding(user: User | AnonymousUser, ids: Collection[int], *, but: int | None) -> dict[int, str]:
    """Who commands another incident that this person may know of."""
    known = Incident.objects.visible_to(user).active().exclude(pk=but or 0)
    return dict.fromkeys(_commanders_of(known, ids), "commands another incident")


def _commanders_of(known: IncidentQuerySet, ids: Collection[int]) -> set[int]:
    held = RoleAssignment.objects.filter(
        user__in=ids, role__is_commander=True, ended_at=None, incident__in=known
    )
    return set(held.values_list("user", flat=True))


def _last(known: IncidentQuerySet, ids: Collection[int]) -> dict[int, datetime]:
    """When each last commanded one of these incidents; until now where they still do."""
    held = RoleAssignment.objects.filter(user__in=ids, role__is_commander=True, incident__in=known)
    ended = Coalesce("ended_at", "incident__resolved_at", "incident__closed_at", Now())
    rows = held.values("user").annotate(last=Max(ended))
    return {row["user"]: row["last"] for row in rows}


def suggested(user: User | AnonymousUser, *, but: int | None = None) -> list[Commander]:
    """Give whose turn it is to command, the first few of those who can now."""
    return [row for row in pool(user, but=but) if row.is_free and row.person != user][:SUGGESTED]


def offerable(user: User) -> list[User]:
    """Give to whom command of a new incident could be offered, whose turn it is first."""
    return [row.person for row in suggested(user)]


def on_call_commander(user: User) -> Target | None:
    """Give the schedule of the commander on call, where one is configured."""
    slug = settings.COMMANDER_SCHEDULE
    return targets.find(user, "schedule", slug) if slug else None


def is_trained(user: User) -> bool:
    """Say whether somebody is trained to command, or on call for it right now."""
    if TrainedCommander.objects.filter(user=user).exists():
        return True
    return user.pk in registry.on_call(settings.COMMANDER_SCHEDULE, at=now())


def asks_anybody() -> bool:
    """Say whether there is anybody who could be asked to command: a schedule, or somebody who is trained."""
    return bool(settings.COMMANDER_SCHEDULE) or TrainedCommander.objects.exists()


def next_to_ask(incident: Incident, *, holder: User | None) -> tuple[User, str] | None:
    """Give who is asked next to command an incident at once, and as what; None where nobody is left.

    Whoever was asked already is not asked again. What private incidents somebody commands changes nothing.
    """
    at = now()
    on_call = registry.on_call(settings.COMMANDER_SCHEDULE, at=at)
    trained = list(TrainedCommander.objects.select_related("user"))
    people = {row.user_id: row.user for row in trained} | User.objects.in_bulk(on_call)
    public = Incident.objects.filter(private=False, drill=False)
    last = _last(public, people)
    order = rules.turn(
        [rules.Trained(row.user_id, str(row.user), last.get(row.user_id)) for row in trained],
        without=registry.absent(list(people), at=at),
    )
    asked = (
        set(HandOver.objects.filter(incident=incident).values_list("to", flat=True)) if incident.pk else set()
    )
    busy = _commanders_of(public.active().exclude(pk=incident.pk or 0), people)
    for pk in rules.next_to_ask(on_call, order, without=asked | {holder.pk if holder else 0}, busy=busy):
        if can(people[pk], Verb.RESPOND) and lifecycle.forbidding(incident, people[pk]) is None:
            return people[pk], "on call to command" if pk in on_call else "next of those trained to command"
    return None


def asked_at_once(user: User, severity: Severity, *, drill: bool) -> str:
    """Say who would be asked to command if this person declared an incident of this level now; "" for nobody."""
    if not severity.commander_within_seconds or drill:
        return ""
    incident = Incident(severity=severity)
    if is_trained(user):
        return ""
    found = next_to_ask(incident, holder=user)
    return f"{found[0]}, {found[1]}" if found else ""


@dataclass(frozen=True, slots=True)
class Placed:
    """Somebody in the room: the roles they hold, and how many tasks they have."""

    person: User
    roles: Sequence[str]
    tasks: int
    is_direct: bool
    is_loose: bool


@dataclass(frozen=True, slots=True)
class People:
    """How an incident is led: who takes part as what, and what is out of proportion."""

    rows: Sequence[Placed]
    commander: User | None
    direct: int
    most: int
    ideal: int
    loose: int
    most_loose: int
    required_from: datetime | None
    is_required: bool
    suggested: Sequence[Commander]
    schedule: Target | None
    also: Sequence[Incident]

    @property
    def too_many(self) -> bool:
        """Whether more people report to the commander than one person can hear (R082)."""
        return self.direct > self.most

    @property
    def too_loose(self) -> bool:
        """Whether more people are here than anybody has asked for anything (R090)."""
        return self.loose > self.most_loose


def people(user: User, incident: Incident) -> People:
    """Give how an incident is led right now."""
    held = list(
        RoleAssignment.objects.filter(incident=incident, ended_at=None)
        .select_related("role", "user")
        .order_by("role__position", "pk")
    )
    taking_part = {
        row.user_id: row.user
        for row in Participant.objects.filter(incident=incident, user__is_active=True)
        .select_related("user")
        .order_by("joined_at", "pk")
    }
    known = {**{row.user_id: row.user for row in held}, **taking_part}
    busy = _tasks(incident)
    found = rules.structure(
        [rules.Held(row.user_id, row.role.slug, row.role.reports_to, row.role.is_commander) for row in held],
        busy=busy,
        taking_part=taking_part,
    )
    commander = known.get(found.commander) if found.commander else None
    from_ = _required_from(incident) if commander is None and incident.is_active else None
    return People(
        rows=_placed(known, held, busy, found),
        commander=commander,
        direct=len(found.direct),
        most=settings.COMMAND_SPAN,
        ideal=settings.COMMAND_SPAN_IDEAL,
        loose=len(found.loose),
        most_loose=settings.UNCOORDINATED_RESPONDERS,
        required_from=from_,
        is_required=from_ is not None and from_ <= now(),
        suggested=suggested(user, but=incident.pk) if commander is None and incident.is_active else (),
        schedule=on_call_commander(user) if commander is None and incident.is_active else None,
        also=_also(user, incident, commander) if commander and incident.is_active else (),
    )


def _also(user: User, incident: Incident, commander: User) -> Sequence[Incident]:
    """Which other incidents whoever commands this one commands, of those that this person may know of (R024)."""
    if incident.drill or incident.severity.two_incidents == Separation.FREE:
        return ()
    known = (
        Incident.objects.visible_to(user)
        .active()
        .filter(drill=False, roles__user=commander, roles__role__is_commander=True, roles__ended_at=None)
    )
    return list(known.exclude(pk=incident.pk).order_by("number"))


def _placed(
    known: dict[int, User], held: Sequence[RoleAssignment], busy: dict[int, int], found: Structure
) -> list[Placed]:
    rows = []
    for pk, person in known.items():
        roles = [row.role.name for row in held if row.user_id == pk]
        rows.append(Placed(person, roles, busy.get(pk, 0), pk in found.direct, pk in found.loose))
    return rows


def _tasks(incident: Incident) -> dict[int, int]:
    """How many open tasks each has."""
    found: dict[int, int] = {}
    open_ = Task.objects.open().filter(incident=incident, assignee__isnull=False)
    for pk in open_.values_list("assignee", flat=True):
        found[pk] = found.get(pk, 0) + 1
    return found


def _required_from(incident: Incident) -> datetime | None:
    """From when on somebody has to command an incident that nobody commands, by its severity (R084, R085)."""
    rule = nudges.rules_of(incident.severity.rank).get(Kind.NO_COMMANDER)
    if rule is None:
        return None
    ended = RoleAssignment.objects.filter(incident=incident, role__is_commander=True).aggregate(
        last=Max("ended_at")
    )["last"]
    since: datetime = ended or incident.declared_at
    return since + rule.after
