"""The prototype that the rules are measured beside: the same answers in plain Python, nothing but the arithmetic.

A higher level wins and lower levels fill its gaps, rotations of one level are on call together, an override beats all,
and slots begin at local wall-clock times. It gives no reasons, checks nothing, and knows no groups, unassigned turns,
deactivated people, versions, months or hours. That is why it is quick, and why the rules may take half as long again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bench.schedules.workload import Rotation, Workload

OVERRIDES = 99
Slot = tuple[float, float, str]
Stretch = tuple[float, float, tuple[str, ...]]


def slots(rotation: Rotation, low: float, high: float) -> list[Slot]:
    """The slots of one rotation that overlap [low, high), in seconds since 1970."""
    zone, start = ZoneInfo(rotation["tz"]), datetime.fromisoformat(rotation["start"])
    users, length = rotation["users"], timedelta(hours=rotation["slot_hours"])
    step = 7 if rotation["every"] == "week" else 1
    first = datetime.fromtimestamp(low, zone).replace(tzinfo=None)
    last = datetime.fromtimestamp(high, zone).replace(tzinfo=None)
    weekdays = rotation["weekdays"]
    # The first period that can still overlap.
    number = max(0, (first - length - start).days // step - (1 if weekdays is not None else 0))
    found = []
    while (period := start + timedelta(days=step * number)) < last:
        user = users[number % len(users)]
        for begins in _days(period, start, weekdays):
            begin = begins.replace(tzinfo=zone).timestamp()
            end = (begins + length).replace(tzinfo=zone).timestamp()
            if end > low and begin < high:
                found.append((begin, end, user))
        number += 1
    return found


def _days(period: datetime, start: datetime, weekdays: list[int] | None) -> list[datetime]:
    if weekdays is None:
        return [period]
    monday = period - timedelta(days=period.weekday())
    return [day for day in (monday + timedelta(days=each) for each in weekdays) if day >= start]


def final(work: Workload, low: float, high: float) -> list[Stretch]:
    """Who is on call in [low, high), gaps left out: one sweep over every boundary with what is on at each level."""
    spans = list(_spans(work, low, high))
    points = []
    for number, (begin, end, level, _) in enumerate(spans):
        points.append((max(begin, low), 1, level, number))
        points.append((min(end, high), 0, level, number))
    points.sort()
    active: dict[int, set[int]] = {}
    out: list[Stretch] = []
    before = low
    for at, comes, level, number in points:
        if active and at > before:
            users = tuple(sorted({spans[each][3] for each in active[max(active)]}))
            if out and out[-1][1] == before and out[-1][2] == users:
                out[-1] = (out[-1][0], at, users)
            else:
                out.append((before, at, users))
        before = at
        if comes:
            active.setdefault(level, set()).add(number)
        else:
            active[level].discard(number)
            if not active[level]:
                del active[level]
    return out


def _spans(work: Workload, low: float, high: float) -> Iterator[tuple[float, float, int, str]]:
    for rotation in work["rotations"]:
        for begin, end, user in slots(rotation, low, high):
            yield begin, end, rotation["level"], user
    for cover in work["overrides"]:
        begin, end = _seconds(cover["start"]), _seconds(cover["end"])
        if end > low and begin < high:
            yield begin, end, OVERRIDES, cover["user"]


def who(work: Workload, at: float) -> list[str]:
    """Who is on call at one instant."""
    covering = {
        cover["user"]
        for cover in work["overrides"]
        if _seconds(cover["start"]) <= at < _seconds(cover["end"])
    }
    if covering:
        return sorted(covering)
    best = 0
    users: set[str] = set()
    for rotation in work["rotations"]:
        if rotation["level"] < best:
            continue
        for begin, end, user in slots(rotation, at, at + 1):
            if begin <= at < end:
                if rotation["level"] > best:
                    best, users = rotation["level"], set()
                users.add(user)
    return sorted(users)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
