"""What must hold of every schedule, tried on random ones drawn around the nights on which clocks change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import prod
from typing import TypeVar

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oncall.schedules.rules.layers import Handoff, Layer, Override, Restriction, Unit
from oncall.schedules.rules.resolver import Slice, at, final, layer_shifts, now
from tests.oncall.schedules import oracle

ZONES = (
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Africa/Cairo",
    "America/Havana",
    "America/Asuncion",
    "America/Nuuk",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/St_Johns",
)
STEADY = ("UTC", "Asia/Kathmandu")
CLOCKS = tuple(
    time(hour, minute)
    for hour, minute in (
        (0, 0), (0, 30), (1, 0), (1, 30), (1, 45), (2, 0), (2, 15), (2, 30), (3, 0), (9, 0), (23, 0), (23, 30), (23, 59)
    )
)  # fmt: skip
T = TypeVar("T")
Place = tuple[int, ...] | None
PEOPLE = range(1, 5)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

# A busy machine is no reason to fail.
examples = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
many_examples = settings(examples, max_examples=200)


@dataclass(frozen=True)
class Situation:
    change: datetime
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...]
    start: datetime
    end: datetime
    active: frozenset[int] | None

    def slices(self) -> tuple[Slice, ...]:
        return final(self.layers, self.overrides, self.start, self.end, self.active)


def change_of(zone: str) -> SearchStrategy[datetime]:
    """An instant at which the zone's clock is moved; any day where it never is."""
    return st.sampled_from(oracle.changes(zone, 2009, 2032) or (datetime(2026, 3, 29, 1, tzinfo=UTC),))


def mostly(usual: SearchStrategy[T], seldom: SearchStrategy[T]) -> SearchStrategy[T]:
    """Leave most schedules plain enough to put somebody on call around the change."""
    # Hypothesis favours the ends of a range, so the seldom lies in the middle.
    return st.integers(0, 15).flatmap(lambda number: seldom if 6 <= number <= 9 else usual)


def near(moment: datetime) -> SearchStrategy[datetime]:
    return NEAR.map(lambda distance: moment + distance)


def clock_of(choice: time | int, zone: str, change: datetime) -> time:
    """A round time of day, or one that the clock skips or shows twice at its change."""
    if isinstance(choice, time):
        return choice
    before, after = oracle.shown(zone, change - MINUTE) + MINUTE, oracle.shown(zone, change)
    quarters, late = divmod(choice, 2)
    return ((after if late else before) + (quarters - 3) * 15 * MINUTE).time()


# Built once, because building strategies costs more than drawing from them.
NEAR = st.one_of(st.integers(-200, 200), st.integers(-4 * 1440, 4 * 1440)).map(lambda count: count * MINUTE)
LONG_BEFORE = st.integers(-66 * 1440, -1440).map(lambda count: count * MINUTE)
AFTER_START = st.integers(0, 20).map(lambda count: count * DAY)
# Left alone, most windows would be minutes long and most schedules without a layer.
WINDOW = mostly(st.integers(2 * 1440, 7 * 1440), st.integers(1, 1440)).map(lambda count: count * MINUTE)
NAMES = st.sampled_from(("AB", "A", "ABC", "", "ABC", "A", "AB"))
LENGTH = st.integers(1, 3 * 1440).map(lambda count: count * MINUTE)
CLOCK: SearchStrategy[time | int] = st.sampled_from(CLOCKS) | st.integers(0, 21)
WEEKDAY = st.none() | st.integers(0, 6)
SOMEONE = st.none() | st.sampled_from(PEOPLE)
SINGLE: SearchStrategy[Place] = st.sampled_from([(person,) for person in PEOPLE])
GROUP: SearchStrategy[Place] = st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=3).map(tuple)
PLACE = mostly(SINGLE, GROUP | st.none())
PLACES = mostly(st.lists(PLACE, min_size=2, max_size=4), st.lists(PLACE, max_size=1)).map(tuple)
START = mostly(LONG_BEFORE, NEAR)
FROM = mostly(st.none(), AFTER_START)
UNTIL = mostly(st.none(), NEAR)
RESTRICTIONS = mostly(st.just([]), st.lists(st.tuples(WEEKDAY, CLOCK, CLOCK), max_size=3))
ACTIVE = st.none() | st.frozensets(st.sampled_from(PEOPLE), min_size=1, max_size=3)
UNITS = (Unit.DAY, Unit.HOUR, Unit.MONTH, Unit.WEEK)


@st.composite
def handoff_rules(draw: DrawFn, zone: str, change: datetime, units: Sequence[Unit] = UNITS) -> Handoff:
    unit = draw(st.sampled_from(units))
    every = draw(st.integers(1, 30 if unit is Unit.HOUR else 3))
    weekday = draw(WEEKDAY) if unit is Unit.WEEK else None
    return Handoff(every, unit, clock_of(draw(CLOCK), zone, change), weekday)


@st.composite
def layers_around(draw: DrawFn, zone: str, change: datetime, name: str) -> Layer:
    own_zone = draw(st.sampled_from((zone, zone, zone, *ZONES)))
    start = change + draw(START)
    later, until = draw(FROM), draw(UNTIL)
    return Layer(
        name=name,
        time_zone=own_zone,
        start=start,
        effective_from=start if later is None else start + later,
        effective_until=None if until is None else change + until,
        handoff=draw(handoff_rules(own_zone, change)),
        participants=draw(PLACES),
        restrictions=tuple(
            Restriction(weekday, clock_of(opens, own_zone, change), clock_of(closes, own_zone, change))
            for weekday, opens, closes in draw(RESTRICTIONS)
        ),
    )


@st.composite
def overrides_around(draw: DrawFn, change: datetime, number: int) -> Override:
    start = change + draw(NEAR)
    end = start + draw(LENGTH)
    user, replaces = draw(SOMEONE), draw(SOMEONE)
    everybody = replaces is None and draw(st.booleans())
    return Override(number, start, end, user, replaces, draw(st.integers(0, 5)), everybody)


@st.composite
def situations(draw: DrawFn) -> Situation:
    zone = draw(st.sampled_from(ZONES))
    change = draw(change_of(zone))
    start = change - DAY + draw(NEAR)
    return Situation(
        change=change,
        layers=tuple(draw(layers_around(zone, change, name)) for name in draw(NAMES)),
        overrides=tuple(draw(overrides_around(change, number)) for number in range(draw(st.integers(0, 4)))),
        start=start,
        end=start + draw(WINDOW),
        active=draw(ACTIVE),
    )


def covering(slices: Sequence[Slice], moment: datetime) -> Slice:
    (found,) = (piece for piece in slices if piece.start <= moment < piece.end)
    return found


def answer(piece: Slice) -> tuple[tuple[int, ...], str | None, int | None]:
    return piece.users, piece.layer, piece.override


def answers(slices: Sequence[Slice]) -> list[object]:
    return [(piece.start, piece.end, answer(piece)) for piece in slices]


def people(slices: Sequence[Slice]) -> list[tuple[datetime, datetime, frozenset[int]]]:
    """Who is on call when, whatever rule says so."""
    joined: list[tuple[datetime, datetime, frozenset[int]]] = []
    for piece in slices:
        users = frozenset(piece.users)
        if joined and joined[-1][2] == users:
            joined[-1] = (joined[-1][0], piece.end, users)
        else:
            joined.append((piece.start, piece.end, users))
    return joined


def moments_that_matter(situation: Situation) -> list[datetime]:
    """Every edge that anybody could name, and the minutes around the change of the clock."""
    edges = {situation.start, situation.end, situation.change}
    for piece in situation.slices():
        edges |= {piece.start, piece.start + (piece.end - piece.start) // 2}
    for override in situation.overrides:
        edges |= {override.start, override.end}
    for layer in situation.layers:
        edges |= {layer.start, layer.effective_from, layer.effective_until or layer.start}
        edges |= {
            begins
            for begins in oracle.handoffs(layer, situation.end)
            if situation.start <= begins <= situation.end
        }
    edges |= {
        situation.change + count * MINUTE for count in (-181, -61, -31, -1, 1, 29, 30, 59, 60, 119, 120, 180)
    }
    around = {edge + step for edge in edges for step in (-TICK, timedelta(), TICK)}
    return sorted(moment for moment in around if situation.start <= moment < situation.end)


@many_examples
@given(situations(), st.lists(st.integers(0, 6 * 1440), max_size=10))
def test_slices_agree_with_the_oracle_at_every_edge_and_in_between(
    situation: Situation, minutes: list[int]
) -> None:
    slices = situation.slices()
    random_moments = [situation.start + count * MINUTE for count in minutes]
    for moment in moments_that_matter(situation) + [each for each in random_moments if each < situation.end]:
        expected = oracle.who(situation.layers, situation.overrides, moment, situation.active)
        assert answer(covering(slices, moment)) == expected, moment


@examples
@given(situations())
def test_at_agrees_with_the_oracle(situation: Situation) -> None:
    for moment in moments_that_matter(situation)[::3]:
        piece = at(situation.layers, situation.overrides, moment, situation.active)
        assert (piece.start, piece.end) == (moment, moment + TICK)
        assert answer(piece) == oracle.who(situation.layers, situation.overrides, moment, situation.active), (
            moment
        )


@examples
@given(situations())
def test_slices_cover_the_window_without_gap_or_overlap(situation: Situation) -> None:
    slices = situation.slices()
    assert slices[0].start == situation.start
    assert slices[-1].end == situation.end
    assert all(earlier.end == later.start for earlier, later in pairwise(slices))


@examples
@given(situations())
def test_slices_have_length_differ_from_their_neighbours_and_are_in_utc(situation: Situation) -> None:
    slices = situation.slices()
    assert all(piece.start < piece.end for piece in slices)
    assert all(
        (answer(earlier), earlier.reason) != (answer(later), later.reason)
        for earlier, later in pairwise(slices)
    )
    assert all(piece.start.tzinfo is UTC and piece.end.tzinfo is UTC for piece in slices)


@examples
@given(situations(), st.integers(1, 6 * 1440))
def test_a_window_may_be_split_anywhere(situation: Situation, minutes: int) -> None:
    seam = situation.start + minutes * MINUTE
    assume(seam < situation.end)
    before, after = replace(situation, end=seam).slices(), replace(situation, start=seam).slices()
    last, first = before[-1], after[0]
    if (answer(last), last.reason) == (answer(first), first.reason):
        joined = (*before[:-1], replace(last, end=first.end), *after[1:])
    else:
        joined = (*before, *after)
    assert joined == situation.slices()


@examples
@given(situations())
def test_every_slice_gives_a_reason(situation: Situation) -> None:
    for piece in situation.slices():
        assert piece.reason
        assert piece.users or piece.override is not None or piece.layer is None


@examples
@given(situations(), st.frozensets(st.sampled_from(PEOPLE)))
def test_nobody_inactive_is_ever_on_call(situation: Situation, active: frozenset[int]) -> None:
    for piece in replace(situation, active=active).slices():
        assert active.issuperset(piece.users)


@examples
@given(situations())
def test_a_layer_whose_people_are_inactive_falls_through_to_the_next(situation: Situation) -> None:
    gone = [tuple(person + 100 for person in place) if place else None for place in ((1,), (2, 3))]
    zone = situation.layers[0].time_zone if situation.layers else "UTC"
    top = Layer(
        "top",
        zone,
        situation.start - 40 * DAY,
        situation.start,
        None,
        Handoff(1, Unit.DAY, time(2, 30)),
        tuple(gone),
    )
    active = frozenset(PEOPLE)
    with_top = final((*situation.layers, top), situation.overrides, situation.start, situation.end, active)
    without = final(situation.layers, situation.overrides, situation.start, situation.end, active)
    assert people(with_top) == people(without)
    assert "top" not in {piece.layer for piece in with_top}


@examples
@given(situations(), st.data())
def test_overrides_that_do_not_overlap_may_come_in_any_order(
    situation: Situation, data: st.DataObject
) -> None:
    disjoint: list[Override] = []
    for override in sorted(situation.overrides, key=lambda each: each.start):
        if not disjoint or disjoint[-1].end <= override.start:
            disjoint.append(override)
    order = data.draw(st.permutations(range(len(disjoint))))
    reordered = tuple(replace(disjoint[index], created_order=rank) for rank, index in enumerate(order))
    assert (
        replace(situation, overrides=reordered).slices()
        == replace(situation, overrides=tuple(disjoint)).slices()
    )


@examples
@given(situations())
def test_an_override_given_twice_in_a_row_counts_once(situation: Situation) -> None:
    ordered = sorted(situation.overrides, key=lambda each: (each.created_order, each.id))
    once = tuple(replace(each, created_order=2 * order) for order, each in enumerate(ordered))
    twice = once + tuple(
        replace(each, id=each.id + 50, created_order=each.created_order + 1) for each in once
    )
    assert people(replace(situation, overrides=twice).slices()) == people(
        replace(situation, overrides=once).slices()
    )


@examples
@given(situations(), st.data())
def test_adding_and_then_removing_a_person_changes_nobody(situation: Situation, data: st.DataObject) -> None:
    newcomer = 99
    drawn = data.draw(overrides_around(situation.change, 60))
    added = Override(60, drawn.start, drawn.end, newcomer, None, 90)
    removed = replace(added, id=61, user=None, replaces=newcomer, created_order=91)
    base = replace(situation, active=None)
    changed = replace(base, overrides=(*base.overrides, added, removed))
    assert people(changed.slices()) == people(base.slices())


@st.composite
def plain_rotations(draw: DrawFn, units: Sequence[Unit]) -> Layer:
    """One layer of single people, with nothing but a change of the clock to trip over."""
    zone = draw(st.sampled_from(ZONES))
    change = draw(change_of(zone).filter(lambda moment: moment.year > 2011))
    start = draw(near(change)) - draw(st.integers(0, 40)) * DAY
    count = draw(st.integers(1, 5))
    handoff = draw(handoff_rules(zone, change, units))
    return Layer("A", zone, start, start, None, handoff, tuple((person,) for person in range(count)))


@examples
@given(plain_rotations(UNITS), st.integers(1, 120))
def test_people_take_turns_without_skip_or_repeat(layer: Layer, days: int) -> None:
    length = timedelta(hours=12 * days) if layer.handoff.unit is Unit.HOUR else days * DAY
    shifts = layer_shifts(layer, layer.start, layer.start + length)
    count = len(layer.participants)
    assert [piece.users for piece in shifts] == [(turn % count,) for turn in range(len(shifts))]
    turns = [sum(1 for piece in shifts if piece.users == (person,)) for person in range(count)]
    assert max(turns) - min(turns) <= 1
    begins = [moment for moment in oracle.handoffs(layer, layer.start + length) if moment > layer.start]
    assert [piece.start for piece in shifts[1:]] == [
        moment for moment in begins if moment < layer.start + length
    ]


# In Nuuk the hour before midnight is left out, so a hand-off in it moves to the next day.
NUUK = datetime(2024, 3, 31, 1, tzinfo=UTC)


@examples
@example(Layer("A", "America/Nuuk", NUUK, NUUK, None, Handoff(1, Unit.DAY, time(23, 30)), ((0,),)))
@given(plain_rotations((Unit.DAY, Unit.WEEK, Unit.MONTH)))
def test_handoffs_keep_their_wall_clock_time_unless_it_does_not_exist(layer: Layer) -> None:
    for piece in layer_shifts(layer, layer.start, layer.start + 100 * DAY)[1:]:
        shown = oracle.shown(layer.time_zone, piece.start)
        nominal = datetime.combine(shown.date(), layer.handoff.at)
        nominal -= DAY if nominal > shown else timedelta()
        assert shown == nominal or not oracle.exists(layer.time_zone, nominal)
        assert piece.start == oracle.instant_of(layer.time_zone, shown)


@examples
@given(
    st.sampled_from(ZONES),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.integers(1, 3),
    st.sampled_from(CLOCKS),
)
def test_monthly_handoffs_keep_their_day_or_take_the_last(
    zone: str, first: date, every: int, clock: time
) -> None:
    start = oracle.instant_of(zone, datetime.combine(first, clock))
    layer = Layer("A", zone, start, start, None, Handoff(every, Unit.MONTH, clock), ((1,), (2,)))
    shifts = layer_shifts(layer, start, start + 500 * DAY)
    assert [piece.start for piece in shifts] == [
        moment for moment in oracle.handoffs(layer, start + 500 * DAY) if moment < start + 500 * DAY
    ]
    assert shifts[0].start == start


PERIODS = {Unit.HOUR: timedelta(hours=1), Unit.DAY: DAY, Unit.WEEK: 7 * DAY}


@examples
@given(st.sampled_from(STEADY), st.integers(-3, 3), st.data())
def test_shifting_a_schedule_by_whole_rotations_shifts_the_answer(
    zone: str, rotations: int, data: st.DataObject
) -> None:
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    handoff = data.draw(handoff_rules(zone, change, tuple(PERIODS)))
    layer = replace(data.draw(layers_around(zone, change, "A")), time_zone=zone, handoff=handoff)
    overrides = [data.draw(overrides_around(change, number)) for number in range(3)]
    start = data.draw(near(change))
    # 168 makes any number of hours a number of weeks, which the restrictions repeat by.
    by = rotations * prod((168, handoff.every, max(len(layer.participants), 1))) * PERIODS[handoff.unit]
    until = layer.effective_until
    moved_layer = replace(
        layer,
        start=layer.start + by,
        effective_from=layer.effective_from + by,
        effective_until=until and until + by,
    )
    moved_overrides = [replace(each, start=each.start + by, end=each.end + by) for each in overrides]
    here = final([layer], overrides, start, start + 5 * DAY)
    there = final([moved_layer], moved_overrides, start + by, start + by + 5 * DAY)
    assert [(piece.start + by, piece.end + by, answer(piece)) for piece in here] == [
        (piece.start, piece.end, answer(piece)) for piece in there
    ]


@examples
@given(st.sampled_from(ZONES), st.data(), st.integers(1, 4), st.integers(1, 10))
def test_a_rotation_that_began_whole_cycles_earlier_gives_the_same_answer(
    zone: str, data: st.DataObject, count: int, cycles: int
) -> None:
    change = data.draw(change_of(zone).filter(lambda moment: moment.year > 2012))
    handoff = replace(data.draw(handoff_rules(zone, change, (Unit.DAY, Unit.WEEK))), weekday=None)
    first = oracle.shown(zone, data.draw(near(change))).date()
    days = cycles * count * handoff.every * (7 if handoff.unit is Unit.WEEK else 1)
    start = oracle.instant_of(zone, datetime.combine(first, handoff.at))
    earlier = oracle.instant_of(zone, datetime.combine(first - days * DAY, handoff.at))
    # A start that the gap has moved to the next date would name another weekday.
    assume(oracle.shown(zone, start).date() == first)
    assume(oracle.shown(zone, earlier).date() == first - days * DAY)
    people = tuple((person,) for person in range(count))
    late = Layer("A", zone, start, start, None, handoff, people)
    early = replace(late, start=earlier)
    assert final([early], [], start, start + 9 * DAY) == final([late], [], start, start + 9 * DAY)


@examples
@given(situations(), st.data())
def test_a_layer_below_never_changes_what_is_covered(situation: Situation, data: st.DataObject) -> None:
    below = data.draw(layers_around("Europe/Berlin", situation.change, "below"))
    changed = replace(situation, layers=(below, *situation.layers)).slices()
    for piece in situation.slices():
        if piece.layer is not None:
            assert piece in changed


@examples
@given(situations(), st.data())
def test_an_edit_changes_nothing_before_its_instant(situation: Situation, data: st.DataObject) -> None:
    edit = situation.start + data.draw(st.integers(1, 3 * 1440)) * MINUTE
    end = edit + data.draw(st.integers(1, 3 * 1440)) * MINUTE
    old = replace(data.draw(layers_around("Europe/Berlin", situation.change, "A")), effective_until=None)
    new = replace(
        data.draw(layers_around("America/Havana", situation.change, "A")),
        effective_from=edit,
        effective_until=None,
    )
    edited = (replace(old, effective_until=edit), new)
    before = (situation.overrides, situation.start, edit, situation.active)
    after = (situation.overrides, edit, end, situation.active)
    assert answers(final(edited, *before)) == answers(final([old], *before))
    assert answers(final(edited, *after)) == answers(final([new], *after))


@examples
@given(situations(), st.integers(1, 40))
def test_now_agrees_with_the_slices_of_the_horizon(situation: Situation, days: int) -> None:
    found = now(situation.layers, situation.overrides, situation.start, days * DAY, situation.active)
    slices = final(
        situation.layers, situation.overrides, situation.start, situation.start + days * DAY, situation.active
    )
    others = [piece for piece in slices if piece.users != slices[0].users]
    assert answer(found.current) == answer(slices[0])
    assert found.current.start == situation.start
    if not others:
        assert (found.following, found.until) == (None, None)
        assert found.current.end == slices[-1].end
        return
    assert found.following is not None
    assert found.until == found.current.end == found.following.start == others[0].start
    assert answer(found.following) == answer(others[0])
    after = [piece for piece in slices if piece.start > others[0].start and piece.users != others[0].users]
    assert found.following.end == (after[0].start if after else slices[-1].end)
