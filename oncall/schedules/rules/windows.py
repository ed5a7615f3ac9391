"""Windows of several days, as the windows of one day that a layer knows."""

from datetime import time

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
