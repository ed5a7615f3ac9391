"""What cannot be meant: a rotation without people, one that puts nobody on call, a zone that is not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oncall.schedules.rules.layers import Layer, Unit
from oncall.schedules.rules.turns import shifts

# So far is looked for a shift.
YEAR = timedelta(days=400)
DAYS_OF_WEEK, HOURS_OF_WEEK = 7, 168


class Grade(StrEnum):
    WRONG = "wrong"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is the matter with a layer, by its place in the list, and the field in which it can be mended."""

    layer: int
    field: str
    sentence: str
    grade: Grade
    users: tuple[int, ...] = ()


def complaints(layers: Sequence[Layer], at: datetime) -> list[Complaint]:
    """Say what cannot be meant of layers that count from an instant on. Who is wrong is not saved."""
    return [found for number, layer in enumerate(layers) for found in _of(number, layer, at)]


def _of(number: int, layer: Layer, at: datetime) -> list[Complaint]:
    try:
        ZoneInfo(layer.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        sentence = f"{layer.time_zone} is no time zone that is known here."
        return [Complaint(number, "time_zone", sentence, Grade.WRONG)]
    people = {user for place in layer.participants for user in place or ()}
    if not people:
        sentence = f"{layer.name} has nobody in it, so nobody is on call by it."
        return [Complaint(number, "participants", sentence, Grade.DOUBTFUL)]
    return _of_windows(number, layer, max(at, layer.start), people) if layer.restrictions else []


def _of_windows(number: int, layer: Layer, start: datetime, people: set[int]) -> list[Complaint]:
    count = len(layer.participants)
    turns = [turn[0] for _, _, turn in shifts(layer, start, start + YEAR)]
    reached = {user for turn in turns for user in layer.participants[turn % count] or ()}
    # After so many turns, windows of a week and places meet as they did before.
    again = count * (HOURS_OF_WEEK if layer.handoff.unit is Unit.HOUR else DAYS_OF_WEEK)
    if people <= reached or turns[-1] - turns[0] < again:
        return []
    if not reached:
        sentence = f"{layer.name} never puts anybody on call: its windows are open in turns of nobody alone."
        return [Complaint(number, "restrictions", sentence, Grade.WRONG)]
    sentence = f"In {layer.name} somebody never comes on call: no window is open in their turns."
    return [Complaint(number, "participants", sentence, Grade.DOUBTFUL, tuple(sorted(people - reached)))]
