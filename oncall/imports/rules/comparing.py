"""What our resolver says beside what the other tool rendered, to the second; and which reading of its rules is right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from oncall.imports.rules.source import (
    Exchange,
    members,
)
from oncall.schedules.rules import layers as ours
from oncall.schedules.rules import resolver
from oncall.schedules.rules.turns import meet

if TYPE_CHECKING:
    from oncall.imports.rules.source import (
        OneOff,
        Place,
        Reading,
        Rendered,
        Rotation,
        Span,
    )

MINUTE = timedelta(minutes=1)
# So much of what was rendered tells readings apart.
LOOKED_AT = timedelta(days=100)
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time [start, end) in which other people are on call there than here."""

    start: datetime
    end: datetime
    there: frozenset[str]
    here: frozenset[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, [start, end), and where the two differ, in order."""

    start: datetime
    end: datetime
    stretches: tuple[Stretch, ...]

    @property
    def compared(self) -> int:
        """The minutes that were looked at."""
        return minutes(self.end - self.start)

    @property
    def different(self) -> int:
        """The minutes in which the two differ."""
        return self.minutes_of(lambda _stretch: True)

    def minutes_of(self, concerns: Callable[[Stretch], bool]) -> int:
        """Add the differing minutes of some stretches up."""
        return minutes(sum((each.end - each.start for each in self.stretches if concerns(each)), timedelta()))


def minutes(length: timedelta) -> int:
    """Give a length in minutes; a part of one counts as one, so that no difference looks like none."""
    return -(-length // MINUTE)


def best(readings: Sequence[Reading], rendered: Rendered | None) -> tuple[Reading, bool]:
    """Give the reading that differs least from what was rendered, the earlier of equals, and whether it had rivals."""
    if rendered is None or len(readings) == 1:
        return readings[0], False
    end = rendered.start + LOOKED_AT
    counted = [compare(each, rendered, rendered.start, end).different for each in readings]
    return readings[counted.index(min(counted))], len(set(counted)) > 1


def compare(
    reading: Reading,
    rendered: Rendered,
    start: datetime,
    end: datetime,
    *,
    known: Callable[[str], bool] = lambda _key: True,
) -> Comparison:
    """Compare over [start, end), cut to what was rendered. Somebody who is not `known` has no place here."""
    start, end = max(start, rendered.start), min(end, rendered.end)
    if start >= end:
        return Comparison(start, start, ())
    there = _on_call(rendered.spans, start, end)
    found: list[Stretch] = []
    for begin, finish, theirs, mine in meet(there, resolved(reading, start, end, known)):
        if theirs == mine:
            continue
        if found and found[-1].end == begin and (found[-1].there, found[-1].here) == (theirs, mine):
            found[-1] = Stretch(found[-1].start, finish, theirs, mine)
        else:
            found.append(Stretch(begin, finish, theirs, mine))
    return Comparison(start, end, tuple(found))


def resolved(
    reading: Reading, start: datetime, end: datetime, known: Callable[[str], bool]
) -> Iterator[tuple[datetime, datetime, frozenset[str]]]:
    """Yield who is on call by our own resolver, in stretches that tile [start, end)."""
    numbers: defaultdict[str, int] = defaultdict(lambda: len(numbers))
    layers = [
        _layer(each, number, {key: numbers[key] for key in members(each.places) if known(key)})
        for number, each in enumerate(reading.rotations, start=1)
    ]
    overrides: list[ours.Override] = []

    def override(each: Exchange, layer: int | None = None) -> None:
        person, replaces = (
            numbers[key] if key is not None and known(key) else None for key in (each.person, each.replaces)
        )
        order = len(overrides)
        everybody = each.replaces is None
        overrides.append(
            ours.Override(order, each.start, each.end, person, replaces, order, everybody, layer=layer)
        )

    for number, (rank, shifts) in enumerate(lanes(reading.one_offs), start=len(layers) + 1):
        layers.append(_lane(rank, number, start))
        for each in shifts:
            override(each, number)
    for each in reading.exchanges:
        # Somebody who is not known has no place that another could take.
        if each.replaces is None or known(each.replaces):
            override(each)
    named = {pk: key for key, pk in numbers.items()}
    for piece in resolver.final(layers, overrides, start, end):
        yield piece.start, piece.end, frozenset(named[pk] for pk in piece.users)


def lanes(one_offs: Sequence[OneOff]) -> list[tuple[int, list[Exchange]]]:
    """Spread single shifts over rotations of nobody, as overrides of those: each such rotation has one at a time.

    An override of one rotation puts its person on call beside whoever the others of its rank have.
    """
    found: list[tuple[int, list[Exchange]]] = []
    for one in sorted(one_offs, key=lambda each: (each.rank, each.start, each.end)):
        for key in one.place or ():
            free = (shifts for rank, shifts in found if rank == one.rank and shifts[-1].end <= one.start)
            lane = next(free, None)
            if lane is None:
                found.append((one.rank, lane := []))
            lane.append(Exchange(one.start, one.end, key))
    return found


def _layer(rotation: Rotation, lineage: int, numbers: Mapping[str, int]) -> ours.Layer:
    def place(keys: Place) -> tuple[int, ...] | None:
        return tuple(numbers[key] for key in keys or () if key in numbers) or None

    return ours.Layer(
        name=rotation.name,
        time_zone=rotation.time_zone,
        start=rotation.start,
        effective_from=rotation.begins,
        effective_until=rotation.until and max(rotation.until, rotation.begins),
        handoff=ours.Handoff(rotation.every, rotation.unit, rotation.handoff_at, rotation.weekday),
        participants=tuple(place(each) for each in rotation.places),
        restrictions=rotation.windows,
        lineage=lineage,
        rank=rotation.rank,
    )


def _lane(rank: int, lineage: int, start: datetime) -> ours.Layer:
    return ours.Layer(
        name="",
        time_zone="UTC",
        start=start,
        effective_from=start,
        effective_until=None,
        handoff=ours.Handoff(1, ours.Unit.DAY, start.time()),
        participants=(None,),
        lineage=lineage,
        rank=rank,
    )


def _on_call(
    spans: Collection[Span], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, frozenset[str]]]:
    """Tile [start, end) with who is on call by these spans."""
    changes: list[tuple[datetime, str, int]] = []
    for span in spans:
        begin, finish = max(span.start, start), min(span.end, end)
        if begin < finish:
            changes += [(begin, span.person, 1), (finish, span.person, -1)]
    changes.sort(key=lambda change: change[0])
    on: defaultdict[str, int] = defaultdict(int)
    since = start
    for instant, person, more in changes:
        if since < instant:
            yield since, instant, frozenset(on)
            since = instant
        on[person] += more
        if not on[person]:
            del on[person]
    if since < end:
        yield since, end, NOBODY
