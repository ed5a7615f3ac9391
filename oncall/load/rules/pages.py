"""What woke people, and what reached them in working hours. Asked again about the same thing is not another page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from oncall.nights.rules import night_of

NIGHT_BEGINS, NIGHT_ENDS = 22, 7
"""Who is paged between these hours of their own clock was woken."""


@dataclass(frozen=True, slots=True)
class Ping:
    """A page that reached somebody, and what it was about."""

    at: datetime
    about: str


@dataclass(frozen=True, slots=True)
class Pages:
    """How many things somebody was paged about, and on the morning of which dates they had been woken, first when.

    `nights` gives the most pages in one night of each week that had any, by its Monday: what the limit is about.
    """

    in_hours: int = 0
    out_of_hours: int = 0
    at_night: int = 0
    woken: tuple[date, ...] = ()
    woken_at: tuple[datetime, ...] = ()
    nights: tuple[tuple[date, int], ...] = ()

    @property
    def total(self) -> int:
        """All of them."""
        return self.in_hours + self.out_of_hours


def counted(pings: Iterable[Ping], zone: ZoneInfo) -> Pages:
    """Count pages by the clocks of a zone: once per thing and night, or working day."""
    seen: set[tuple[datetime | date, str]] = set()
    working, at_night = 0, 0
    woken: dict[date, datetime] = {}
    per_night: defaultdict[date, int] = defaultdict(int)
    for ping in sorted(pings, key=lambda each: (each.at, each.about)):
        night = night_of(ping.at, zone=zone.key)
        local = ping.at.astimezone(zone)
        key = (night.start if night else local.date(), ping.about)
        if key in seen:
            continue
        seen.add(key)
        if night is None:
            working += 1
            continue
        per_night[night.end.astimezone(zone).date()] += 1
        if is_night(local):
            at_night += 1
            woken.setdefault(morning(local), ping.at)
    weeks: dict[date, int] = {}
    for day, count in per_night.items():
        monday = day - timedelta(days=day.weekday())
        weeks[monday] = max(weeks.get(monday, 0), count)
    return Pages(
        in_hours=working,
        out_of_hours=sum(per_night.values()),
        at_night=at_night,
        woken=tuple(woken),
        woken_at=tuple(woken.values()),
        nights=tuple(sorted(weeks.items())),
    )


def is_night(local: datetime) -> bool:
    """Say whether a time of somebody's clock is one at which people sleep."""
    return local.hour >= NIGHT_BEGINS or local.hour < NIGHT_ENDS


def morning(local: datetime) -> date:
    """Give the date on which the night of a time ends."""
    return local.date() + timedelta(days=1) if local.hour >= NIGHT_BEGINS else local.date()
