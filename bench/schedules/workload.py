"""The workload of November 2026, on which Grafana OnCall was measured: rotations and overrides that favour no engine.

Every rotation has its people, a zone, a start in local time, the length of its slots, the period after which the next
person has it, perhaps weekdays, and a level: a higher one wins. Overrides have a person, a start and an end, and beat
every level. Windows begin on 16 November 2026 at 00:00 UTC, "now" is 21 November at 10:00 UTC.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypedDict

START = datetime(2026, 11, 16, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
FIRST = "2026-01-05T09:00"


class Rotation(TypedDict):
    users: list[str]
    tz: str
    start: str
    slot_hours: int
    every: str
    weekdays: list[int] | None
    level: int


class Cover(TypedDict):
    user: str
    start: str
    end: str


class Workload(TypedDict):
    rotations: list[Rotation]
    overrides: list[Cover]


def workload(rotations: int, overrides: int = 10) -> Workload:
    """Rotations of three kinds in turn, and an override of 6 h every three days."""
    covers: list[Cover] = []
    for number in range(overrides):
        start = START + timedelta(days=3 * number, hours=2 + (number * 5) % 20)
        covers.append(
            {
                "user": f"u{number % 60:03}",
                "start": start.isoformat(),
                "end": (start + timedelta(hours=6)).isoformat(),
            }
        )
    return {"rotations": [_rotation(number) for number in range(rotations)], "overrides": covers}


def _rotation(number: int) -> Rotation:
    def people(count: int) -> list[str]:
        return [f"u{(number * 7 + each) % 60:03}" for each in range(count)]

    kinds = (_weekly, _daily, _office_hours)
    return kinds[number % 3](people)


def _weekly(people: Callable[[int], list[str]]) -> Rotation:
    return {
        "users": people(6),
        "tz": "Europe/Berlin",
        "start": FIRST,
        "slot_hours": 168,
        "every": "week",
        "weekdays": None,
        "level": 1,
    }


def _daily(people: Callable[[int], list[str]]) -> Rotation:
    return {
        "users": people(4),
        "tz": "America/New_York",
        "start": FIRST,
        "slot_hours": 12,
        "every": "day",
        "weekdays": None,
        "level": 2,
    }


def _office_hours(people: Callable[[int], list[str]]) -> Rotation:
    return {
        "users": people(5),
        "tz": "Asia/Tokyo",
        "start": FIRST,
        "slot_hours": 8,
        "every": "week",
        "weekdays": [0, 1, 2, 3, 4],
        "level": 3,
    }
