"""When a repeated event begins: the part of RRULE (RFC 5545, 3.3.10) that calendars of people use.

All times here are wall-clock times without a zone. What is not read is refused with its reason, never read wrongly,
and the work is counted: a rule that would take long is refused as well.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
UNITS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 1, "YEARLY": 12}
"""How many days, or months, lie between two periods of each frequency."""

_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}")
_KNOWN = {
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYDAY",
    "BYMONTHDAY",
    "BYMONTH",
    "BYSETPOS",
}


class NotRead(ValueError):
    """A rule that this does not read; the message says why, as the end of "It was left out: ..."."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How something repeats. `until` is the text of UNTIL; whoever knows the zone reads it."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    week_start: int = 0
    by_day: tuple[tuple[int, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()


def parse(text: str) -> Rule:
    """Read the value of an RRULE."""
    parts = dict(part.upper().split("=", 1) for part in text.strip().split(";") if "=" in part)
    frequency = parts.get("FREQ", "")
    if frequency in {"SECONDLY", "MINUTELY", "HOURLY"}:
        raise NotRead("it repeats more often than daily")
    if frequency not in UNITS:
        raise NotRead("it does not say how often it repeats")
    if unknown := sorted(parts.keys() - _KNOWN):
        raise NotRead(f"it repeats by {unknown[0][:20]}, which is not read")
    rule = Rule(
        frequency,
        interval=_numbers(parts, "INTERVAL", 1, 1000)[0] if "INTERVAL" in parts else 1,
        count=_numbers(parts, "COUNT", 1, 99_999)[0] if "COUNT" in parts else None,
        until=parts.get("UNTIL", ""),
        week_start=_week_start(parts),
        by_day=_by_day(parts),
        by_month_day=_numbers(parts, "BYMONTHDAY", -31, 31),
        by_month=_numbers(parts, "BYMONTH", 1, 12),
        by_position=_numbers(parts, "BYSETPOS", -366, 366),
    )
    _check(rule)
    return rule


def _numbers(parts: dict[str, str], name: str, lowest: int, highest: int) -> tuple[int, ...]:
    found = []
    for text in parts[name].split(",") if name in parts else ():
        if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest or int(text) == 0:
            raise NotRead(f"{name}={parts[name][:20]} means nothing")
        found.append(int(text))
    return tuple(found)


def _week_start(parts: dict[str, str]) -> int:
    named = parts.get("WKST", "MO")
    if named not in DAYS:
        raise NotRead(f"WKST={named[:20]} means nothing")
    return DAYS.index(named)


def _by_day(parts: dict[str, str]) -> tuple[tuple[int, int], ...]:
    found = []
    for text in parts["BYDAY"].split(",") if "BYDAY" in parts else ():
        day = _DAY.fullmatch(text)
        if day is None:
            raise NotRead(f"BYDAY={parts['BYDAY'][:20]} means nothing")
        found.append((int(day[1] or 0), DAYS.index(day[2])))
    return tuple(found)


def _check(rule: Rule) -> None:
    if rule.frequency in {"DAILY", "WEEKLY"} and any(ordinal for ordinal, _ in rule.by_day):
        raise NotRead("it counts weekdays of no month")
    if rule.frequency == "WEEKLY" and rule.by_month_day:
        raise NotRead("it repeats weekly on days of the month")
    if rule.frequency == "YEARLY" and rule.by_day and not rule.by_month:
        raise NotRead("it counts weekdays of a whole year")


def starts(
    rule: Rule,
    first: datetime,
    *,
    after: datetime,
    before: datetime,
    until: datetime | None,
    spend: Callable[[], None],
) -> Iterator[datetime]:
    """Give when it begins in [after, before), the first included; call `spend` for each step of the work."""
    last = before if until is None else min(before, until + timedelta(microseconds=1))
    found = islice(_all(rule, first, after=after, last=last, spend=spend), rule.count)
    yield from (start for start in found if after <= start < last)


def _all(
    rule: Rule, first: datetime, *, after: datetime, last: datetime, spend: Callable[[], None]
) -> Iterator[datetime]:
    """The first, and every later one up to `last`; without a count only from shortly before `after`."""
    if first < last:
        yield first
    number = _skipped(rule, first, after) if rule.count is None else 0
    while True:
        spend()
        days = _period(rule, first.date(), number)
        if days is None or (days and days[0] > last.date()):
            return
        for day in _positions(rule, days):
            start = datetime.combine(day, first.time())
            if start >= last:
                return
            if start > first:
                spend()
                yield start
        if not days and _begin(rule, first.date(), number) > last.date().toordinal():
            return
        number += 1


def _skipped(rule: Rule, first: datetime, after: datetime) -> int:
    """How many periods end before the window and need no look."""
    unit = UNITS[rule.frequency] * rule.interval
    if rule.frequency in {"DAILY", "WEEKLY"}:
        return max(0, (after.date() - first.date()).days // unit - 1)
    months = (after.year - first.year) * 12 + after.month - first.month
    return max(0, months // unit - 1)


def _begin(rule: Rule, first: date, number: int) -> int:
    """The ordinal of a period's first day; one far away for periods after the end of all calendars."""
    steps = UNITS[rule.frequency] * rule.interval * number
    if rule.frequency == "DAILY":
        return first.toordinal() + steps
    if rule.frequency == "WEEKLY":
        return first.toordinal() - (first.weekday() - rule.week_start) % 7 + steps
    month = (first.month - 1 if rule.frequency == "MONTHLY" else 0) + steps
    year = first.year + month // 12
    return date(year, month % 12 + 1, 1).toordinal() if year <= date.max.year else date.max.toordinal() + 1


def _period(rule: Rule, first: date, number: int) -> list[date] | None:
    """The days of one period that the rule names, in order; None after the end of all calendars."""
    begin = _begin(rule, first, number)
    if begin + 7 > date.max.toordinal():
        return None
    day = date.fromordinal(begin)
    if rule.frequency == "DAILY":
        return [day] if _is_named(rule, day) else []
    if rule.frequency == "WEEKLY":
        wanted = {weekday for _, weekday in rule.by_day} or {first.weekday()}
        week = (day + timedelta(days=n) for n in range(7))
        return [each for each in week if each.weekday() in wanted and _in_month(rule, each)]
    if rule.frequency == "MONTHLY":
        return _of_month(rule, day, first) if _in_month(rule, day) else []
    months = sorted(set(rule.by_month)) or (range(1, 13) if rule.by_month_day else [first.month])
    return [each for month in months for each in _of_month(rule, day.replace(month=month), first)]


def _is_named(rule: Rule, day: date) -> bool:
    return (
        _in_month(rule, day)
        and (not rule.by_day or day.weekday() in {weekday for _, weekday in rule.by_day})
        and (not rule.by_month_day or day.day in _month_days(rule, day))
    )


def _in_month(rule: Rule, day: date) -> bool:
    return not rule.by_month or day.month in rule.by_month


def _month_days(rule: Rule, day: date) -> set[int]:
    length = monthrange(day.year, day.month)[1]
    return {number if number > 0 else length + 1 + number for number in rule.by_month_day}


def _of_month(rule: Rule, month: date, first: date) -> list[date]:
    """The days of a month that the rule names: by number, by weekday, by both, or the day of the first."""
    length = monthrange(month.year, month.month)[1]
    wanted = _month_days(rule, month) if rule.by_month_day else set(range(1, length + 1))
    if rule.by_day:
        wanted &= {
            day
            for ordinal, weekday in rule.by_day
            for day in _weekdays(month, weekday, length=length, ordinal=ordinal)
        }
    elif not rule.by_month_day:
        wanted = {first.day}
    return [month.replace(day=day) for day in sorted(wanted) if 1 <= day <= length]


def _weekdays(month: date, weekday: int, *, length: int, ordinal: int) -> list[int]:
    found = list(range(1 + (weekday - month.replace(day=1).weekday()) % 7, length + 1, 7))
    if not ordinal:
        return found
    place = ordinal - 1 if ordinal > 0 else len(found) + ordinal
    return found[place : place + 1] if place >= 0 else []


def _positions(rule: Rule, days: list[date]) -> list[date]:
    if not rule.by_position:
        return days
    wanted = {place - 1 if place > 0 else len(days) + place for place in rule.by_position}
    return [day for place, day in enumerate(days) if place in wanted]
