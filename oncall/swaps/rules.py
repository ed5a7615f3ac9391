"""Whose a shift is, and what swaps make of it. A shift has a name in its rotation, which outlives edits of its times."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from oncall.schedules.rules import turns
from oncall.schedules.rules.layers import Exceptional, Layer, Override, ShiftKey

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEAR = timedelta(days=1)
"""How far a shift may move by an edit and still be the one that was given away; a long one by half its length."""
REACH = timedelta(days=45)
"""How far beside a window shifts are looked for that reach into it."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Taken:
    """A shift that `taker` has for `giver` since a swap came into force, and when it was last known to be."""

    swap: int
    key: ShiftKey
    giver: int
    taker: int
    start: datetime
    end: datetime
    since: datetime
    until: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole shift of somebody, in one piece or, where its windows are shut in between, in several."""

    key: ShiftKey
    layer: str
    pieces: tuple[Span, ...]

    @property
    def start(self) -> datetime:
        return self.pieces[0][0]

    @property
    def end(self) -> datetime:
        return self.pieces[-1][1]


def exceptions(
    layers: Sequence[Layer], taken: Sequence[Taken], start: datetime, end: datetime
) -> list[Override]:
    """Give what swaps change within a window. Where a shift is no longer its giver's, a swap changes nothing."""
    found = []
    by_key = _by_key(taken)
    for layer, key, pieces in _named(layers, by_key.keys(), start, end):
        for each in by_key[key]:
            before = [one for one in by_key[key] if _came_before(one, each)]
            if each.giver in _passed_on(_place(layer, key), before):
                found += [
                    _override(each, layer, since, until)
                    for since, until in pieces
                    if is_near(since, until, each.start, each.end)
                ]
    return [each for each in found if each.start < each.end]


def shifts_of(
    user: int, layers: Sequence[Layer], taken: Sequence[Taken], start: datetime, end: datetime
) -> list[Whole]:
    """Give the whole shifts that are somebody's and reach into a window, swaps counted, soonest first."""
    by_key = _by_key(taken)
    found: dict[ShiftKey, Whole] = {}
    for layer, key, pieces in _named(layers, None, start, end):
        if user in holders(layer, key, by_key.get(key, ())):
            before = found[key].pieces if key in found else ()
            found[key] = Whole(key, layer.name, tuple(sorted((*before, *pieces))))
    return sorted(found.values(), key=lambda each: (each.start, each.key.lineage, each.key.turn))


def holders(layer: Layer, key: ShiftKey, taken: Iterable[Taken]) -> list[int]:
    """Give whose a turn is once the swaps of it are counted, in the order in which they came into force."""
    return _passed_on(_place(layer, key), [each for each in taken if each.until is None])


def is_near(start: datetime, end: datetime, known_start: datetime, known_end: datetime) -> bool:
    """Say whether a shift is still about where it was known to be; further off it is another one of that name."""
    far = max(NEAR, (known_end - known_start) / 2)
    return start >= known_start - far and end <= known_end + far


def _passed_on(place: Sequence[int], taken: Iterable[Taken]) -> list[int]:
    """Give who has a turn of these people once they gave it on, in that order."""
    people = list(place)
    for each in taken:
        if each.giver in people:
            people[people.index(each.giver)] = each.taker
    return people


def _came_before(one: Taken, other: Taken) -> bool:
    """Whether a swap was in force when another one came."""
    came = (one.since, one.swap) < (other.since, other.swap)
    return came and (one.until is None or one.until > other.since)


def _by_key(taken: Sequence[Taken]) -> dict[ShiftKey, list[Taken]]:
    found: dict[ShiftKey, list[Taken]] = {}
    for each in sorted(taken, key=lambda one: (one.since, one.swap)):
        found.setdefault(each.key, []).append(each)
    return found


def _named(
    layers: Sequence[Layer], keys: Collection[ShiftKey] | None, start: datetime, end: datetime
) -> Iterator[tuple[Layer, ShiftKey, list[Span]]]:
    """Give the turns (None: all) that reach into a window, each from its own beginning to its own end."""
    lineages = None if keys is None else {key.lineage for key in keys}
    for layer in layers:
        if lineages is not None and layer.lineage not in lineages:
            continue
        seen: set[ShiftKey] = set()
        for begin, _, name in turns.shifts(layer, start, end):
            key = ShiftKey(layer.lineage, *name)
            if key not in seen and (keys is None or key in keys):
                seen.add(key)
                yield (
                    layer,
                    key,
                    [
                        (since, until)
                        for since, until, other in turns.shifts(layer, *turns.whole(layer, begin))
                        if other == name
                    ],
                )


def _place(layer: Layer, key: ShiftKey) -> Sequence[int]:
    if not layer.participants:
        return ()
    return tuple(dict.fromkeys(layer.participants[key.turn % len(layer.participants)] or ()))


def _override(each: Taken, layer: Layer, since: datetime, until: datetime) -> Override:
    start = max(since, each.since)
    return Override(
        each.swap,
        start,
        max(start, until if each.until is None else min(until, each.until)),
        each.taker,
        each.giver,
        (each.since - EPOCH) // timedelta(microseconds=1),
        layer=layer.lineage,
        by=each.by,
        kind=Exceptional.SWAP,
    )


def merged(wholes: Iterable[Whole]) -> Mapping[ShiftKey, Whole]:
    """Give shifts by their names."""
    return {each.key: each for each in wholes}


REST, LONGEST = timedelta(hours=11), timedelta(days=7, hours=2)
"""How long everybody rests between two stretches on call, and how long one lasts at most over a change of clocks."""
AROUND = timedelta(days=28)
"""How far around a shift the hours on call are counted that a cover keeps even."""
TIRED = "rests after a night of many pages"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody who could take a shift: their hours and nights on call around it, and what speaks against it."""

    user: int
    hours: int
    nights: int
    against: tuple[str, ...] = ()
    is_free: bool = True


def ranked(
    pieces: Sequence[Span],
    people: Mapping[int, ZoneInfo],
    duties: Mapping[int, Sequence[Span]],
    away: Mapping[int, Sequence[Span]],
    rests: Mapping[int, Sequence[Span]] | None = None,
) -> list[Suggestion]:
    """Rank who could take a shift: who is free and rests enough comes first, of those who has the fewest hours."""
    found = [
        _suggestion(user, zone, pieces, joined(duties.get(user, ())), away.get(user, ()))
        for user, zone in people.items()
    ]
    found = [
        replace(one, against=(*one.against, TIRED))
        if _meets(pieces, (rests or {}).get(one.user, ()))
        else one
        for one in found
    ]
    return sorted(found, key=lambda one: (not one.is_free, len(one.against), one.hours, one.nights, one.user))


def joined(spans: Iterable[Span]) -> list[Span]:
    """Give stretches in order, those that meet or overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _suggestion(
    user: int, zone: ZoneInfo, pieces: Sequence[Span], duties: Sequence[Span], away: Sequence[Span]
) -> Suggestion:
    taken = _meets(pieces, duties)
    gone = _meets(pieces, away)
    against = [words for words, holds in (("on call then already", taken), ("away then", gone)) if holds]
    if not taken:
        against += _tired(pieces, duties)
    hours = sum((end - start for start, end in duties), timedelta()) // timedelta(hours=1)
    nights = sum(_nights(start, end, zone) for start, end in duties)
    return Suggestion(user, hours, nights, tuple(against), is_free=not taken and not gone)


def _meets(pieces: Sequence[Span], spans: Sequence[Span]) -> bool:
    return any(begin < end and start < finish for begin, finish in pieces for start, end in spans)


def _tired(pieces: Sequence[Span], duties: Sequence[Span]) -> list[str]:
    """What taking these pieces beside one's own duties would break."""
    stretches = joined([*pieces, *duties])
    rests = [later - end for (_, end), (later, _) in pairwise(stretches) if _touches(pieces, end, later)]
    found = []
    if any(rest < REST for rest in rests):
        found.append(f"less than {REST // timedelta(hours=1)} hours of rest")
    own = {span for span in stretches if _meets(pieces, [span])}
    if any(end - start > LONGEST for start, end in own) and not any(
        finish - begin > LONGEST for begin, finish in pieces
    ):
        found.append(f"more than {LONGEST.days} days in a row")
    return found


def _touches(pieces: Sequence[Span], end: datetime, start: datetime) -> bool:
    """Whether a rest from `end` to `start` lies at one of these pieces, not between two duties of one's own."""
    return any(begin == start or finish == end for begin, finish in pieces)


def _nights(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Count the nights of a stretch: how often it is three in the morning where the person lives."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    days = (last.date() - first.date()).days
    return max(0, days + (first.hour < 3) - (last.hour < 3))
