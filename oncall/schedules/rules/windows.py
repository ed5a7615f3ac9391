"""Windows of several days as the windows of one day that a layer knows, and windows that open earlier."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time

from oncall.schedules.rules.layers import Restriction

MIDNIGHT = time()


def over_days(first: int, start: time, last: int, end: time) -> list[tuple[int, time, time]]:
    """Cut a window from one weekday to another, as Friday 17:00 to Monday 09:00, at its midnights.

    From a weekday to an earlier or the same time of that weekday is nearly a week.
    """
    days = (last - first) % 7
    if days == 0 and end <= start:
        days = 7
    if days == 0 or (days == 1 and end <= start):
        return [(first, start, end)]
    whole = [((first + n) % 7, MIDNIGHT, MIDNIGHT) for n in range(1, days)]
    rest = [(last, MIDNIGHT, end)] if end > MIDNIGHT else []
    return [(first, start, MIDNIGHT), *whole, *rest]


def reaching(windows: Sequence[Restriction], start: datetime, end: datetime) -> list[Restriction] | None:
    """Let the windows that open at `end` open at `start` already, both in the zone of the layer.

    None where no window opens then, or where that would be another window than one that is longer.
    """
    if start.date() != end.date():
        return None
    opening = {place for place, window in enumerate(windows) if _opens(window, start, end)}
    if not opening:
        return None
    return [
        replace(window, start=start.time()) if place in opening else window
        for place, window in enumerate(windows)
    ]


def _opens(window: Restriction, start: datetime, end: datetime) -> bool:
    opens = window.start == end.time() and window.weekday in {None, end.weekday()}
    return opens and not start.time() < window.end <= window.start
