"""Schedules, rotations and overrides as they were entered."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Prefetch, Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from oncall.schedules.models import Layer, Override, Participant, Restriction, Schedule

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from core.accounts.models import User

# Addresses below /on-call/ that are no schedules.
RESERVED = frozenset({"-", "new", "readiness"})


def schedules() -> QuerySet[Schedule]:
    """The schedules with their teams, by name, but for the deleted ones.

    Who is on call is no secret to anybody who may sign in.
    """
    return Schedule.objects.filter(deleted_at=None).select_related("team").order_by("name")


def get(slug: str) -> Schedule:
    """One schedule; 404 where absent or deleted."""
    return get_object_or_404(schedules(), slug=slug)


def address(schedule: Schedule) -> str:
    """The schedule's page for people."""
    return f"{settings.BASE_URL}/on-call/{schedule.slug}/"


def described(schedule: Schedule) -> str:
    """What it is called and whose it is in one, for a form to say what its author has seen."""
    said = (schedule.name, schedule.slug, schedule.team_id, schedule.description)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def layers_in_force(schedule: Schedule, *, at: datetime) -> list[Layer]:
    """The rotations of the version that counts at an instant, lowest first, with their people.

    One whose first turn is still to come is among them.
    """
    counts = Q(effective_from__lte=at) | Q(version__effective_from__lte=at)
    rows = layer_rows().filter(counts, schedule=schedule)
    return list(rows.filter(Q(effective_until=None) | Q(effective_until__gt=at)))


def layer_rows() -> QuerySet[Layer]:
    """Rotations with their people and windows, lowest first."""
    people = Participant.objects.select_related("user").order_by("place", "id")
    windows = Restriction.objects.order_by("id")
    return Layer.objects.prefetch_related(
        Prefetch("participants", people), Prefetch("restrictions", windows)
    ).order_by("position", "effective_from", "id")


def turns(layer: Layer) -> list[list[User] | None]:
    """The turns of a rotation of `layer_rows` in order: who has each together, None where nobody has it."""
    found: dict[int, list[User] | None] = {}
    for member in layer.participants.all():
        together = found.setdefault(member.place, None if member.user is None else [])
        if together is not None and member.user is not None:
            together.append(member.user)
    return list(found.values())


def override(schedule: Schedule, pk: int) -> Override:
    """One live override of a schedule; 404 where absent."""
    return get_object_or_404(
        Override.objects.select_related("schedule"), schedule=schedule, pk=pk, cancelled_at=None
    )


def live_overrides(schedule: Schedule) -> QuerySet[Override]:
    """Overrides of a schedule that were not cancelled and are not over, soonest first."""
    return Override.objects.filter(schedule=schedule, cancelled_at=None, end__gt=timezone.now()).order_by(
        "start", "pk"
    )


def overlapping(override: Override) -> QuerySet[Override]:
    """The live overrides that an override meets, in the order in which they were entered."""
    return (
        live_overrides(override.schedule)
        .filter(start__lt=override.end, end__gt=override.start)
        .exclude(pk=override.pk)
        .select_related("user")
        .order_by("created_at", "pk")
    )
