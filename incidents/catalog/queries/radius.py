"""What may feel it when services fail, and what may be the cause, at any distance."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from incidents.catalog import registry, rules
from incidents.catalog.models import Service, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.accounts.models import User

MOST = 500
"""So many services are named in each direction; `is_cut` says when there are more."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A service at a distance, by way of which one, and how it is doing."""

    service: Service
    distance: int
    via: Service
    situation: registry.Situation

    @property
    def is_direct(self) -> bool:
        """Whether it is a neighbour."""
        return self.distance == 1


@dataclass(frozen=True, slots=True)
class Radius:
    """What needs these services, what they need, and which of them need one another, the nearest first."""

    of: Sequence[Service]
    needed_by: Sequence[Reached] = ()
    needs: Sequence[Reached] = ()
    circle: Sequence[Service] = ()
    lines: Collection[tuple[int, int]] = field(default_factory=set)
    is_cut: bool = False

    @property
    def circle_slugs(self) -> list[str]:
        """Give the addresses of those that need one another."""
        return [row.slug for row in self.circle]

    @property
    def business(self) -> list[Service]:
        """Give what customers would notice: business services among these and among what needs them."""
        every = [*self.of, *(row.service for row in self.needed_by)]
        return [row for row in every if row.kind == ServiceKind.BUSINESS]


def radius(user: User, of: Sequence[Service], *, with_situations: bool = True) -> Radius:
    """Walk from these services in both directions: two queries, and one for how all of them do.

    Nothing goes through a service that is retired; as something that is needed it still stands at the end.
    """
    if not of:
        return Radius(of)
    starts = {row.pk for row in of}
    needs, needed_by = _edges(starts)
    above, below = rules.reach(starts, needed_by), rules.reach(starts, needs)
    around = rules.circle(of[0].pk, needs, needed_by) if len(of) == 1 else set()
    hops = [*above[:MOST], *below[:MOST]]
    wanted = {hop.id for hop in hops} | around
    visible = Service.objects.visible_to(user).select_related("team")
    known = {**visible.in_bulk(wanted), **{row.pk: row for row in of}} if wanted else {}
    situations = registry.situations(user, sorted(known)) if with_situations and known else {}

    def reached(some: Sequence[rules.Hop]) -> list[Reached]:
        rows = [
            Reached(known[hop.id], hop.distance, known[hop.via], situations.get(hop.id, registry.Situation()))
            for hop in some[:MOST]
            if hop.id in known and hop.via in known
        ]
        return sorted(rows, key=lambda row: (row.distance, row.service.tier, row.service.name))

    return Radius(
        of=of,
        needed_by=reached(above),
        needs=reached(below),
        circle=sorted((known[pk] for pk in around if pk in known), key=lambda row: row.name),
        lines={(needing, needed) for needing, rows in needs.items() for needed in rows if needing in known},
        is_cut=max(len(above), len(below)) > MOST,
    )


def _edges(starts: Collection[int]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Give who needs what, and who is needed by whom."""
    needs: dict[int, list[int]] = defaultdict(list)
    needed_by: dict[int, list[int]] = defaultdict(list)
    live = Service.objects.filter(is_active=True) | Service.objects.filter(pk__in=starts)
    rows = live.filter(depends_on__isnull=False).order_by("pk", "depends_on")
    for needing, needed in rows.values_list("pk", "depends_on"):
        needs[needing].append(needed)
        needed_by[needed].append(needing)
    return needs, needed_by
