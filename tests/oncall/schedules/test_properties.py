"""S-01 to S-12 and S-16: what must hold of every schedule, tried on random ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from oncall.schedules.rules.layers import Handoff, Layer, Override, Unit
from oncall.schedules.rules.resolver import Slice, at, final, layer_shifts, now
from tests.oncall.schedules import oracle
from tests.oncall.schedules.strategies import (
    CLOCKS,
    DAY,
    MINUTE,
    PEOPLE,
    STEADY,
    TICK,
    UNITS,
    ZONES,
    Situation,
    change_of,
    handoff_around,
    layer_around,
    near,
    override_around,
    plain_rotations,
    situations,
)


def covering(slices: Sequence[Slice], moment: datetime) -> Slice:
    (found,) = (piece for piece in slices if piece.start <= moment < piece.end)
    return found


def answer(piece: Slice) -> tuple[tuple[int, ...], str | None, int | None]:
    return piece.users, piece.layer, piece.override


def assert_agrees(piece: Slice, expected: oracle.Answer, moment: datetime) -> None:
    assert (piece.users, piece.override) == (expected.people, expected.override), moment
    if len(expected.layers) < 2:
        assert piece.layer == (expected.layers[0] if expected.layers else None), moment


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
    for away in situation.away:
        edges |= {away.start or situation.start, away.end or situation.end}
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


@given(situations(), st.lists(st.integers(0, 6 * 1440), max_size=10))
def test_s05_slices_agree_with_the_oracle_at_every_edge_and_in_between(
    situation: Situation, minutes: list[int]
) -> None:
    slices = situation.slices()
    random_moments = [situation.start + count * MINUTE for count in minutes]
    for moment in moments_that_matter(situation) + [each for each in random_moments if each < situation.end]:
        assert_agrees(covering(slices, moment), situation.expected(moment), moment)


@given(situations())
def test_s05_at_agrees_with_the_oracle(situation: Situation) -> None:
    for moment in moments_that_matter(situation)[::3]:
        piece = at(
            situation.layers,
            situation.overrides,
            moment,
            situation.active,
            away=situation.away,
            hours=situation.hours,
        )
        assert (piece.start, piece.end) == (moment, moment + TICK)
        assert_agrees(piece, situation.expected(moment), moment)


@given(situations())
def test_s01_s02_s03_slices_tile_the_window_differ_from_their_neighbours_and_say_why(
    situation: Situation,
) -> None:
    slices = situation.slices()
    assert slices[0].start == situation.start
    assert slices[-1].end == situation.end
    assert all(piece.start < piece.end for piece in slices)
    assert all(piece.start.tzinfo is UTC and piece.end.tzinfo is UTC for piece in slices)
    for earlier, later in pairwise(slices):
        assert earlier.end == later.start
        assert (answer(earlier), earlier.reason) != (answer(later), later.reason)
    for piece in slices:
        assert piece.reason
        assert piece.users or piece.override is not None or piece.layer is None


@given(situations(), st.integers(1, 6 * 1440))
def test_s04_a_window_may_be_split_anywhere(situation: Situation, minutes: int) -> None:
    seam = situation.start + minutes * MINUTE
    assume(seam < situation.end)
    before, after = replace(situation, end=seam).slices(), replace(situation, start=seam).slices()
    last, first = before[-1], after[0]
    if (answer(last), last.reason) == (answer(first), first.reason):
        joined = (*before[:-1], replace(last, end=first.end), *after[1:])
    else:
        joined = (*before, *after)
    assert joined == situation.slices()


@given(situations(), st.frozensets(st.sampled_from(PEOPLE)))
def test_s07_nobody_inactive_or_away_is_ever_on_call(situation: Situation, active: frozenset[int]) -> None:
    for piece in replace(situation, active=active).slices():
        assert active.issuperset(piece.users)
        for away in situation.away:
            begins, ends = away.start or piece.start, away.end or piece.end
            if away.user in piece.users and max(begins, piece.start) < min(ends, piece.end):
                # Only where nobody else is left, which is said, or where an exception means it.
                assert away.yields
                assert piece.override is not None or "because nobody else is left" in piece.reason


@given(situations())
def test_s07_a_layer_whose_people_are_inactive_falls_through_to_the_next(situation: Situation) -> None:
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
        rank=9 if situation.is_ranked else None,
    )
    situation = replace(situation, active=frozenset(PEOPLE))
    with_top = replace(situation, layers=(*situation.layers, top)).slices()
    assert people(with_top) == people(situation.slices())
    assert "top" not in {piece.layer for piece in with_top}


@given(situations(), st.data())
def test_s08_overrides_that_do_not_overlap_may_come_in_any_order(
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


@given(situations())
def test_s08_an_override_given_twice_in_a_row_counts_once(situation: Situation) -> None:
    ordered = sorted(situation.overrides, key=lambda each: (each.created_order, each.id))
    once = tuple(replace(each, created_order=2 * order) for order, each in enumerate(ordered))
    twice = once + tuple(
        replace(each, id=each.id + 50, created_order=each.created_order + 1) for each in once
    )
    assert people(replace(situation, overrides=twice).slices()) == people(
        replace(situation, overrides=once).slices()
    )


@given(situations(), st.data())
def test_s08_adding_and_then_removing_a_person_changes_nobody(
    situation: Situation, data: st.DataObject
) -> None:
    newcomer = 99
    drawn = override_around(data.draw, situation.change, 60)
    added = Override(60, drawn.start, drawn.end, newcomer, None, 90)
    removed = replace(added, id=61, user=None, replaces=newcomer, created_order=91)
    base = replace(situation, active=None)
    changed = replace(base, overrides=(*base.overrides, added, removed))
    assert people(changed.slices()) == people(base.slices())


@given(plain_rotations(UNITS), st.integers(1, 120))
def test_s09_people_take_turns_without_skip_or_repeat(layer: Layer, days: int) -> None:
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


@example(Layer("A", "America/Nuuk", NUUK, NUUK, None, Handoff(1, Unit.DAY, time(23, 30)), ((0,),)))
@given(plain_rotations((Unit.DAY, Unit.WEEK, Unit.MONTH)))
def test_s10_handoffs_keep_their_wall_clock_time_unless_it_does_not_exist(layer: Layer) -> None:
    for piece in layer_shifts(layer, layer.start, layer.start + 100 * DAY)[1:]:
        shown = oracle.shown(layer.time_zone, piece.start)
        nominal = datetime.combine(shown.date(), layer.handoff.at)
        nominal -= DAY if nominal > shown else timedelta()
        assert shown == nominal or not oracle.exists(layer.time_zone, nominal)
        assert piece.start == oracle.instant_of(layer.time_zone, shown)


@given(
    st.sampled_from(ZONES),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.integers(1, 3),
    st.sampled_from(CLOCKS),
)
def test_s10_monthly_handoffs_keep_their_day_or_take_the_last(
    zone: str, first: date, every: int, clock: time
) -> None:
    start = oracle.instant_of(zone, datetime.combine(first, clock))
    layer = Layer("A", zone, start, start, None, Handoff(every, Unit.MONTH, clock), ((1,), (2,)))
    shifts = layer_shifts(layer, start, start + 500 * DAY)
    assert [piece.start for piece in shifts] == [
        moment for moment in oracle.handoffs(layer, start + 500 * DAY) if moment < start + 500 * DAY
    ]
    assert shifts[0].start == start


# The least number of units that is a number of weeks, which restrictions repeat by.
WEEKS = {Unit.HOUR: 168 * timedelta(hours=1), Unit.DAY: 7 * DAY, Unit.WEEK: 7 * DAY}


@given(st.sampled_from(STEADY), st.integers(-3, 3), st.data())
def test_s12_shifting_a_schedule_by_whole_rotations_shifts_the_answer(
    zone: str, rotations: int, data: st.DataObject
) -> None:
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    handoff = handoff_around(data.draw, zone, change, tuple(WEEKS))
    layer = replace(layer_around(data.draw, zone, change, "A"), time_zone=zone, handoff=handoff)
    overrides = [override_around(data.draw, change, number) for number in range(3)]
    start = change + near(data.draw)
    by = rotations * handoff.every * max(len(layer.participants), 1) * WEEKS[handoff.unit]
    until = layer.effective_until
    moved_layer = replace(
        layer,
        start=layer.start + by,
        effective_from=layer.effective_from + by,
        effective_until=until and until + by,
        holidays=frozenset(day + by for day in layer.holidays),
    )
    moved_overrides = [replace(each, start=each.start + by, end=each.end + by) for each in overrides]
    here = final([layer], overrides, start, start + 5 * DAY)
    there = final([moved_layer], moved_overrides, start + by, start + by + 5 * DAY)
    assert [(piece.start + by, piece.end + by, answer(piece)) for piece in here] == [
        (piece.start, piece.end, answer(piece)) for piece in there
    ]


@given(st.sampled_from(ZONES), st.data(), st.integers(1, 4), st.integers(1, 10))
def test_s12_a_rotation_that_began_whole_cycles_earlier_gives_the_same_answer(
    zone: str, data: st.DataObject, count: int, cycles: int
) -> None:
    change = change_of(data.draw, zone, after=2012)
    handoff = replace(handoff_around(data.draw, zone, change, (Unit.DAY, Unit.WEEK)), weekday=None)
    first = oracle.shown(zone, change + near(data.draw)).date()
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


@given(situations(), st.data())
def test_s16_a_layer_below_never_changes_what_is_covered(situation: Situation, data: st.DataObject) -> None:
    drawn = layer_around(data.draw, "Europe/Berlin", situation.change, "below")
    below = replace(drawn, rank=-1 if situation.is_ranked else None)
    changed = replace(situation, layers=(below, *situation.layers)).slices()
    for piece in situation.slices():
        if piece.layer is not None:
            assert piece in changed


@given(situations(), st.data())
def test_s11_an_edit_changes_nothing_before_its_instant(situation: Situation, data: st.DataObject) -> None:
    edit = situation.start + data.draw(st.integers(1, 3 * 1440)) * MINUTE
    end = edit + data.draw(st.integers(1, 3 * 1440)) * MINUTE
    old = replace(
        layer_around(data.draw, "Europe/Berlin", situation.change, "A"), lineage=1, effective_until=None
    )
    new = replace(
        layer_around(data.draw, "America/Havana", situation.change, "A"),
        lineage=1,
        effective_from=edit,
        effective_until=None,
    )
    edited = (replace(old, effective_until=edit), new)

    def between(layers: tuple[Layer, ...], start: datetime, end: datetime) -> list[object]:
        return answers(replace(situation, layers=layers, start=start, end=end).slices())

    assert between(edited, situation.start, edit) == between((old,), situation.start, edit)
    assert between(edited, edit, end) == between((new,), edit, end)


@given(situations(), st.integers(1, 40))
def test_s06_now_agrees_with_the_slices_of_the_horizon(situation: Situation, days: int) -> None:
    found = now(
        situation.layers,
        situation.overrides,
        situation.start,
        days * DAY,
        situation.active,
        away=situation.away,
        hours=situation.hours,
    )
    slices = replace(situation, end=situation.start + days * DAY).slices()
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
