"""What the layers say together: the highest rank that has somebody wins, and layers of one rank are on call together.

Layers of one rank that hand over at the same times are a choir: their turns are counted once for all of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, groupby, pairwise
from math import lcm
from operator import itemgetter
from typing import NamedTuple

from oncall.schedules.rules import exceptions, words
from oncall.schedules.rules.layers import Layer, Override, ShiftKey
from oncall.schedules.rules.places import Absences, Answer, answer, answers, people
from oncall.schedules.rules.turns import Span, Turn, meet, rhythm, shifts, turn_at

NOBODY = Answer((), None, None, words.UNCOVERED)
Given = tuple[Turn | None, tuple[tuple[int, Answer], ...]]
"""A turn, and by lineage what the layers say that give it out, before exceptions."""


class Said(NamedTuple):
    """What a choir says: the answer of each layer by its number, and what these are without other layers."""

    voices: tuple[tuple[int, Answer], ...]
    alone: Answer
    given: Given


def ranked(layers: Sequence[Layer]) -> list[tuple[int, Layer]]:
    """Give the layers with their ranks, the lowest first; without ranks, each stands above those before it."""
    ranks = [number if layer.rank is None else layer.rank for number, layer in enumerate(layers)]
    return sorted(zip(ranks, layers, strict=True), key=itemgetter(0))


def stacked(
    layers: Sequence[tuple[int, Layer]],
    overrides: Mapping[int, Sequence[Override]],
    absences: Absences,
    start: datetime,
    end: datetime,
) -> Iterator[Span[tuple[Answer, list[Given]]]]:
    """Tile the window with what the layers say, and who gave it out; `overrides` are those of one layer, by lineage."""
    choirs = _choirs(layers, overrides, absences, start, end)
    changes: list[tuple[datetime, int, Said | None]] = [(start, -1, None)]
    for number, (_, spans) in enumerate(choirs):
        for begin, finish, own_said in spans:
            changes += ((begin, number, own_said), (finish, number, None))
    changes.append((end, -1, None))
    # The sort is stable, so where two turns of a choir meet, the old one goes before the new one comes.
    changes.sort(key=itemgetter(0))
    all_differ = len({rank for rank, _ in choirs}) == len(choirs)
    on: dict[int, Said] = {}
    for (instant, number, said), (following, _, _) in pairwise(changes):
        if said is None:
            on.pop(number, None)
        else:
            on[number] = said
        if instant < following:
            top = on[max(on)] if all_differ and on else None
            if top is not None and top.alone.users:
                yield instant, following, (top.alone, [top.given])
            else:
                yield (
                    instant,
                    following,
                    winner([(choirs[each][0], on[each]) for each in sorted(on, reverse=True)]),
                )


def stacked_at(
    layers: Sequence[tuple[int, Layer]],
    overrides: Mapping[int, Sequence[Override]],
    absences: Absences,
    instant: datetime,
) -> Answer:
    """Say who is on call at one instant by the layers alone."""

    def said() -> Iterator[tuple[int, Said]]:
        for number in reversed(range(len(layers))):
            rank, layer = layers[number]
            turn = turn_at(layer, instant)
            base = _idle(layer) if turn is None else answer(layer, turn, absences, instant)
            own = exceptions.in_force_at(overrides.get(layer.lineage, ()), instant) if overrides else ()
            found = base
            if own and _is_in_force(layer, instant):
                found = exceptions.changed(base, own, absences, instant, layer=layer.name)
            if turn is not None or found is not base:
                yield rank, _solo(number, layer, found, base, None)

    return winner(said())[0]


def winner(said: Iterable[tuple[int, Said]]) -> tuple[Answer, list[Given]]:
    """Choose among what choirs say, the highest rank first."""
    passed_over: list[str] = []
    for _, group in groupby(said, key=itemgetter(0)):
        level = [each for _, each in group]
        # From the lowest on, as they are entered.
        own = (
            level[0].voices
            if len(level) == 1
            else sorted(chain(*(each.voices for each in level)), key=itemgetter(0))
        )
        voices = [found for _, found in own]
        there = [each for each in voices if each.users]
        if len(there) < len(voices):
            passed_over += [each.reason for each in reversed(voices) if not each.users]
        if there:
            return _together(there, passed_over), [each.given for each in level if each.alone.users]
    return replace(NOBODY, reason="; ".join(passed_over) or NOBODY.reason), []


def _together(answers_: Sequence[Answer], passed_over: Sequence[str]) -> Answer:
    if len(answers_) == 1 and not passed_over:
        return answers_[0]
    users, names, reasons = dict[int, None](), dict[str, None](), dict[str, None]()
    override = swap = None
    for each in answers_:
        for user in each.users:
            users[user] = None
        reasons[each.reason] = None
        if each.layer:
            names[each.layer] = None
        override = override if each.override is None else each.override
        swap = swap if each.swap is None else each.swap
    return Answer(
        users=tuple(users),
        layer=" and ".join(names) or None,
        override=override,
        swap=swap,
        reason="; ".join((" and ".join(reasons), *passed_over)),
    )


def shift_keys(given: Iterable[Given]) -> tuple[tuple[int, ShiftKey], ...]:
    """Name the turns that are given out, with whom each is."""
    found = dict.fromkeys(
        (user, lineage, turn)
        for turn, said in given
        if turn
        for lineage, answer_ in said
        for user in answer_.users
    )
    return tuple((user, ShiftKey(lineage, *turn)) for user, lineage, turn in found)


def _choirs(
    layers: Sequence[tuple[int, Layer]],
    overrides: Mapping[int, Sequence[Override]],
    absences: Absences,
    start: datetime,
    end: datetime,
) -> list[tuple[int, Iterator[Span[Said]]]]:
    """Give what the choirs say, the lowest rank first. With exceptions or absences of its own, a layer sings alone."""
    together: dict[object, list[tuple[int, Layer]]] = {}
    found: list[tuple[int, Iterator[Span[Said]]]] = []
    for number, (rank, layer) in enumerate(layers):
        if own := overrides.get(layer.lineage):
            found.append((rank, _excepted(number, layer, own, absences, start, end)))
        elif absences.touch(people(layer)):
            found.append((rank, _plain(number, layer, absences, start, end)))
        else:
            together.setdefault((rank, rhythm(layer)), []).append((number, layer))
    found += [(layers[choir[0][0]][0], _chorus(choir, absences, start, end)) for choir in together.values()]
    return sorted(found, key=itemgetter(0))


def _chorus(
    choir: Sequence[tuple[int, Layer]], absences: Absences, start: datetime, end: datetime
) -> Iterator[Span[Said]]:
    # After so many turns everybody has the place that they had.
    period = lcm(*(len(layer.participants) or 1 for _, layer in choir))
    known: dict[int, Said] = {}
    for begin, finish, turn in shifts(choir[0][1], start, end):
        said = known.get(turn[0] % period)
        if said is None:
            found = [
                (number, layer.lineage, answer(layer, turn[0], absences, begin)) for number, layer in choir
            ]
            voices = tuple((number, one) for number, _, one in found)
            given = (turn, tuple((lineage, one) for _, lineage, one in found))
            alone, _ = winner([(0, Said(voices, NOBODY, given))])
            said = known[turn[0] % period] = Said(voices, alone, given)
        yield begin, finish, said._replace(given=(turn, said.given[1]))


def _plain(
    number: int, layer: Layer, absences: Absences, start: datetime, end: datetime
) -> Iterator[Span[Said]]:
    for begin, finish, found, turn in answers(layer, absences, start, end):
        yield begin, finish, _solo(number, layer, found, found, turn)


def _solo(number: int, layer: Layer, found: Answer, base: Answer, turn: Turn | None) -> Said:
    return Said(((number, found),), found, (turn, ((layer.lineage, base),)))


def _excepted(
    number: int,
    layer: Layer,
    own: Sequence[Override],
    absences: Absences,
    start: datetime,
    end: datetime,
) -> Iterator[Span[Said]]:
    """What a layer says with the exceptions of its own, which count as long as the layer is in force."""
    start = max(start, layer.start, layer.effective_from)
    end = end if layer.effective_until is None else min(end, layer.effective_until)
    if start >= end:
        return
    idle = _idle(layer)
    tiles: list[Span[tuple[Answer, Turn | None]]] = []
    reached = start
    for begin, finish, base, turn in answers(layer, absences, start, end):
        tiles += [(reached, begin, (idle, None)), (begin, finish, (base, turn))]
        reached = finish
    tiles.append((reached, end, (idle, None)))
    for begin, finish, (base, turn_), some in meet(tiles, exceptions.in_force(own, absences, start, end)):
        found = exceptions.changed(base, some, absences, begin, layer=layer.name)
        if base is not idle or found is not base:
            yield begin, finish, _solo(number, layer, found, base, turn_)


def _is_in_force(layer: Layer, instant: datetime) -> bool:
    begun = instant >= layer.start and instant >= layer.effective_from
    return begun and (layer.effective_until is None or instant < layer.effective_until)


def _idle(layer: Layer) -> Answer:
    return Answer((), None, None, f"{words.named(layer)} does not count at this time")
