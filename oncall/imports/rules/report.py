"""The plan of an import, line by line: what becomes what, what cannot, and how many minutes each thing concerns."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from oncall.imports.rules.source import Loss, Person, Reading, Rotation, SourceSchedule, members
from oncall.schedules.rules.layers import WEEKDAYS, Unit

if TYPE_CHECKING:
    from oncall.imports.rules.comparing import Comparison, Stretch

AHEAD = timedelta(days=90)


class Grade(StrEnum):
    KEPT = "kept"
    CHANGED = "changed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the source and what becomes of it; `minutes` in which it makes a difference, where that is known."""

    grade: Grade
    rule: str
    sentence: str
    minutes: int | None = None


def lines(
    schedule: SourceSchedule,
    reading: Reading,
    *,
    chosen: bool,
    comparison: Comparison | None,
    strangers: Collection[Person],
) -> list[Line]:
    """Give the report on one schedule. `chosen`: what the tool rendered decided how its rules are read."""
    found = [Line(Grade.KEPT, rotation.name, said(rotation)) for rotation in reading.rotations]
    if reading.one_offs:
        found.append(
            Line(Grade.KEPT, "Single shifts", f"{len(reading.one_offs)}, in rotations of their own.")
        )
    if reading.exchanges:
        found.append(Line(Grade.KEPT, "Overrides", f"{len(reading.exchanges)}, of which none is over."))
    if chosen:
        found.append(
            Line(Grade.KEPT, "Read as", f"{_capitalised(reading.said)}, as its rendered shifts say.")
        )
    found += [_lost(loss, comparison) for loss in (*reading.losses, *schedule.losses)]
    found += [_unknown(person, comparison) for person in strangers]
    found += [Line(Grade.CHANGED, "Note", remark) for remark in schedule.remarks]
    found += _uncompared(comparison)
    return found


def said(rotation: Rotation) -> str:
    """Tell a rotation in words: its people, its hand-off and how many windows it has."""
    turns = len(rotation.places)
    people = len(members(rotation.places))
    often = f"every {rotation.every} {rotation.unit}s" if rotation.every > 1 else f"every {rotation.unit}"
    day = f" on {WEEKDAYS[rotation.weekday]}" if rotation.weekday is not None else ""
    parts = [f"{turns} turn{_s(turns)} of {people} {'person' if people == 1 else 'people'}"]
    if turns > 1:
        word = "counted from" if rotation.unit is Unit.HOUR else "at"
        parts.append(f"hands over {often}{day} {word} {rotation.handoff_at:%H:%M} {rotation.time_zone}")
    else:
        parts.append(rotation.time_zone)
    if rotation.windows:
        parts.append(f"within {len(rotation.windows)} window{_s(len(rotation.windows))}")
    if rotation.until:
        parts.append(f"until {rotation.until:%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)


def _lost(loss: Loss, comparison: Comparison | None) -> Line:
    """Count the minutes in which somebody of the rule is on call there or here alone; of no people, all differences."""

    def concerns(stretch: Stretch) -> bool:
        return not loss.people or bool(loss.people & (stretch.there ^ stretch.here))

    return Line(
        Grade.LEFT_OUT, loss.rule, loss.sentence, comparison.minutes_of(concerns) if comparison else None
    )


def _unknown(person: Person, comparison: Comparison | None) -> Line:
    why = "Nobody here has this address" if person.email else "The export gives no address for them"
    return Line(
        Grade.CHANGED,
        person.said,
        f"{why}: their place has nobody.",
        comparison.minutes_of(lambda stretch: person.key in stretch.there) if comparison else None,
    )


def _uncompared(comparison: Comparison | None) -> Iterator[Line]:
    """Say of which part of the next 90 days the file does not tell who is on call."""
    compared = comparison.end - comparison.start if comparison else timedelta()
    if compared >= AHEAD:
        return
    how = (
        "was not compared: the file does not say who will be on call"
        if not compared
        else (
            f"was compared for {compared.days} of 90 days: for the others the file does not say who is on call"
        )
    )
    yield Line(Grade.CHANGED, "Comparison", f"It {how}.")


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _s(count: int) -> str:
    return "" if count == 1 else "s"
