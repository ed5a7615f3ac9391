from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Max, Q

from core.accounts.models import User
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import EntryKind, Incident, Participant, RoleAssignment, TimelineEntry
from incidents.lifecycle.rules import ACTIVE
from incidents.nudges.models import Nudge, NudgeRule
from incidents.nudges.rules import Facts, Kind, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from incidents.nudges.models import NudgeQuerySet

COMMUNICATIONS = "communications"
FORGOTTEN = (Kind.STABLE, Kind.FORGOTTEN)
PROGRESS = (
    EntryKind.STATUS,
    EntryKind.SEVERITY,
    EntryKind.DECISION,
    EntryKind.ACTION,
    EntryKind.HYPOTHESIS,
    EntryKind.TASK,
    EntryKind.PAGE,
)


def facts(incident: Incident) -> Facts:
    """Give what nudges go by, in three queries."""
    roles = list(
        RoleAssignment.objects.filter(incident=incident).values_list(
            "user", "role__slug", "role__is_commander", "started_at", "ended_at"
        )
    )
    commander = next((user for user, _, commands, _, end in roles if commands and end is None), None)
    entries = TimelineEntry.objects.filter(incident=incident).aggregate(
        progress=Max("at", filter=Q(kind__in=PROGRESS)),
        sign=Max("at", filter=Q(actor__isnull=False)),
        spoke=Max("at", filter=Q(actor=commander)) if commander else Max("at", filter=Q(pk=None)),
    )
    return Facts(
        declared_at=incident.declared_at,
        is_over=not incident.is_active,
        mitigated_at=incident.mitigated_at,
        uncommanded_since=_missing(incident, [row for row in roles if row[2]]),
        no_word_since=_missing(incident, [row for row in roles if row[1] == COMMUNICATIONS])
        if COMMUNICATIONS in incident.severity.required_roles
        else None,
        commander_spoke_at=max(
            (at for at in (entries["spoke"], _began(roles, commander)) if at is not None), default=None
        )
        if commander
        else None,
        progress_at=entries["progress"],
        working=_working(incident),
        stable_since=lifecycle.stable_since(incident),
        sign_at=entries["sign"],
    )


Row = tuple[int, str, bool, "datetime", "datetime | None"]


def _missing(incident: Incident, held: Iterable[Row]) -> datetime | None:
    """Since when nobody holds a role; None while somebody does."""
    ends = [end for *_, end in held]
    if None in ends:
        return None
    return max((end for end in ends if end is not None), default=incident.declared_at)


def _began(roles: Iterable[Row], commander: int | None) -> datetime | None:
    return next(
        (start for user, _, commands, start, end in roles if commands and end is None and user == commander),
        None,
    )


def _working(incident: Incident) -> Mapping[int, datetime]:
    """Since when each participant has had no break."""
    rest: dict[int, datetime] = {}
    breaks = TimelineEntry.objects.filter(incident=incident, kind=EntryKind.ROLE, data__has_key="break")
    for data, at in breaks.values_list("data", "at"):
        rest[data["break"]] = max(at, rest.get(data["break"], at))
    joined = Participant.objects.filter(incident=incident, user__is_active=True)
    return {user: max(at, rest.get(user, at)) for user, at in joined.values_list("user", "joined_at")}


def rules_of(rank: int) -> dict[Kind, Rule]:
    """Give what is configured for a severity's rank; one for a rank stands in for the one of every rank."""
    found: dict[Kind, NudgeRule] = {}
    for row in NudgeRule.objects.filter(Q(rank=None) | Q(rank=rank)).order_by("kind", "rank"):
        if Kind(row.kind) not in found or row.rank is not None:
            found[Kind(row.kind)] = row
    return {
        kind: Rule(
            timedelta(seconds=row.after_seconds),
            timedelta(seconds=row.every_seconds) if row.every_seconds else None,
        )
        for kind, row in found.items()
        if row.is_active
    }


def span(incident: Incident, kind: Kind, rule: Rule) -> Rule:
    """Give a rule as it counts for an incident: stable means what its severity says, where it says so."""
    seconds = incident.severity.stable_seconds
    return replace(rule, after=timedelta(seconds=seconds)) if kind is Kind.STABLE and seconds else rule


def forgotten() -> Q:
    """Say which incidents may be over, or have nobody who looks after them; drills are none."""
    open_ = Nudge.objects.open().filter(kind__in=FORGOTTEN)
    return Q(pk__in=open_.values("incident"), status__in=ACTIVE, drill=False)


def perhaps_forgotten(user: User) -> list[Nudge]:
    """Give what stands open in incidents that may be over, or that nobody looks after: one an incident, worst first."""
    found = Nudge.objects.visible_to(user).open().filter(kind__in=FORGOTTEN)
    rows = found.filter(incident__in=Incident.objects.filter(forgotten())).select_related(
        "incident__severity"
    )
    seen: dict[int, Nudge] = {}
    for row in rows.order_by("incident__severity__rank", "since", "pk"):
        seen.setdefault(row.incident_id, row)
    return list(seen.values())


def configured() -> QuerySet[NudgeRule]:
    """Give every rule."""
    return NudgeRule.objects.all()


def of(user: User, incident: Incident) -> NudgeQuerySet:
    """Give what a room was told, newest first."""
    return Nudge.objects.visible_to(user).filter(incident=incident).select_related("ended_by")


@dataclass(frozen=True, slots=True)
class Shown:
    """A nudge as the room shows it, with the people it is about."""

    nudge: Nudge
    people: Sequence[User]


def shown(user: User, incident: Incident) -> list[Shown]:
    """Give the nudges that wait for the people of a room; none once the incident is over."""
    if not incident.is_active:
        return []
    found = list(of(user, incident).open())
    ids = {pk for nudge in found for pk in nudge.about}
    people = User.objects.in_bulk(ids) if ids else {}
    return [Shown(nudge, [people[pk] for pk in nudge.about if pk in people]) for nudge in found]


def last_for_same_reason(incident: Incident, kind: Kind, reason_since: datetime) -> datetime | None:
    """Give when a nudge was last due for a reason that has lasted since then."""
    rows = Nudge.objects.filter(incident=incident, kind=kind, since=reason_since)
    last: datetime | None = rows.aggregate(last=Max("due_at"))["last"]
    return last


def listeners(incident: Incident, kind: Kind, about: Sequence[int]) -> list[User]:
    """Give who is told: who commands; of a silent commander their deputy and communications, else everybody else."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, user__is_active=True)
    rows = list(held.select_related("user", "role").order_by("role__position", "id"))
    commands = [row.user for row in rows if row.role.is_commander]
    others = [row.user for row in rows if row.user not in commands]
    if kind is Kind.SILENT:
        near = [row.user for row in rows if row.role.slug in {"deputy", COMMUNICATIONS}]
        found = [user for user in near if user not in commands] or others
    elif kind is Kind.NO_COMMANDER or not commands:
        found = others or _participants(incident)
    elif kind is Kind.NO_BREAK:
        found = [*commands, *User.objects.filter(pk__in=about, is_active=True).order_by("pk")]
    else:
        found = commands
    return list(dict.fromkeys(found))


def _participants(incident: Incident) -> list[User]:
    rows = Participant.objects.filter(incident=incident, user__is_active=True).select_related("user")
    return [row.user for row in rows.order_by("joined_at", "pk")]
