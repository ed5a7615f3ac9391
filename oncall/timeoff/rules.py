"""Time off for being on call: what earns how much of it, and when somebody hears that it is about to be lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from oncall.load.rules.pages import NIGHT_ENDS, is_night, morning
from oncall.load.rules.spans import DAY, Span, length, midnight, united
from oncall.nights.rules import night_of
from oncall.quiet.rules import instant

REMIND_DAYS, LOSE_DAYS = 3, 1
"""So many days before the last one the person is reminded, and then with them who manages their team."""
CLOCK = time(9)
"""When mails of a day go out, by the clocks of the person."""
MINUTE = timedelta(minutes=1)
HUNDREDTH = Decimal("0.01")
WHOLE = Fraction(1)


class Why(StrEnum):
    """What earned it."""

    NIGHT = "night"
    WEEKEND = "weekend"
    INCIDENT = "incident"


class State(StrEnum):
    """How far it is: proposed, planned, taken; declined by its person; or its last day is over."""

    PROPOSED = "proposed"
    PLANNED = "planned"
    TAKEN = "taken"
    DECLINED = "declined"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Terms:
    """How many hours each earns, from which night on, up to which rank of severity, and for how many days it holds."""

    per_night: int = 8
    per_weekend: int = 0
    per_incident: int = 8
    woken_minutes: int = 60
    worst_rank: int = 1
    days: int = 14

    @property
    def is_none(self) -> bool:
        """Whether nothing earns anything."""
        return not (self.per_night or self.per_weekend or self.per_incident)


@dataclass(frozen=True, slots=True)
class Reached:
    """A page of a night: when, about what, in which incident, when its person had answered or others had, and when
    what they took was over.

    One that is over the limit of the night and went to others or waited woke nobody, but it came.
    """

    id: int
    at: datetime
    about: str
    heard: datetime
    over: datetime | None = None
    incident: int | None = None
    woke: bool = True


@dataclass(frozen=True, slots=True)
class Night:
    """What somebody was paged about in the night that ended on a morning, and how long they were awake for it."""

    morning: date
    end: datetime
    pages: tuple[Reached, ...]
    awake: timedelta

    @property
    def count(self) -> int:
        """How many things: to be asked again about the same one is no other page."""
        return len({page.about for page in self.pages})

    @property
    def first(self) -> datetime:
        """When it began."""
        return self.pages[0].at

    @property
    def incident(self) -> int | None:
        """The incident that all of it was about, None where there was something else."""
        found = {page.incident for page in self.pages}
        return found.pop() if len(found) == 1 else None


def nights(pages: Iterable[Reached], zone: ZoneInfo) -> list[Night]:
    """Part pages into the nights of somebody's own clock, in order; those of working hours are left out."""
    found: defaultdict[tuple[date, datetime], list[Reached]] = defaultdict(list)
    for page in sorted(pages, key=lambda each: (each.at, each.id)):
        if night := night_of(page.at, zone=zone.key):
            found[night.end.astimezone(zone).date(), night.end].append(page)
    return [
        Night(day, end, tuple(some), awake(some, zone))
        for (day, end), some in sorted(found.items(), key=lambda pair: pair[0])
    ]


def awake(pages: Iterable[Reached], zone: ZoneInfo) -> timedelta:
    """Give how long pages kept somebody awake from 22:00 to 07:00 of their clock, each minute once.

    What they took kept them up until it was over, what stayed open in the morning until they had answered.
    """
    found: list[Span] = []
    for page in pages:
        local = page.at.astimezone(zone)
        if page.woke and is_night(local):
            ends = instant(morning(local), time(NIGHT_ENDS), zone)
            until = page.over if page.over and page.over <= ends else page.heard
            found.append((page.at, min(until, ends)))
    return length(united(found))


def is_hard(night: Night, *, limit: int, woken_minutes: int) -> bool:
    """Say whether a night had more pages than its limit, or was broken for longer than this; 0: neither counts."""
    many = limit > 0 and night.count > limit
    return many or (woken_minutes > 0 and night.awake > woken_minutes * MINUTE)


def weekend_before(now: datetime, zone: ZoneInfo) -> date:
    """Give the Saturday of the last weekend that is over by the clocks of a zone."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=today.weekday() + 2)


def part(share: Fraction, hours: int) -> Decimal:
    """Give a part of some hours, to the hundredth."""
    exact = share * hours
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(HUNDREDTH, ROUND_HALF_UP)


def last_moment(take_by: date, zone: ZoneInfo) -> datetime:
    """Give when the last day is over."""
    return midnight(take_by + DAY, zone)


def told_at(take_by: date, days: int, zone: ZoneInfo) -> datetime:
    """Give when somebody hears of it so many days before the last one."""
    return instant(take_by - days * DAY, CLOCK, zone)


def hours_said(hours: Decimal) -> str:
    """Write hours as people do, as 8 hours."""
    text = f"{hours:.2f}".rstrip("0").rstrip(".")
    return f"{text} hour{'' if hours == 1 else 's'}"


def why_said(why: Why, day: date) -> str:
    """Say what earned it."""
    said = {
        Why.NIGHT: f"for the night to {day:%A %d %b %Y}",
        Why.WEEKEND: f"for the weekend of {day:%d %b %Y}",
        Why.INCIDENT: f"for the incident of {day:%d %b %Y}",
    }
    return said[why]
