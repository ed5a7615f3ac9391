from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import Http404
from django.urls import reverse

from core.accounts import queries as people
from core.accounts.policy import Verb, can
from core.clock import now
from incidents.board.registry import Mark
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle import rules as stages
from incidents.lifecycle.models import (
    EntryKind,
    Incident,
    Outcome,
    RoleAssignment,
    RoleDefinition,
    TimelineEntry,
)
from incidents.severities import queries as severities
from incidents.ties import registry
from incidents.ties.models import Tie
from incidents.ties.rules import Kind, words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import IncidentQuerySet
    from incidents.ties.models import TieQuerySet

    Person = User | AnonymousUser

MOST = 100
COPIED = (
    EntryKind.NOTE, EntryKind.DECISION, EntryKind.ACTION, EntryKind.HYPOTHESIS, EntryKind.CHANGE,
)  # fmt: skip
"""The entries that a new incident can begin with: what people wrote, and what was changed."""
ABOUT_ALERTS = ("alert", "alert_id", "alert_acknowledged", "alert_resolved")
"""By these an entry names the alert that it is about."""
JOINED = (Kind.SPLIT, Kind.PART, Kind.MERGED)
"""By these something of one incident may lie in another."""


def of(user: Person, incident: Incident) -> TieQuerySet:
    """Give how an incident hangs together with those that a person may know of."""
    found = Tie.objects.visible_to(user).standing().between(incident)
    return found.select_related("incident__severity", "other__severity", "made_by").order_by("made_at", "pk")


def one(user: Person, incident: Incident, pk: int) -> Tie:
    """Give one; 404 where there is none, or where one of the two is hidden."""
    row = of(user, incident).filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such tie.")
    return row


@dataclass(frozen=True, slots=True)
class Line:
    """A tie as one of its two incidents shows it."""

    tie: Tie
    words: str
    other: Incident


def line(tie: Tie, incident_id: int) -> Line:
    """Write a tie as one of its incidents sees it."""
    back = tie.other_id == incident_id
    return Line(tie, words(tie.kind, back=back), tie.incident if back else tie.other)


def named(user: Person, tie_ids: Collection[int], *, incident: Incident) -> dict[int, Line]:
    """Give the ties that entries of a timeline speak of, over ones included, as far as a person may know of both."""
    if not tie_ids:
        return {}
    rows = Tie.objects.visible_to(user).filter(pk__in=tie_ids).between(incident)
    return {row.pk: line(row, incident.pk) for row in rows.select_related("incident", "other")}


@dataclass(frozen=True, slots=True)
class Part:
    """An incident that is part of another: who commands it, when its next word is due, which roles nobody holds."""

    tie: Tie
    incident: Incident
    commander: User | None
    missing: Sequence[RoleDefinition]
    overdue: bool

    @property
    def update_every(self) -> int | None:
        """The rhythm of its updates in seconds."""
        return self.incident.update_every_seconds or self.incident.severity.update_every_seconds


def parts(user: Person, incident: Incident) -> list[Part]:
    """Give the parts of an incident that a person may know of: open ones first, the worst before, then the oldest."""
    rows = list(of(user, incident).filter(kind=Kind.PART, other=incident)[:MOST])
    return _parts(rows, at=now())


def _parts(rows: Sequence[Tie], *, at: datetime) -> list[Part]:
    if not rows:
        return []
    held = RoleAssignment.objects.filter(incident__in=[row.incident_id for row in rows], ended_at=None)
    by: dict[int, list[RoleAssignment]] = {}
    for each in held.select_related("role", "user").order_by("role__position", "id"):
        by.setdefault(each.incident_id, []).append(each)
    roles = list(RoleDefinition.objects.all())
    found = [_part(row, by.get(row.incident_id, []), roles, at) for row in rows]
    return sorted(found, key=_first)


def _first(part: Part) -> tuple[bool, int, datetime]:
    return not part.incident.is_active, part.incident.severity.rank, part.incident.declared_at


def _part(tie: Tie, held: Sequence[RoleAssignment], roles: Sequence[RoleDefinition], at: datetime) -> Part:
    incident = tie.incident
    slugs = [row.role.slug for row in held]
    wanted = stages.missing_roles(incident.severity.required_roles, slugs) if incident.is_active else []
    due = incident.next_update_due_at
    return Part(
        tie=tie,
        incident=incident,
        commander=next((row.user for row in held if row.role.is_commander), None),
        missing=[role for role in roles if role.slug in wanted],
        overdue=due is not None and due < at,
    )


@dataclass(frozen=True, slots=True)
class Panel:
    """How an incident hangs together with others: what it is part of and who commands that, its parts, the rest."""

    whole: Line | None = None
    overall: User | None = None
    parts: Sequence[Part] = ()
    others: Sequence[Line] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether it hangs together with nothing that one may know of."""
        return self.whole is None and not self.parts and not self.others

    @property
    def gaps(self) -> int:
        """How many open parts lack somebody."""
        return sum(bool(part.missing) for part in self.parts)


def panel(user: Person, incident: Incident) -> Panel:
    """Give it for the room."""
    rows = list(of(user, incident)[: 2 * MOST])
    lower = [row for row in rows if row.kind == Kind.PART and row.other_id == incident.pk]
    upper = next((row for row in rows if row.kind == Kind.PART and row.incident_id == incident.pk), None)
    return Panel(
        whole=line(upper, incident.pk) if upper else None,
        overall=_commander(upper.other_id) if upper else None,
        parts=_parts(lower, at=now()),
        others=[line(row, incident.pk) for row in rows if row.kind != Kind.PART],
    )


def _commander(incident_id: int) -> User | None:
    held = RoleAssignment.objects.filter(incident=incident_id, role__is_commander=True, ended_at=None)
    row = held.select_related("user").first()
    return row.user if row else None


def with_ties(found: IncidentQuerySet, user: Person) -> IncidentQuerySet:
    """Fetch along what an incident is part of and into which it was merged: `whole` and `survivor`, numbers or None."""

    def number(kind: Kind) -> Subquery:
        rows = Tie.objects.visible_to(user).standing().filter(incident=OuterRef("pk"), kind=kind)
        return Subquery(rows.values("other__number")[:1])

    return found.annotate(whole=number(Kind.PART), survivor=number(Kind.MERGED))


def marks(user: Person, incident_ids: Sequence[int]) -> Mapping[int, Sequence[Mark]]:
    """Give what the board says of how incidents hang together, by the id of each."""
    ids = set(incident_ids)
    rows = Tie.objects.visible_to(user).standing().filter(Q(incident__in=ids) | Q(other__in=ids))
    found: dict[int, list[Mark]] = {}
    parts: dict[int, int] = {}
    for row in rows.select_related("incident", "other").order_by("made_at", "pk"):
        if row.kind == Kind.PART:
            parts[row.other_id] = parts.get(row.other_id, 0) + 1
            if row.incident_id in ids:
                found.setdefault(row.incident_id, []).insert(0, _mark(row, row.incident_id))
            continue
        for pk in {row.incident_id, row.other_id} & ids:
            found.setdefault(pk, []).append(_mark(row, pk))
    for pk, number in parts.items():
        if pk in ids:
            found.setdefault(pk, []).insert(0, Mark(f"{number} part{'' if number == 1 else 's'}"))
    return found


def _mark(row: Tie, pk: int) -> Mark:
    about = line(row, pk)
    return Mark(about.words, str(about.other), reverse("incidents:room", args=[about.other.number]))


def find(user: User, ref: str) -> Incident | None:
    """Give the incident that somebody names by its number; None for one that is absent or hidden."""
    try:
        return lifecycle.get(user, ref)
    except Http404:
        return None


def choices(user: User, incident: Incident) -> QuerySet[Incident]:
    """Give the open incidents that may be meant, the latest first."""
    return lifecycle.seen(user).active().exclude(pk=incident.pk).order_by("-declared_at", "-pk")[:50]


def merged_into(incident: Incident) -> Tie | None:
    """Give how an incident was merged into another, while it is."""
    rows = Tie.objects.standing().filter(incident=incident, kind=Kind.MERGED)
    return rows.select_related("incident__severity", "other__severity").first()


def survivor(user: Person, incident: Incident) -> Incident | None:
    """Give in which incident one that was merged goes on, for who may know of it."""
    if incident.outcome != Outcome.DUPLICATE:
        return None
    rows = Tie.objects.visible_to(user).standing().filter(incident=incident, kind=Kind.MERGED)
    tie = rows.select_related("other").first()
    return tie.other if tie else None


def carried(incident: Incident) -> list[int]:
    """Give the alerts that went from an incident to the one into which it was merged."""
    tie = merged_into(incident)
    return list(tie.carried.get("alerts", [])) if tie else []


def survivors(incidents: IncidentQuerySet) -> set[int]:
    """Give the ids of the incidents into which these were merged, and of those into which these were, to the end."""
    rows = Tie.objects.standing().filter(kind=Kind.MERGED)
    found = here = set(rows.filter(incident__in=incidents).values_list("other", flat=True))
    for _ in range(MOST):
        here = set(rows.filter(incident__in=here).values_list("other", flat=True)) - found if here else set()
        if not here:
            break
        found = found | here
    return found


def open_parts(incident: Incident) -> int:
    """Count the open parts that everybody may know of. A private one is in no number that is written down."""
    rows = Tie.objects.standing().filter(kind=Kind.PART, other=incident, incident__status__in=stages.ACTIVE)
    return rows.filter(incident__private=False).count()


def asked(incident: Incident) -> str:
    """Ask what becomes of the open parts of an incident that is about to end; "" where it has none."""
    number = open_parts(incident)
    if number == 1:
        return "1 incident that is part of it is open"
    return f"{number} incidents that are part of it are open" if number else ""


def splittable(user: User, incident: Incident) -> dict[str, Any]:
    """Give what one chooses among when an incident is split."""
    able = [person for person in people.people() if can(person, Verb.RESPOND) and person != user]
    return {
        "levels": list(severities.levels()),
        "services": list(incident.services.order_by("name")),
        "alerts": registry.alerts(incident),
        "entries": copyable(user, incident),
        "people": able,
    }


def made_with(user: User, key: str) -> Incident | None:
    """Give the incident that somebody declared with a key already; None where there is none."""
    try:
        return lifecycle.seen(user).filter(declared_by=user, idempotency_key=UUID(key)).first()
    except ValueError:
        return None


def copyable(user: User, incident: Incident) -> list[TimelineEntry]:
    """Give the entries of a timeline that a new incident can begin with, the latest first."""
    return list(lifecycle.entries(user, incident).filter(kind__in=COPIED)[:MOST])


def kin(incident: Incident) -> set[int]:
    """Give the incidents that a split or a merge ever joined with this one, by themselves or through others."""
    found, fresh = {incident.pk}, {incident.pk}
    while fresh and len(found) < MOST:
        rows = Tie.objects.filter(kind__in=JOINED).filter(Q(incident__in=fresh) | Q(other__in=fresh))
        fresh = {pk for pair in rows.values_list("incident", "other") for pk in pair} - found
        found |= fresh
    return found - {incident.pk}


def copied(incident: Incident) -> QuerySet[TimelineEntry]:
    """Give the entries elsewhere that a split copied from here, or from which it copied: same moment, same writer."""
    here = TimelineEntry.objects.filter(incident=incident, at=OuterRef("at"), actor=OuterRef("actor"))
    return TimelineEntry.objects.filter(Exists(here), incident__in=kin(incident))


def moved_alerts(incident: Incident) -> set[int]:
    """Give the alerts that a split or a merge ever took from here, or brought here."""
    rows = Tie.objects.between(incident).filter(kind__in=JOINED).values_list("carried", flat=True)
    return {pk for carried in rows for pk in carried.get("alerts", ())}


def of_moved_alerts(incident: Incident) -> QuerySet[TimelineEntry]:
    """Give the entries about alerts that went over, in the incidents that they left or came to."""
    about, ids = Q(), list(moved_alerts(incident))
    for key in ABOUT_ALERTS:
        about |= Q(**{f"data__{key}__in": ids})
    return TimelineEntry.objects.filter(about, incident__in=kin(incident))
