"""What the features above schedules know of exceptions: swaps, events of a calendar. They register how to read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from oncall.schedules.rules.layers import Layer, Override

Read = Callable[[Mapping[int, Sequence[Layer]], datetime, datetime], Mapping[int, Sequence[Override]]]
"""Given the layers of some schedules, by schedule, and a window: the exceptions of each of them in it."""

Naming = Callable[[Collection[int]], Iterable[int]]
"""Given some people: the schedules in which an exception puts one of them on call."""

_known: list[tuple[Read, Naming]] = []


def add_exceptions(read: Read, *, naming: Naming) -> None:
    """Let a feature say which exceptions it knows of; `created_order` is their time in microseconds since 1970."""
    _known.append((read, naming))


def exceptions(
    layers: Mapping[int, Sequence[Layer]], start: datetime, end: datetime
) -> Mapping[int, Sequence[Override]]:
    """Give the exceptions that other features know of, by schedule."""
    found: defaultdict[int, list[Override]] = defaultdict(list)
    for read, _ in _known:
        for schedule_id, some in read(layers, start, end).items():
            found[schedule_id] += some
    return found


def naming(user_ids: Collection[int]) -> set[int]:
    """Give the schedules in which an exception of another feature puts one of these people on call."""
    return {pk for _, named in _known for pk in named(user_ids)}
