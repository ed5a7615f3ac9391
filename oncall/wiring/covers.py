"""Let schedules know of swaps, and swaps of who is away and who rests."""

from __future__ import annotations

from django.utils import timezone

from core.timers import registry as timers
from oncall.absences import queries as absences
from oncall.nights import queries as nights
from oncall.schedules import registry as schedules
from oncall.swaps import operations, queries, registry


def register() -> None:
    schedules.add_exceptions(queries.exceptions, naming=queries.naming, marked=True)
    schedules.add_wishes(queries.wishes)
    registry.add_absences(
        lambda ids, start, end: (
            (away.user, (away.start, away.end)) for away in absences.away(ids, start=start, end=end)
        )
    )
    registry.add_rests(lambda ids, _start, _end: nights.rests(ids, now=timezone.now()))
    timers.on(operations.EXPIRE)(operations.expire)
    timers.on(operations.REMIND)(operations.remind)
