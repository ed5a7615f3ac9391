"""Hours on call by kind, by the clocks and the holidays of whoever has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from oncall.load.rules.spans import DAY, Span, midnight, united, within
from oncall.matching.rules import WORK_BEGINS, WORK_ENDS, WORKDAYS
from oncall.quiet.rules import instant


class Kind(StrEnum):
    """What an hour is; each is of one kind. A holiday is one on a weekend as well."""

    WORKING = "working_hours"
    EVENING = "evenings_and_nights"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Day:
    """What of a date somebody was on call: how long, which part of it, and how much of that by kind."""

    day: date
    share: Fraction
    kinds: tuple[tuple[Kind, timedelta], ...]
    is_holiday: bool

    @property
    def length(self) -> timedelta:
        """How long."""
        return sum((time for _, time in self.kinds), timedelta())

    @property
    def is_weekend(self) -> bool:
        """Whether it is a Saturday or a Sunday."""
        return self.day.weekday() not in WORKDAYS


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of some dates: in all, by kind, and as shares of weeks, which a change of the clocks leaves alone."""

    total: timedelta
    kinds: tuple[tuple[Kind, timedelta], ...]
    weeks: Fraction
    weekends: int
    holidays: int

    def of(self, kind: Kind) -> timedelta:
        """How many hours of a kind."""
        return dict(self.kinds).get(kind, timedelta())


def days(spans: Iterable[Span], zone: ZoneInfo, holidays: Collection[date] = ()) -> list[Day]:
    """Part stretches on call into the dates of a zone, in order. Stretches at the same time count once."""
    found: defaultdict[date, list[Span]] = defaultdict(list)
    for start, end in united(spans):
        day = start.astimezone(zone).date() - DAY
        while (begins := midnight(day, zone)) < end:
            found[day] += within([(start, end)], begins, midnight(day + DAY, zone))
            day += DAY
    return [_day(day, own, zone, is_holiday=day in holidays) for day, own in sorted(found.items()) if own]


def _day(day: date, spans: list[Span], zone: ZoneInfo, *, is_holiday: bool) -> Day:
    total = sum((end - start for start, end in spans), timedelta())
    full = midnight(day + DAY, zone) - midnight(day, zone)
    share = Fraction(total // timedelta.resolution, full // timedelta.resolution)
    if is_holiday or day.weekday() not in WORKDAYS:
        kind = Kind.HOLIDAY if is_holiday else Kind.WEEKEND
        return Day(day, share, ((kind, total),), is_holiday)
    at_work = within(spans, instant(day, WORK_BEGINS, zone), instant(day, WORK_ENDS, zone))
    working = sum((end - start for start, end in at_work), timedelta())
    kinds = ((Kind.WORKING, working), (Kind.EVENING, total - working))
    return Day(day, share, tuple(pair for pair in kinds if pair[1]), is_holiday)


def hours(of: Iterable[Day]) -> Hours:
    """Add dates up. A weekend counts once, however much of it somebody had."""
    some = list(of)
    kinds = {kind: timedelta() for kind in Kind}
    for day in some:
        for kind, time in day.kinds:
            kinds[kind] += time
    weekends = {day.day.isocalendar()[:2] for day in some if day.is_weekend}
    return Hours(
        total=sum(kinds.values(), timedelta()),
        kinds=tuple(kinds.items()),
        weeks=sum((day.share for day in some), Fraction()) / 7,
        weekends=len(weekends),
        holidays=sum(day.is_holiday for day in some),
    )


def share(spans: Iterable[Span], zone: ZoneInfo) -> Fraction:
    """Give how many dates these stretches are together."""
    return sum((day.share for day in days(spans, zone)), Fraction())


def longest(spans: Iterable[Span]) -> timedelta:
    """Give the longest stretch on call without a break."""
    return max((end - start for start, end in united(spans)), default=timedelta())


def by_month(of: Iterable[Day]) -> list[tuple[date, Fraction]]:
    """Give the weeks on call of each month that has any, by its first date."""
    found: defaultdict[date, Fraction] = defaultdict(Fraction)
    for day in of:
        found[day.day.replace(day=1)] += day.share / 7
    return sorted(found.items())
