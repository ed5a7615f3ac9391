from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.db.models.functions import Coalesce
from django.http import Http404

from core.ui import times
from incidents.catalog.models import Change, Service
from incidents.lifecycle import rules
from incidents.lifecycle.models import (
    EntryKind,
    Incident,
    Participant,
    RoleAssignment,
    RoleDefinition,
    TimelineEntry,
)
from incidents.lifecycle.rules import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.severities.models import Severity

    Person = User | AnonymousUser

CHUNK = 50
LOOK_BACK = timedelta(hours=2)
ROUTINE = (EntryKind.ROLE, EntryKind.PAGE, EntryKind.ALERT, EntryKind.ACKNOWLEDGED, EntryKind.REMINDER)
KEY = (
    EntryKind.DECLARED,
    EntryKind.STATUS,
    EntryKind.SEVERITY,
    EntryKind.DECISION,
    EntryKind.HYPOTHESIS,
    EntryKind.PUBLIC_UPDATE,
    EntryKind.UPDATE,
)
FILTERS: dict[str, tuple[EntryKind, ...]] = {
    "all": (),
    "key": KEY,
    "decisions": (EntryKind.DECISION,),
    "public": (EntryKind.PUBLIC_UPDATE,),
}


def get(user: Person, ref: str | int) -> Incident:
    """Give the incident that INC-12 or 12 names; absent and invisible are the same 404."""
    number = rules.parse_ref(str(ref))
    found = seen(user).filter(number=number).first() if number else None
    if found is None:
        raise Http404("There is no such incident.")
    return found


def seen(user: Person) -> QuerySet[Incident]:
    """Give the incidents a person may know of, with severity and declarer at hand."""
    return Incident.objects.visible_to(user).select_related("severity", "declared_by")


def with_people(found: QuerySet[Incident]) -> QuerySet[Incident]:
    """Fetch services and the roles held now along."""
    held = (
        RoleAssignment.objects.filter(ended_at=None)
        .select_related("role", "user")
        .order_by("role__position", "id")
    )
    return found.prefetch_related(
        Prefetch("roles", queryset=held, to_attr="held"), Prefetch("services", to_attr="affected")
    )


@dataclass(frozen=True, slots=True)
class Strip:
    """One active incident as the board shows it."""

    incident: Incident
    services: Sequence[Service]
    held: Sequence[RoleAssignment]
    commander: User | None
    last: TimelineEntry | None
    public_since: datetime | None
    overdue: bool
    update_every: int | None

    @property
    def people(self) -> list[User]:
        """Whoever holds a role, once each."""
        return list(dict.fromkeys(row.user for row in self.held))

    @property
    def steps(self) -> list[tuple[str, bool]]:
        """The four stages before the end: name, and whether the incident has been there."""
        return steps(self.incident)


@dataclass(frozen=True, slots=True)
class Board:
    """What the incidents page shows, and the numbers on its tabs."""

    which: str
    strips: Sequence[Strip]
    ended: Sequence[Incident]
    older: bool
    active: int
    mine: int
    drills: int
    overdue: int


def board(user: Person, *, at: datetime, which: str = "active", search: str = "", page: int = 1) -> Board:
    """Give the incidents page at an instant: `active`, `mine`, `resolved` or `drills`.

    Strips come worst first, then the most overdue, then the oldest. `page` turns the pages of `resolved`.
    """
    found = _searched(seen(user), search)
    real = found.filter(drill=False)
    mine = Q(pk__in=Participant.objects.filter(user_id=user.pk).values("incident_id"))
    shown = {"mine": real.filter(mine), "drills": found.filter(drill=True)}.get(which, real)
    strips = [] if which == "resolved" else _strips(shown.active(), at)
    counts = found.active().aggregate(
        active=Count("pk", filter=Q(drill=False)),
        mine=Count("pk", filter=mine & Q(drill=False)),
        drills=Count("pk", filter=Q(drill=True)),
    )
    ended = _ended(shown, at, everything=which == "resolved", page=page)
    return Board(
        which=which,
        strips=strips,
        ended=ended[:CHUNK],
        older=len(ended) > CHUNK,
        overdue=sum(strip.overdue for strip in strips),
        **counts,
    )


def _searched(found: QuerySet[Incident], search: str) -> QuerySet[Incident]:
    number = rules.parse_ref(search)
    if number is not None:
        return found.filter(number=number)
    for word in search.split()[:5]:
        services = Service.objects.filter(name__icontains=word)
        found = found.filter(Q(title__icontains=word) | Exists(services.filter(incidents=OuterRef("pk"))))
    return found


def _strips(found: QuerySet[Incident], at: datetime) -> list[Strip]:
    rows = list(with_people(found))
    last = _last_entries(rows)
    public = _public_since(rows)
    strips = [_strip(row, last.get(row.pk), public.get(row.pk), at) for row in rows]
    return sorted(strips, key=lambda strip: _order(strip, at))


def _order(strip: Strip, at: datetime) -> tuple[int, float, datetime]:
    due = strip.incident.next_update_due_at
    late = max(0.0, (at - due).total_seconds()) if due else 0.0
    return strip.incident.severity.rank, -late, strip.incident.declared_at


def _strip(row: Any, last: TimelineEntry | None, public_since: datetime | None, at: datetime) -> Strip:
    commander = next((held.user for held in row.held if held.role.is_commander), None)
    due = row.next_update_due_at
    return Strip(
        incident=row,
        services=row.affected,
        held=row.held,
        commander=commander,
        last=last,
        public_since=public_since,
        overdue=due is not None and due < at,
        update_every=row.update_every_seconds or row.severity.update_every_seconds,
    )


def _last_entries(rows: Iterable[Incident]) -> dict[int, TimelineEntry]:
    entries = (
        TimelineEntry.objects.filter(incident__in=[row.pk for row in rows])
        .exclude(kind__in=ROUTINE)
        .order_by("incident_id", "-at", "-id")
        .distinct("incident_id")
    )
    return {entry.incident_id: entry for entry in entries}


def _public_since(rows: Iterable[Incident]) -> dict[int, datetime]:
    entries = TimelineEntry.objects.filter(
        incident__in=[row.pk for row in rows], kind=EntryKind.PUBLIC_UPDATE
    )
    first = entries.order_by("incident_id", "at").distinct("incident_id")
    return dict(first.values_list("incident_id", "at"))


def _ended(found: QuerySet[Incident], at: datetime, *, everything: bool, page: int) -> list[Incident]:
    ended = found.filter(status__in=rules.ENDED).annotate(over_at=Coalesce("resolved_at", "closed_at"))
    if not everything:
        ended = ended.filter(over_at__gte=at - timedelta(days=7))
    begin = CHUNK * (max(1, min(page, 1000)) - 1)
    return list(ended.prefetch_related("services").order_by("-over_at", "-number")[begin : begin + CHUNK + 1])


def steps(incident: Incident) -> list[tuple[str, bool]]:
    """Name the stages and say which lie behind; the present one is the last of those that are true."""
    return [
        (stage.value, rules.ORDER[stage] <= rules.ORDER[Status(incident.status)]) for stage in rules.STAGES
    ]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role in the room: who holds it, and whether the severity asks for it."""

    role: RoleDefinition
    held: Sequence[RoleAssignment]
    required: bool

    @property
    def missing(self) -> bool:
        """Whether it is asked for and nobody holds it."""
        return self.required and not self.held


@dataclass(frozen=True, slots=True)
class Picture:
    """Who last wrote a part of the picture, when, and how many earlier ones it replaced."""

    entry: TimelineEntry
    earlier: int


@dataclass(frozen=True, slots=True)
class Room:
    """What the incident room shows beside its timeline."""

    incident: Incident
    services: Sequence[Service]
    roles: Sequence[RoleRow]
    commander: User | None
    people: Sequence[User]
    picture: dict[str, Picture]
    update_every: int | None
    one_person_twice: bool

    @property
    def missing(self) -> list[RoleDefinition]:
        """The roles that are asked for and that nobody holds."""
        return [row.role for row in self.roles if row.missing]


def room(user: Person, number: str | int) -> Room:
    """Give the room of an incident; absent and invisible are the same 404."""
    incident = get(user, number)
    held = list(
        RoleAssignment.objects.filter(incident=incident, ended_at=None)
        .select_related("role", "user")
        .order_by("role__position", "id")
    )
    required = incident.severity.required_roles
    definitions = list(RoleDefinition.objects.all())
    rows = [
        RoleRow(role, [row for row in held if row.role_id == role.pk], role.slug in required)
        for role in definitions
    ]
    by_role: dict[str, list[int]] = {}
    for row in held:
        by_role.setdefault("commander" if row.role.is_commander else row.role.slug, []).append(row.user_id)
    return Room(
        incident=incident,
        services=list(incident.services.order_by("name")),
        roles=[row for row in rows if row.held or row.required],
        commander=next((row.user for row in held if row.role.is_commander), None),
        people=participants(incident),
        picture=_picture(incident),
        update_every=incident.update_every_seconds or incident.severity.update_every_seconds,
        one_person_twice=rules.same_person_twice(by_role, rank=incident.severity.rank),
    )


def participants(incident: Incident) -> list[User]:
    """Give who takes part, in the order they joined."""
    rows = Participant.objects.filter(incident=incident).select_related("user").order_by("joined_at", "id")
    return [row.user for row in rows]


def _picture(incident: Incident) -> dict[str, Picture]:
    entries = (
        TimelineEntry.objects.filter(incident=incident, kind__in=(EntryKind.PICTURE, EntryKind.HYPOTHESIS))
        .select_related("actor")
        .order_by("at", "id")
    )
    found: dict[str, list[TimelineEntry]] = {}
    for entry in entries:
        found.setdefault(entry.data.get("field", "hypothesis"), []).append(entry)
    return {
        name: Picture(rows[-1], sum(bool(row.data.get("old")) for row in rows))
        for name, rows in found.items()
    }


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the timeline, newest first, and where the next older one begins."""

    entries: Sequence[TimelineEntry]
    more: str
    which: str
    new_since: int


def timeline(
    user: Person, incident: Incident, *, which: str = "all", after: str = "", size: int = CHUNK
) -> Chunk:
    """Give a stretch of the timeline: all of it, or `key`, `decisions` or `public` entries; `after` is a cursor."""
    found = TimelineEntry.objects.visible_to(user).filter(incident=incident).select_related("actor")
    kinds = FILTERS.get(which, ())
    if kinds:
        found = found.filter(kind__in=kinds)
    found = _older_than(found, after).newest_first()
    rows = list(found[: size + 1])
    more = f"{rows[size - 1].pk}" if len(rows) > size else ""
    return Chunk(rows[:size], more, which if which in FILTERS else "all", rows[0].pk if rows else 0)


def _older_than(found: QuerySet[TimelineEntry], after: str) -> QuerySet[TimelineEntry]:
    edge = (
        found.filter(pk=int(after)).first()
        if after.isascii() and after.isdigit() and len(after) < 18
        else None
    )
    if edge is None:
        return found
    return found.filter(Q(at__lt=edge.at) | Q(at=edge.at, pk__lt=edge.pk))


def changes_before(incident: Incident) -> QuerySet[Change]:
    """Give what was changed on the affected services in the hours before it began, closest first (R021)."""
    begun = incident.started_at or incident.detected_at or incident.declared_at
    return (
        Change.objects.filter(service__in=incident.services.all(), at__lte=begun, at__gt=begun - LOOK_BACK)
        .select_related("service")
        .order_by("-at")
    )


def already_open(user: Person, *, services: Iterable[int]) -> QuerySet[Incident]:
    """Give the open incidents of these services, or of any where none is named: perhaps it is one of them."""
    wanted = list(services)
    found = seen(user).active().filter(drill=False)
    if wanted:
        found = found.filter(
            pk__in=Incident.services.through.objects.filter(service__in=wanted).values("incident_id")
        )
    return found.order_by("severity__rank", "-declared_at")


def briefing(incident: Incident) -> str:
    """Write what the next commander needs to know, from what is written down already."""
    decisions = TimelineEntry.objects.filter(incident=incident, kind=EntryKind.DECISION).newest_first()[:3]
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, role__is_commander=False)
    due = incident.next_update_due_at
    return rules.briefing(
        rules.Facts(
            title=incident.title,
            severity=str(incident.severity),
            stage=incident.status,
            impact=incident.impact,
            hypothesis=incident.hypothesis,
            next_decision=incident.next_decision,
            decisions=[entry.text for entry in decisions],
            roles=[
                (row.role.name, str(row.user))
                for row in held.select_related("role", "user").order_by("role__position", "id")
            ],
            next_update=times.full(due) if due else "",
        )
    )


def count_active(user: Person) -> int:
    """Give how many real incidents are open that a person may know of."""
    return Incident.objects.visible_to(user).active().filter(drill=False).count()


def worst_open(user: Person, service_ids: Sequence[int]) -> dict[int, Severity]:
    """Give the worst severity of the open, real incidents of each service, as far as this person may know."""
    rows = (
        Incident.services.through.objects.filter(
            service_id__in=service_ids,
            incident__in=Incident.objects.visible_to(user).active().filter(drill=False),
        )
        .select_related("incident__severity")
        .order_by("service_id", "-incident__severity__rank")
    )
    return {row.service_id: row.incident.severity for row in rows}
