"""The rules and the prototype, turn by turn in one run, on values that were read before."""

from __future__ import annotations

import gc
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bench.run import Figure
from bench.schedules import prototype
from bench.schedules.ours import person, values
from bench.schedules.workload import NOW, START, workload
from oncall.schedules.rules.resolver import at, final
from oncall.schedules.rules.turns import wall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.schedules.ours import Values
    from bench.schedules.workload import Workload

RUNS = 9
YEAR = timedelta(days=365)
GRID = 15 * 60
ALLOWANCE = 1.5
"""The rules may take so many times as long as the prototype."""
THOUSAND_MS = 60.0


def measure() -> list[Figure]:
    """Equality first, then how long both take."""
    figures = [Figure("points of the grid with other people", differing(), "", 0, at_least=False, beside="")]
    low, high = START.timestamp(), (START + YEAR).timestamp()
    for rotations in (20, 30):
        work = workload(rotations)
        ours, theirs = _turn_by_turn(
            partial(final, *values(work), START, START + YEAR), partial(prototype.final, work, low, high)
        )
        figures.append(_ratio(f"final schedule, {rotations} rotations, 365 days", ours, theirs))
    for schedules in (100, 1000):
        works = [workload(3) for _ in range(schedules)]
        ours, theirs = _turn_by_turn(
            partial(_answers, [values(work) for work in works]), partial(_prototypes_answers, works)
        )
        figures.append(_ratio(f"on call now, {schedules:,} schedules", ours, theirs))
    figures.append(
        Figure("on call now, 1,000 schedules", ours, " ms", THOUSAND_MS, at_least=False, beside="")
    )
    return figures


def differing(rotations: Sequence[int] = (1, 3, 10, 20, 30), days: Sequence[int] = (7, 30, 365)) -> int:
    """Points of a 15-minute grid, over all windows, at which the two put different people on call."""
    found = 0
    for count in rotations:
        work = workload(count)
        for length in days:
            end = START + timedelta(days=length)
            ours = _grid(
                (piece.start.timestamp(), piece.end.timestamp(), set(piece.users))
                for piece in final(*values(work), START, end)
            )
            theirs = _grid(
                (begin, finish, {person(name) for name in names})
                for begin, finish, names in prototype.final(work, START.timestamp(), end.timestamp())
            )
            found += sum(ours.get(point) != theirs.get(point) for point in ours.keys() | theirs.keys())
    return found


def _grid(stretches: Iterable[tuple[float, float, set[int]]]) -> dict[int, set[int]]:
    points: dict[int, set[int]] = {}
    for begin, end, people in stretches:
        if people:
            points |= dict.fromkeys(range(int(-(-begin // GRID) * GRID), int(end), GRID), people)
    return points


def _answers(schedules: list[Values]) -> list[tuple[int, ...]]:
    return [at(layers, overrides, NOW).users for layers, overrides in schedules]


def _prototypes_answers(works: list[Workload]) -> list[list[str]]:
    return [prototype.who(work, NOW.timestamp()) for work in works]


def _turn_by_turn(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of processor time of each, with nothing kept from the run before.

    The least of the runs: what a processor is slowed by while others use it is in all the others.
    """
    mine, other = [], []
    for _ in range(RUNS):
        wall.cache_clear()
        mine.append(_milliseconds(ours))
        other.append(_milliseconds(theirs))
    return min(mine), min(other)


def _milliseconds(run: Callable[[], object]) -> float:
    gc.collect()
    began = time.process_time()
    run()
    return 1000 * (time.process_time() - began)


def _ratio(name: str, ours: float, theirs: float) -> Figure:
    beside = f"{ours:.1f} ms beside {theirs:.1f} ms of the prototype"
    return Figure(name, ours / theirs, "x", ALLOWANCE, at_least=False, beside=beside)
