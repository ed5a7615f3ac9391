"""What stands below one schedule in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter

from core.api.fields import by_reference
from oncall.schedules import queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oncall.schedules.models import Schedule

PARENT = OpenApiParameter("schedule", str, OpenApiParameter.PATH, description="The schedule's slug or id.")


def schedule_of(kwargs: Mapping[str, str]) -> Schedule:
    """Give the schedule that an address names; 404 where absent."""
    found = by_reference(queries.schedules(), kwargs["schedule"], ["slug"])
    if found is None:
        raise Http404
    schedule: Schedule = found
    return schedule
