"""What another tool would have rendered, worked out half-hour by half-hour from a rule that a test states in Python."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The exports of these tests were asked for on this day; the clocks of Europe and America go back within the 90 days.
NOW = datetime(2026, 10, 10, tzinfo=UTC)
END = NOW + timedelta(days=90)
STEP = timedelta(minutes=30)
NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")


def text(moment: datetime) -> str:
    """A moment as the tools write it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def spans(who: Callable[[datetime], set[str]]) -> Iterator[tuple[str, str, str]]:
    """Everybody's stretches of the 90 days: person, start, end."""
    since: dict[str, datetime] = {}
    moment = NOW
    while moment <= END:
        on = who(moment) if moment < END else set()
        for person in sorted(since.keys() - on):
            yield person, text(since.pop(person)), text(moment)
        for person in on - since.keys():
            since[person] = moment
        moment += STEP


def at(month: int, day: int, hour: int, minute: int = 0, *, year: int = 2026) -> datetime:
    """A moment of the tests, in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def turn(moment: datetime, zone: ZoneInfo, first: date, hour: int, days: int = 1) -> int:
    """How many hand-offs, each at `hour` local time every so many days, lie between a date and a moment."""
    local = moment.astimezone(zone).replace(tzinfo=None) - timedelta(hours=hour)
    return (local.date() - first).days // days


WINDOW = f"since={text(NOW)}&until={text(END)}"
