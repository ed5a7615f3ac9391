"""The workload as the product's own values."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bench.schedules.workload import START, Cover, Rotation, Workload
from oncall.schedules.rules.layers import Handoff, Layer, Override, Restriction, Unit

Values = tuple[tuple[Layer, ...], tuple[Override, ...]]
PERIODS = {"day": Unit.DAY, "week": Unit.WEEK}


def values(work: Workload) -> Values:
    """Layers and overrides that mean the same."""
    return (
        tuple(_layer(number, each) for number, each in enumerate(work["rotations"])),
        tuple(_override(number, each) for number, each in enumerate(work["overrides"])),
    )


def person(name: str) -> int:
    return int(name.removeprefix("u")) + 1


def _layer(number: int, rotation: Rotation) -> Layer:
    start = datetime.fromisoformat(rotation["start"])
    begins = start.replace(tzinfo=ZoneInfo(rotation["tz"]))
    return Layer(
        name=f"r{number}",
        time_zone=rotation["tz"],
        start=begins,
        effective_from=begins,
        effective_until=None,
        handoff=Handoff(1, PERIODS[rotation["every"]], start.time()),
        participants=tuple((person(name),) for name in rotation["users"]),
        restrictions=_restrictions(rotation, start.time()),
        lineage=number,
        rank=rotation["level"],
    )


def _restrictions(rotation: Rotation, opens: time) -> tuple[Restriction, ...]:
    """None where a slot is as long as its period: then it is open all the time."""
    length = timedelta(hours=rotation["slot_hours"])
    if length == timedelta(days=7):
        return ()
    closes = (datetime.combine(START, opens) + length).time()
    weekdays: list[int] | list[None] = rotation["weekdays"] or [None]
    return tuple(Restriction(weekday, opens, closes) for weekday in weekdays)


def _override(number: int, cover: Cover) -> Override:
    start, end = datetime.fromisoformat(cover["start"]), datetime.fromisoformat(cover["end"])
    return Override(number, start, end, person(cover["user"]), None, number, replaces_everybody=True)
