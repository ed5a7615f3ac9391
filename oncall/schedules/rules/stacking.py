"""What the layers say together: the highest rank that has somebody wins, and layers of one rank are on call together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, pairwise
from operator import itemgetter

from oncall.schedules.rules import exceptions, words
from oncall.schedules.rules.layers import Layer, Override, ShiftKey
from oncall.schedules.rules.places import Absences, Answer, answer, answers
from oncall.schedules.rules.turns import Span, Turn, meet, turn_at

NOBODY = Answer((), None, None, words.UNCOVERED)
Given = tuple[int, Answer, Turn | None]
"""What a layer says: its lineage, its answer before exceptions, and the turn that this is."""
Said = tuple[Answer, Given]


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
    changes: list[tuple[datetime, int, Said | None]] = [(start, -1, None)]
    for number, (_, layer) in enumerate(layers):
        own = overrides.get(layer.lineage, ())
        spans = _excepted(layer, own, absences, start, end) if own else _plain(layer, absences, start, end)
        for begin, finish, own_said in spans:
            changes += ((begin, number, own_said), (finish, number, None))
    changes.append((end, -1, None))
    # The sort is stable, so where two turns of a layer meet, the old one goes before the new one comes.
    changes.sort(key=itemgetter(0))
    all_differ = len({rank for rank, _ in layers}) == len(layers)
    on: dict[int, Said] = {}
    for (instant, number, said), (following, _, _) in pairwise(changes):
        if said is None:
            on.pop(number, None)
        else:
            on[number] = said
        if instant < following:
            top = on[max(on)] if all_differ and on else None
            if top is not None and top[0].users:
                yield instant, following, (top[0], [top[1]])
            else:
                yield (
                    instant,
                    following,
                    winner([(layers[each][0], on[each]) for each in sorted(on, reverse=True)]),
                )


def stacked_at(
    layers: Sequence[tuple[int, Layer]],
    overrides: Mapping[int, Sequence[Override]],
    absences: Absences,
    instant: datetime,
) -> Answer:
    """Say who is on call at one instant by the layers alone."""

    def said() -> Iterator[tuple[int, Said]]:
        for rank, layer in reversed(layers):
            turn = turn_at(layer, instant)
            base = _idle(layer) if turn is None else answer(layer, turn, absences, instant)
            own = exceptions.in_force_at(overrides.get(layer.lineage, ()), instant) if overrides else ()
            found = base
            if own and _is_in_force(layer, instant):
                found = exceptions.changed(base, own, absences, instant, layer=layer.name)
            if turn is not None or found is not base:
                yield rank, (found, (layer.lineage, base, None))

    return winner(said())[0]


def winner(said: Iterable[tuple[int, Said]]) -> tuple[Answer, list[Given]]:
    """Choose among what layers say, the highest first."""
    passed_over: list[str] = []
    for _, group in groupby(said, key=itemgetter(0)):
        # From the lowest on, as they are entered.
        level = [each for _, each in group][::-1]
        there = [each for each in level if each[0].users]
        if len(there) < len(level):
            passed_over += [each[0].reason for each in reversed(level) if not each[0].users]
        if there:
            return _together([each[0] for each in there], passed_over), [each[1] for each in there]
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
        (user, lineage, turn) for lineage, said, turn in given if turn for user in said.users
    )
    return tuple((user, ShiftKey(lineage, *turn)) for user, lineage, turn in found)


def _plain(layer: Layer, absences: Absences, start: datetime, end: datetime) -> Iterator[Span[Said]]:
    lineage = layer.lineage
    for begin, finish, found, turn in answers(layer, absences, start, end):
        yield begin, finish, (found, (lineage, found, turn))


def _excepted(
    layer: Layer, own: Sequence[Override], absences: Absences, start: datetime, end: datetime
) -> Iterator[Span[Said]]:
    """What a layer says with the exceptions of its own, which count as long as the layer is in force."""
    start = max(start, layer.start, layer.effective_from)
    end = end if layer.effective_until is None else min(end, layer.effective_until)
    if start >= end:
        return
    idle: Said = (_idle(layer), (layer.lineage, _idle(layer), None))
    tiles: list[Span[Said]] = []
    reached = start
    for begin, finish, said in _plain(layer, absences, start, end):
        tiles += [(reached, begin, idle), (begin, finish, said)]
        reached = finish
    tiles.append((reached, end, idle))
    for begin, finish, (base, given), some in meet(tiles, exceptions.in_force(own, absences, start, end)):
        found = exceptions.changed(base, some, absences, begin, layer=layer.name)
        if base is not idle[0] or found is not base:
            yield begin, finish, (found, given)


def _is_in_force(layer: Layer, instant: datetime) -> bool:
    begun = instant >= layer.start and instant >= layer.effective_from
    return begun and (layer.effective_until is None or instant < layer.effective_until)


def _idle(layer: Layer) -> Answer:
    return Answer((), None, None, f"{words.named(layer)} does not count at this time")
