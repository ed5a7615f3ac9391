from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import Http404

from core.clock import now
from incidents.board.registry import Origin
from incidents.observations.models import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.observations.models import ObservationQuerySet

CHUNK = 50


def seen(user: User) -> ObservationQuerySet:
    """Give what a person may know of, the latest first."""
    found = Observation.objects.visible_to(user)
    return found.select_related("service__team", "noted_by", "ended_by", "incident").order_by(
        "-noted_at", "-id"
    )


def get(user: User, pk: int) -> Observation:
    """Give one; absent and invisible are the same 404."""
    found = seen(user).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such note.")
    return found


@dataclass(frozen=True, slots=True)
class Listed:
    """What is open, or over, and whether there is more of it."""

    rows: Sequence[Observation]
    has_more: bool
    over: bool
    page: int


def listed(user: User, *, over: bool = False, page: int = 1) -> Listed:
    """Give what is open, or what was settled, became an incident or was forgotten."""
    at = now()
    found = seen(user)
    found = found.exclude(Q(ended_at=None) & Q(expires_at__gt=at)) if over else found.open(at)
    rows = list(found[(page - 1) * CHUNK : page * CHUNK + 1])
    return Listed(rows[:CHUNK], len(rows) > CHUNK, over, page)


def origin(user: User, pk: int, *, declare: Callable[..., Incident]) -> Origin | None:
    """Give what an incident begins with that is made of it; `declare` gets it first."""
    row = seen(user).filter(pk=pk, ended_at=None).first()
    if row is None:
        return None

    def make(**chosen: object) -> Incident:
        return declare(row, **chosen)

    return Origin(
        label=f"something odd that {row.noted_by} noted",
        url="/observations/",
        title=row.text,
        summary=row.text,
        service_ids=[row.service_id] if row.service_id else [],
        is_asked=False,
        declare=make,
    )
