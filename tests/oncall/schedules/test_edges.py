"""To the letter: where a layer begins, days that a zone leaves out or has twice, and what an edit empties."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.schedules.rules import compare, exceptions, stacking
from oncall.schedules.rules.layers import (
    Away,
    CoverageHours,
    Exceptional,
    Handoff,
    Layer,
    Malformed,
    OnHolidays,
    Override,
    Restriction,
    Unit,
)
from oncall.schedules.rules.places import Absences
from oncall.schedules.rules.resolver import Kind, Slice, at, final
from oncall.schedules.rules.turns import days_of, shifts, turn_at

ANA, BEN, CLEO = 1, 2, 3
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
TUESDAY = date(2026, 1, 6)


def rotation(*people: int, zone: str = "UTC", start: datetime = MONDAY) -> Layer:
    return Layer(
        name="Primary",
        time_zone=zone,
        start=start,
        effective_from=start,
        effective_until=None,
        handoff=Handoff(1, Unit.DAY, time(9)),
        participants=tuple((each,) for each in people),
        lineage=7,
    )


def piece(start: int, end: int, *users: int, closed: bool = False) -> Slice:
    return Slice(MONDAY + start * HOUR, MONDAY + end * HOUR, users, None, None, "why", is_closed=closed)


# What an edit empties


def test_what_an_edit_leaves_to_nobody_is_joined_where_it_meets() -> None:
    old = [piece(0, 2, ANA), piece(2, 4, BEN), piece(4, 6, ANA), piece(6, 9, ANA)]
    new = [piece(0, 1, ANA), piece(1, 2), piece(2, 4), piece(4, 6, BEN), piece(6, 8), piece(8, 9, BEN)]
    assert compare.emptied(old, new) == [
        (MONDAY + 1 * HOUR, MONDAY + 4 * HOUR),
        (MONDAY + 6 * HOUR, MONDAY + 8 * HOUR),
    ]


def test_a_gap_that_was_there_and_a_time_that_closes_are_not_emptied() -> None:
    old = [piece(0, 2), piece(2, 4, closed=True), piece(4, 6, ANA), piece(6, 8, ANA)]
    new = [piece(0, 2), piece(2, 4), piece(4, 6, closed=True), piece(6, 8)]
    assert compare.emptied(old, new) == [(MONDAY + 6 * HOUR, MONDAY + 8 * HOUR)]


# Exceptions


def off(start: datetime, end: datetime, *, layer: int | None = None, user: int | None = None) -> Override:
    return Override(1, start, end, user, None, 1, replaces_everybody=True, layer=layer)


def test_who_is_taken_off_call_leaves_a_gap_and_a_closed_time_stays_closed() -> None:
    whole = off(MONDAY, MONDAY + DAY)
    left = at([rotation(ANA)], [whole], MONDAY + HOUR)
    assert (left.users, left.kind) == ((), Kind.GAP)
    mornings = [CoverageHours("UTC", (Restriction(0, time(6), time(10)),))]
    closed = at([rotation(ANA)], [whole], MONDAY + 5 * HOUR, hours=mornings)
    assert (closed.users, closed.kind) == ((), Kind.CLOSED)


EARLY = rotation(ANA, start=MONDAY - DAY)


@pytest.mark.parametrize("later", [replace(EARLY, start=MONDAY), replace(EARLY, effective_from=MONDAY)])
def test_an_exception_of_a_layer_waits_for_the_layer(later: Layer) -> None:
    cover = off(MONDAY - 2 * HOUR, MONDAY + 2 * HOUR, layer=7, user=BEN)
    found = final([later], [cover], MONDAY - 3 * HOUR, MONDAY + 3 * HOUR)
    assert [(each.start, each.end, each.users) for each in found] == [
        (MONDAY - 3 * HOUR, MONDAY, ()),
        (MONDAY, MONDAY + 2 * HOUR, (BEN,)),
        (MONDAY + 2 * HOUR, MONDAY + 3 * HOUR, (ANA,)),
    ]


def test_a_swap_in_one_of_two_that_are_on_call_together_is_named() -> None:
    pair = [replace(rotation(ANA), rank=0), replace(rotation(CLEO), rank=0, lineage=8, name="Second")]
    swap = replace(off(MONDAY, MONDAY + DAY, layer=7, user=BEN), id=5, kind=Exceptional.SWAP)
    cover = replace(off(MONDAY, MONDAY + DAY, layer=8, user=ANA), id=6)
    for own, named in (([swap], (5, None)), ([cover], (None, 6)), ([swap, cover], (5, 6))):
        found = at(pair, own, MONDAY + HOUR)
        assert (found.swap, found.override) == named
        (piece_,) = final(pair, own, MONDAY, MONDAY + HOUR)
        assert (piece_.swap, piece_.override) == named


def test_what_the_layers_say_has_no_empty_stretch() -> None:
    layers = stacking.ranked([rotation(ANA, BEN), replace(rotation(BEN, ANA), lineage=8)])
    spans = [
        (begin, end)
        for begin, end, _ in stacking.stacked(layers, {}, Absences(None), MONDAY, MONDAY + 3 * DAY)
    ]
    assert spans == [(MONDAY + n * DAY, MONDAY + (n + 1) * DAY) for n in range(3)]


def test_exceptions_outside_of_the_window_cut_nothing() -> None:
    end = MONDAY + DAY
    outside = [off(end + HOUR, end + DAY), off(MONDAY - DAY, MONDAY - HOUR)]
    assert list(exceptions.in_force(outside, Absences(None), MONDAY, end)) == [(MONDAY, end, [])]


# Who is away


def test_who_is_kept_although_away_is_on_call_by_the_layer() -> None:
    away = [Away(ANA, MONDAY, MONDAY + DAY, "is away", passes_on=True, yields=True)]
    kept = at([rotation(ANA)], [], MONDAY + HOUR, away=away)
    assert (kept.users, kept.layer) == ((ANA,), "Primary")


def test_where_nobody_can_be_kept_it_says_so() -> None:
    away = [Away(ANA, MONDAY, MONDAY + DAY, "is away", passes_on=True)]
    gone = at([rotation(ANA)], [], MONDAY + HOUR, away=away)
    assert (gone.users, gone.layer) == ((), None)
    assert gone.reason == 'layer "Primary" has nobody active in this turn'


# Days


def test_a_holiday_that_begins_where_the_window_ends_gives_no_shift() -> None:
    layer = replace(rotation(ANA), on_holidays=OnHolidays.ONLY, holidays=frozenset({TUESDAY}))
    midnight = datetime(2026, 1, 6, tzinfo=UTC)
    assert list(shifts(layer, MONDAY, midnight)) == []
    assert [(begin, end) for begin, end, _ in shifts(layer, MONDAY, midnight + HOUR)] == [
        (midnight, midnight + HOUR)
    ]


def test_holidays_that_follow_one_another_are_one_stretch() -> None:
    days = [TUESDAY + DAY, TUESDAY, TUESDAY + 3 * DAY]
    begin = datetime(2026, 1, 6, tzinfo=UTC)
    assert days_of("UTC", days, begin, begin + 5 * DAY) == [
        (begin, begin + 2 * DAY, None),
        (begin + 3 * DAY, begin + 4 * DAY, None),
    ]


@pytest.mark.parametrize(
    ("zone", "window", "instant", "local"),
    [
        # Samoa left out the 30th: a night that began on the 29th ends on the 31st.
        ("Pacific/Apia", Restriction(3, time(22), time(6)), "2011-12-30T13:00", "2011-12-31 03:00"),
        # Newfoundland put its clocks back at 00:01: Sunday had begun, and Saturday came back.
        ("America/St_Johns", Restriction(6, time(0), time(8)), "2010-11-07T02:45", "2010-11-06 23:15"),
    ],
)
def test_a_window_goes_on_over_a_day_that_is_left_out_or_comes_back(
    zone: str, window: Restriction, instant: str, local: str
) -> None:
    moment = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" == local
    layer = replace(
        rotation(ANA, zone=zone, start=datetime(2010, 1, 4, 9, tzinfo=UTC)), restrictions=(window,)
    )
    assert turn_at(layer, moment) is not None
    assert [each.users for each in final([layer], [], moment, moment + HOUR / 2)] == [(ANA,)]


# Layers


def test_a_layer_that_counts_before_it_begins_has_no_turn_then() -> None:
    early = replace(rotation(ANA), effective_from=MONDAY - DAY)
    assert [(begin, end) for begin, end, _ in shifts(early, MONDAY - DAY, MONDAY + DAY)] == [
        (MONDAY, MONDAY + DAY)
    ]


def test_a_window_that_ends_where_it_is_asked_from_gives_no_shift() -> None:
    window = replace(rotation(ANA), restrictions=(Restriction(None, time(10), time(12)),))
    noon = MONDAY + 3 * HOUR
    assert [begin for begin, _, _ in shifts(window, noon, noon + DAY)] == [MONDAY + DAY + HOUR]


def test_a_window_is_named_by_the_date_of_its_zone() -> None:
    night = Restriction(None, time(2), time(6))
    layer = replace(rotation(ANA, zone="Asia/Tokyo"), restrictions=(night,))
    opens = datetime(2026, 1, 5, 17, tzinfo=UTC)
    (found,) = shifts(layer, opens, opens + HOUR)
    assert found[2] == (0, TUESDAY)


def test_a_layer_that_a_calendar_feeds_is_called_one() -> None:
    fed = replace(rotation(), is_fed=True, name="Holidays")
    assert at([fed], [], MONDAY).reason == 'calendar "Holidays" names nobody at this time'
    assert at([replace(fed, is_fed=False)], [], MONDAY).reason == 'layer "Holidays" has no participants'


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Handoff(0, Unit.DAY, time(9)), "a rotation lasts at least one unit"),
        (lambda: rotation(ANA, start=datetime(2026, 1, 5, 9)), "a moment needs a zone"),  # noqa: DTZ001
        (lambda: Handoff(1, Unit.DAY, time(9, tzinfo=UTC)), "a wall-clock time has no zone of its own"),
        (lambda: Restriction(None, time(9, fold=1), time(10)), "a wall-clock time has no zone of its own"),
        (lambda: Restriction(7, time(9), time(10)), "a weekday is a number from 0, Monday, to 6"),
    ],
)
def test_what_means_nothing_is_refused_in_words(make: Callable[[], object], said: str) -> None:
    with pytest.raises(Malformed) as refused:
        make()
    assert str(refused.value) == said
