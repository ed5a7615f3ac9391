from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, Subquery
from django.http import Http404
from django.urls import reverse

from core.ui import times
from incidents.catalog import rules as catalog
from incidents.catalog.models import Service
from incidents.catalog.registry import OpenIncident, Situation
from incidents.changes import queries as changes
from incidents.lifecycle import registry, rules
from incidents.lifecycle.models import (
    OVER_AT,
    EntryKind,
    Incident,
    Participant,
    RoleAssignment,
    RoleDefinition,
    TimelineEntry,
)
from incidents.lifecycle.rules import Status
from incidents.severities.models import Anchor, Separation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.changes.queries import Before
    from incidents.lifecycle.models import IncidentQuerySet

    Person = User | AnonymousUser

CHUNK = 50
MOST = 2000
ROUTINE = (
    EntryKind.ROLE,
    EntryKind.PAGE,
    EntryKind.ALERT,
    EntryKind.ACKNOWLEDGED,
    EntryKind.REMINDER,
    EntryKind.TIE,
)
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


def get(user: Person, ref: str | int, *, among: IncidentQuerySet | None = None) -> Incident:
    """Give the incident that INC-12 or 12 names; absent and invisible are the same 404."""
    number = rules.parse_ref(str(ref))
    known = seen(user) if among is None else among
    found = known.filter(number=number).first() if number else None
    if found is None:
        raise Http404("There is no such incident.")
    registry.looked_at(user, found)
    return found


def seen(user: Person) -> IncidentQuerySet:
    """Give the incidents a person may know of, with severity and declarer at hand."""
    return Incident.objects.visible_to(user).select_related(
        "severity", "declared_by", "accepted_risk__decided_by"
    )


def with_people(found: IncidentQuerySet) -> IncidentQuerySet:
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
class Step:
    """A stage on the way to the end."""

    name: str
    is_done: bool
    is_now: bool


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
    def steps(self) -> list[Step]:
        """The stages before the end."""
        return steps(self.incident)[:-1]


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


def board(
    user: Person,
    *,
    at: datetime,
    which: str = "active",
    search: str = "",
    page: int = 1,
    among: IncidentQuerySet | None = None,
) -> Board:
    """Give the incidents page at an instant: `active`, `mine`, `resolved` or `drills`.

    Strips come worst first, then the most overdue, then the oldest. `page` turns the pages of `resolved`. `among`
    are the incidents that a person may know of and that they sieved.
    """
    found = _searched(seen(user) if among is None else among, search)
    real = found.filter(drill=False)
    own = Participant.objects.filter(user=user.pk or 0, incident=OuterRef("pk"))
    shown = {"mine": real.filter(Exists(own)), "drills": found.filter(drill=True)}.get(which, real)
    active: list[Any] = list(_active(found.annotate(is_mine=Exists(own))))
    on_tab = {
        "active": [row for row in active if not row.drill],
        "mine": [row for row in active if row.is_mine and not row.drill],
        "drills": [row for row in active if row.drill],
    }
    strips = _strips(on_tab.get(which, []), at)
    ended = _ended(shown, at, everything=which == "resolved", page=page)
    return Board(
        which=which,
        strips=strips,
        ended=ended[:CHUNK],
        older=len(ended) > CHUNK,
        overdue=sum(strip.overdue for strip in strips),
        active=len(on_tab["active"]),
        mine=len(on_tab["mine"]),
        drills=len(on_tab["drills"]),
    )


def _searched(found: IncidentQuerySet, search: str) -> IncidentQuerySet:
    number = rules.parse_ref(search)
    if number is not None:
        return found.filter(number=number)
    for word in search.split()[:5]:
        services = Service.objects.filter(name__icontains=word)
        found = found.filter(Q(title__icontains=word) | Exists(services.filter(incidents=OuterRef("pk"))))
    return found


def _active(found: IncidentQuerySet) -> IncidentQuerySet:
    """Those that are open, with what a strip says of each."""
    public = TimelineEntry.objects.filter(incident=OuterRef("pk"), kind=EntryKind.PUBLIC_UPDATE)
    public_since = Subquery(public.order_by("at").values("at")[:1])
    return with_people(found.active()).annotate(public_since=public_since)


def _strips(rows: Sequence[Incident], at: datetime) -> list[Strip]:
    last = _last_entries(rows)
    strips = [_strip(row, last.get(row.pk), at) for row in rows]
    return sorted(strips, key=lambda strip: _order(strip, at))


def _order(strip: Strip, at: datetime) -> tuple[int, float, datetime]:
    due = strip.incident.next_update_due_at
    late = max(0.0, (at - due).total_seconds()) if due else 0.0
    return strip.incident.severity.rank, -late, strip.incident.declared_at


def _strip(row: Any, last: TimelineEntry | None, at: datetime) -> Strip:
    commander = next((held.user for held in row.held if held.role.is_commander), None)
    due = row.next_update_due_at
    return Strip(
        incident=row,
        services=row.affected,
        held=row.held,
        commander=commander,
        last=last,
        public_since=row.public_since,
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


def _ended(found: QuerySet[Incident], at: datetime, *, everything: bool, page: int) -> list[Incident]:
    ended = found.filter(status__in=rules.ENDED).annotate(over_at=OVER_AT)
    if not everything:
        ended = ended.filter(over_at__gte=at - timedelta(days=7))
    begin = CHUNK * (max(1, min(page, 1000)) - 1)
    return list(ended.prefetch_related("services").order_by("-over_at", "-number")[begin : begin + CHUNK + 1])


def steps(incident: Incident) -> list[Step]:
    """Give the stages with where the incident stands; one in triage has not begun."""
    here = rules.ORDER[Status(incident.status)]
    return [
        Step(
            name=stage.value.capitalize(),
            is_done=rules.ORDER[stage] < here
            or (stage is Status.RESOLVED and incident.resolved_at is not None),
            is_now=rules.ORDER[stage] == here and stage is not Status.RESOLVED,
        )
        for stage in rules.STAGES
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
    def times(self) -> list[tuple[str, datetime | None]]:
        """Its times by name; those that have not come are None."""
        return [(label, getattr(self.incident, name)) for name, label in rules.NAMES.items()]

    @property
    def missing(self) -> list[RoleDefinition]:
        """The roles that are asked for and that nobody holds."""
        return [row.role for row in self.roles if row.missing]


def room(user: Person, number: str | int, *, among: IncidentQuerySet | None = None) -> Room:
    """Give the room of an incident; absent and invisible are the same 404.

    `among` are the incidents a person may know of, with whatever the caller has fetched along.
    """
    incident = get(user, number, among=among)
    held = list(
        RoleAssignment.objects.filter(incident=incident, ended_at=None)
        .select_related("role", "user")
        .order_by("role__position", "id")
    )
    required = incident.severity.required_roles
    roles = {row.role for row in held}
    if missing := set(required) - {role.slug for role in roles}:
        roles |= set(RoleDefinition.objects.filter(slug__in=missing))
    rows = [
        RoleRow(role, [row for row in held if row.role_id == role.pk], role.slug in required)
        for role in sorted(roles, key=lambda role: (role.position, role.pk))
    ]
    by_role: dict[str, list[int]] = {}
    for row in held:
        by_role.setdefault("commander" if row.role.is_commander else row.role.slug, []).append(row.user_id)
    return Room(
        incident=incident,
        services=list(incident.services.order_by("name")),
        roles=rows,
        commander=next((row.user for row in held if row.role.is_commander), None),
        people=participants(incident),
        picture=_picture(incident),
        update_every=incident.update_every_seconds or incident.severity.update_every_seconds,
        one_person_twice=incident.severity.separation != Separation.FREE and rules.same_person_twice(by_role),
    )


def forbidding(incident: Incident, user: User) -> Incident | None:
    """Give the incident that somebody commands and that keeps them from commanding this one; None where nothing does.

    A drill keeps nobody from anything. Nor does a private incident: that there is one would be said to whoever is
    refused.
    """
    if incident.drill:
        return None
    commanded = Incident.objects.active().filter(
        roles__user=user, roles__role__is_commander=True, roles__ended_at=None, drill=False, private=False
    )
    others = commanded.exclude(pk=incident.pk).select_related("severity").order_by("severity__rank", "number")
    return next((row for row in others if forbids(row) or forbids(incident)), None)


def forbids(incident: Incident) -> bool:
    """Say whether whoever commands it commands nothing else."""
    return incident.severity.two_incidents == Separation.BLOCKED


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
    """A stretch of the timeline, newest first, where it ends, and where the next older one begins."""

    entries: Sequence[TimelineEntry]
    more: str
    which: str
    down_to: str


def entries(user: Person, incident: Incident, *, kind: str = "", tag: str = "") -> QuerySet[TimelineEntry]:
    """Give what is on the timeline, newest first: all of it, or what is of a kind and has a tag."""
    found = TimelineEntry.objects.visible_to(user).filter(incident=incident)
    if kind:
        found = found.filter(kind=kind)
    if tag:
        found = found.filter(data__tag=tag)
    return found.select_related("actor").newest_first()


def timeline(
    user: Person, incident: Incident, *, which: str = "all", after: str = "", down_to: str = ""
) -> Chunk:
    """Give a stretch of the timeline: all of it, the `key`, `decisions` or `public` entries, or those of a tag.

    It begins after the entry `after`, or reaches down to the entry `down_to`; without either it is the newest.
    """
    found = entries(user, incident)
    kinds = FILTERS.get(which, ())
    if kinds:
        found = found.filter(kind__in=kinds)
    elif which in rules.PHASES:
        found = found.filter(data__tag=which)
    bottom = _entry(found, down_to)
    if bottom is not None:
        size, found = MOST, found.exclude(_before(bottom))
    else:
        top = _entry(found, after)
        size, found = CHUNK, found if top is None else found.filter(_before(top))
    rows = list(found[: size + 1])
    shown = rows[:size]
    last = str(shown[-1].pk) if shown else ""
    more = last if len(rows) > size else ""
    known = which in FILTERS or which in rules.PHASES
    return Chunk(shown, more, which if known else "all", last)


def _entry(found: QuerySet[TimelineEntry], mark: str) -> TimelineEntry | None:
    return (
        found.filter(pk=int(mark)).first() if mark.isascii() and mark.isdigit() and len(mark) < 18 else None
    )


def _before(entry: TimelineEntry) -> Q:
    """Whatever comes below an entry where the newest stands at the top."""
    return Q(at__lt=entry.at) | Q(at=entry.at, pk__lt=entry.pk)


def begun_at(incident: Incident) -> datetime:
    """Give since when customers are affected, as far as that is known."""
    return incident.started_at or incident.detected_at or incident.declared_at


def changes_before(incident: Incident) -> list[Before]:
    """Give what was changed on the affected services in the hours before it began, closest first (R021)."""
    return changes.before(incident.services.values("pk"), begun=begun_at(incident))


def already_open(user: Person, *, services: Iterable[int]) -> IncidentQuerySet:
    """Give the open incidents of these services, or of any where none is named: perhaps it is one of them."""
    wanted = list(services)
    found = seen(user).active().filter(drill=False)
    if wanted:
        found = found.filter(services__in=wanted).distinct()
    return found.order_by("severity__rank", "-declared_at", "-pk")


def briefing(incident: Incident, *, tasks: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Say what the next commander needs to know, from what is written down already and the open `tasks`."""
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
            tasks=tasks,
            roles=[
                (row.role.name, str(row.user))
                for row in held.select_related("role", "user").order_by("role__position", "id")
            ],
            next_update=times.full(due) if due else "",
        )
    )


def active(user: Person) -> IncidentQuerySet:
    """Give the real incidents that are open and that a person may know of."""
    return Incident.objects.visible_to(user).active().filter(drill=False)


def situations(user: Person, service_ids: Sequence[int]) -> dict[int, Situation]:
    """Give how services are doing, by the open incidents that this person may know of."""
    rows = (
        Incident.objects.visible_to(user)
        .active()
        .filter(drill=False, services__in=service_ids)
        .annotate(on_service=F("services"))
        .select_related("severity")
        .order_by("severity__rank", "declared_at", "pk")
    )
    found: dict[int, list[Incident]] = {}
    for row in rows:
        found.setdefault(row.on_service, []).append(row)  # type: ignore[attr-defined]
    return {
        pk: Situation(catalog.state(open_[0].severity.rank), [_open(row) for row in open_])
        for pk, open_ in found.items()
    }


def _open(incident: Incident) -> OpenIncident:
    return OpenIncident(
        ref=str(incident),
        title=incident.title,
        url=reverse("incidents:room", args=[incident.number]),
        severity=incident.severity,
        declared_at=incident.declared_at,
        status=incident.status,
    )


def stable_since(incident: Incident) -> datetime | None:
    """Give since when an incident counts as stable, by what its severity goes by; None while it does not."""
    if incident.severity.stable_since == Anchor.MITIGATED:
        return incident.mitigated_at
    if incident.status != Status.MONITORING:
        return None
    entered = TimelineEntry.objects.filter(
        incident=incident, kind=EntryKind.STATUS, data__new=Status.MONITORING.value
    )
    return entered.order_by("-pk").values_list("at", flat=True).first()
