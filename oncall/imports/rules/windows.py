"""Windows of other tools, up to a week long, as our restrictions, which are at most a day long."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from oncall.schedules.rules.layers import Restriction

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
ANY_DAY = date(2000, 1, 1)


def window(weekday: int | None, start: time, length: timedelta) -> tuple[Restriction, ...]:
    """Give the restrictions that make a wall-clock window; `weekday` None is every day."""
    if weekday is None:
        return (Restriction(None, start, later(start, min(length, DAY))),)
    found = []
    rest = min(length, WEEK)
    while rest > timedelta():
        found.append(Restriction(weekday, start, later(start, min(rest, DAY))))
        rest, weekday = rest - DAY, (weekday + 1) % 7
    return tuple(found)


def until(start: time, end: time, days: int = 0, *, round_trip: timedelta = DAY) -> timedelta:
    """Give how long a window is from `start` to `end` so many days later; one that goes nowhere goes round."""
    length = _since_midnight(end) - _since_midnight(start) + days * DAY
    return length if length > timedelta() else length + round_trip


def later(start: time, length: timedelta) -> time:
    """Give the wall-clock time so much later."""
    return (datetime.combine(ANY_DAY, start) + length).time()


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
