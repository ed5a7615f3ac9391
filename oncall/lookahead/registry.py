"""What other features know to wear the people of a schedule out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from oncall.lookahead.rules.worries import Worry
    from oncall.schedules.models import Schedule

Signs = Callable[[Mapping[int, "Schedule"], "datetime"], Iterable[tuple[int, "Worry"]]]
_signs: list[Signs] = []


def add_signs(read: Signs) -> None:
    """Let a feature say what wears people out, given schedules by id: each with the schedule that it is of."""
    _signs.append(read)


def signs(rows: Mapping[int, Schedule], now: datetime) -> dict[int, list[Worry]]:
    """Give what wears people out in each of these schedules."""
    found: defaultdict[int, list[Worry]] = defaultdict(list)
    for read in _signs if rows else ():
        for pk, worry in read(rows, now):
            found[pk].append(worry)
    return found
