"""What will be wrong with schedules, by the rules alone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from oncall.lookahead.rules import duties, gaps, rotations
from oncall.lookahead.rules.worries import Kind, Limits, Plan, Window, in_order, warned_at
from oncall.schedules.rules.layers import Handoff, Layer, Override, Restriction, Unit
from oncall.schedules.rules.resolver import Kind as What
from oncall.schedules.rules.resolver import final
from tests.oncall.schedules.strategies import Situation, situations

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)  # a Monday
WINDOW = Window(
    now=NOW,
    until=NOW + timedelta(days=14),
    since=NOW - timedelta(days=14),
    known_until=NOW + timedelta(days=28),
)
NAMES = {1: "Ana", 2: "Ben", 3: "Cleo"}
WEEKLY = Handoff(1, Unit.WEEK, time(9), 0)
DAILY = Handoff(1, Unit.DAY, time(8))


def day(days: float, hours: float = 0) -> datetime:
    return NOW + timedelta(days=days, hours=hours)


def layer(
    *people: int | None, name: str = "Weekly", handoff: Handoff = WEEKLY, hours: tuple[int, int] | None = None
) -> Layer:
    windows = (Restriction(None, time(hours[0]), time(hours[1])),) if hours else ()
    start = NOW - timedelta(weeks=52)
    places = tuple(None if user is None else (user,) for user in people)
    return Layer(name, "UTC", start, start, None, handoff, places, windows, lineage=len(name))


def plan(
    *layers: Layer, pk: int = 1, overrides: tuple[Override, ...] = (), zone: str = "UTC", **given: object
) -> Plan:
    slices = final(layers, overrides, WINDOW.since, WINDOW.known_until)
    known = {"name": f"S{pk}", "policies": {1: "Policy"}} | given
    return Plan(id=pk, zone=ZoneInfo(zone), slices=slices, layers=layers, **known)  # type: ignore[arg-type]


# Gaps


@given(situations())
def test_s14_the_gaps_are_exactly_the_stretches_with_nobody_that_are_still_to_come(
    situation: Situation,
) -> None:
    slices = situation.slices()
    middle = situation.start + (situation.end - situation.start) / 2
    window = Window(now=middle, until=situation.end, since=situation.start, known_until=situation.end)
    one = Plan(id=1, name="S", zone=UTC, slices=slices, policies={})
    told = [(worry.start, worry.end) for worry in gaps.gaps(one, window)]
    empty = [
        (max(piece.start, middle), piece.end)
        for piece in slices
        if piece.kind is What.GAP and piece.end > middle
    ]
    assert covered(told) == covered(empty)
    assert all(worry.reason and worry.fix for worry in gaps.gaps(one, window))


def covered(spans: Sequence[tuple[datetime, datetime | None]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        assert end is not None
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def test_a_gap_names_what_ends_what_begins_and_the_fix() -> None:
    one = plan(
        layer(1, name="Nights", handoff=DAILY, hours=(20, 6)),
        layer(2, name="Days", handoff=DAILY, hours=(8, 20)),
    )
    first, *_ = gaps.gaps(one, WINDOW)
    assert first.text == "Nobody is on call in S1 from Tue 03 Nov 06:00 to Tue 03 Nov 08:00."
    assert first.reason == "Nights ends Tue 03 Nov 06:00, Days begins Tue 03 Nov 08:00."
    assert first.fix == "Let Days begin Tue 03 Nov 06:00 already, or cover the time once."
    assert first.is_grave


def test_a_turn_of_nobody_and_an_override_with_nobody_say_so() -> None:
    (turn,) = gaps.gaps(plan(layer(1, None)), WINDOW)[:1]
    assert turn.reason == 'Layer "Weekly" has nobody assigned to this turn.'
    off = Override(7, day(2), day(3), None, None, 1, replaces_everybody=True, by="Mona")
    (cleared,) = gaps.gaps(plan(layer(1), overrides=(off,)), WINDOW)
    assert cleared.reason.startswith("Override by Mona until ")
    assert cleared.fix.startswith("Cancel the override")


def test_a_schedule_of_nobody_is_one_gap_with_a_key_that_stays() -> None:
    later = Window(**{name: getattr(WINDOW, name) + timedelta(hours=1) for name in Window.__slots__})
    keys = []
    for window in (WINDOW, later):
        slices = final([layer(None)], [], window.since, window.known_until)
        (gap,) = gaps.gaps(Plan(id=1, name="S", zone=UTC, slices=slices, policies={}), window)
        assert gap.text == "Nobody is on call in S in the next 14 days."
        keys.append(gap.key)
    assert keys == ["gap@standing"] * 2


# Double duty


def test_two_schedules_of_one_policy_with_one_person_are_grave_and_told_for_both() -> None:
    plans = [plan(layer(1, 2)), plan(layer(2, 1, 3), pk=2)]
    found = duties.double(duties.duties(plans), NAMES, WINDOW)
    assert {pk for pk, _ in found} == {1, 2}
    assert all(worry.is_grave and worry.is_mailed for _, worry in found)
    assert found[0][1].reason.startswith("Policy asks both")


def test_two_schedules_that_no_policy_shares_are_shown_and_not_mailed() -> None:
    plans = [plan(layer(1)), plan(layer(1), pk=2, policies={2: "Other"})]
    found = duties.double(duties.duties(plans), NAMES, WINDOW)
    assert [(pk, worry.is_grave, worry.is_mailed) for pk, worry in found] == [
        (1, False, False),
        (2, False, False),
    ]


def test_shifts_that_touch_are_no_double_duty() -> None:
    plans = [
        plan(layer(1, handoff=DAILY, hours=(8, 16))),
        plan(layer(1, handoff=DAILY, hours=(16, 23)), pk=2),
    ]
    assert duties.double(duties.duties(plans), NAMES, WINDOW) == []


# Weeks too long, too little rest


def test_a_week_is_not_too_long_not_even_when_the_clock_changes() -> None:
    berlin = Layer(
        "Weekly", "Europe/Berlin", day(-365), day(-365), None, WEEKLY, ((1,), (2,), (3,)), (), lineage=1
    )
    now = datetime(2026, 10, 20, 9, tzinfo=UTC)
    window = Window(
        now=now, until=now + timedelta(14), since=now - timedelta(14), known_until=now + timedelta(28)
    )
    slices = final([berlin], [], window.since, window.known_until)
    one = Plan(id=1, name="S", zone=ZoneInfo("Europe/Berlin"), slices=slices, policies={})
    assert duties.too_long(duties.duties([one]), NAMES, window) == []


def test_a_cover_after_ones_own_week_makes_it_too_long() -> None:
    rotation = plan(layer(2, 1, 3))
    owner = next(piece.users[0] for piece in rotation.slices if piece.start <= NOW < piece.end)
    more = Override(7, day(7), day(9), owner, None, 1, replaces_everybody=True)
    ((pk, worry),) = duties.too_long(duties.duties([plan(layer(2, 1, 3), overrides=(more,))]), NAMES, WINDOW)
    assert (pk, worry.kind, worry.start) == (1, Kind.LONG, day(7))
    assert worry.text.endswith("is on call for 9 days without a day's break, since Mon 02 Nov 09:00.")


def test_a_break_of_some_hours_does_not_end_a_time_on_call_and_a_weekend_does() -> None:
    lunch = tuple(Override(n, day(n - 15, 3), day(n - 15, 4), 2, 1, n) for n in range(43))
    people = {1: duties.duties([plan(layer(1), overrides=lunch)])[1]}
    ((_, worry),) = duties.too_long(people, NAMES, WINDOW)
    assert "more than 42 days" in worry.text
    free = tuple(Override(n, day(7 * n + 5), day(7 * n + 7), 2, 1, n) for n in range(-3, 5))
    people = {1: duties.duties([plan(layer(1), overrides=free)])[1]}
    assert duties.too_long(people, NAMES, WINDOW) == []


def test_an_informal_schedule_tires_nobody_and_another_limit_is_another_limit() -> None:
    assert duties.duties([plan(layer(1), is_informal=True)]) == {}
    long = plan(layer(1, 2, 3), limits=Limits(days=5))
    assert duties.too_long(duties.duties([long]), NAMES, WINDOW)


@pytest.mark.parametrize(("begins", "is_told"), [(15, True), (18, True), (19, False), (20, False)])
def test_eleven_hours_lie_between_two_shifts(begins: int, *, is_told: bool) -> None:
    night = plan(layer(1, handoff=DAILY, hours=(0, 8)))
    late = Override(1, day(0, begins - 9), day(0, 22 - 9), 1, None, 1)
    other = plan(layer(None), pk=2, overrides=(late,))
    found = duties.too_little_rest(duties.duties([night, other]), NAMES, WINDOW)
    assert any(pk == 2 for pk, _ in found) is is_told


def test_a_lunch_that_another_covers_is_no_lack_of_rest() -> None:
    lunch = tuple(Override(n, day(n, 3), day(n, 4), 2, 1, n) for n in range(10))
    for hours in ((8, 20), None):
        one = plan(layer(1, handoff=DAILY, hours=hours), overrides=lunch)
        assert duties.too_little_rest(duties.duties([one]), NAMES, WINDOW) == []


def test_a_shift_while_away_is_told_for_the_time_that_both_have() -> None:
    people = duties.duties([plan(layer(1))])
    ((_, worry),) = duties.away(people, {1: [(day(1), day(3))], 2: [(day(1), day(3))]}, NAMES, WINDOW)
    assert (worry.kind, worry.start, worry.end) == (Kind.AWAY, day(1), day(3))


# Rotations


@pytest.mark.parametrize(
    ("people", "found"),
    [(1, [True]), (4, [True]), (5, [False]), (6, []), (7, [])],
)
def test_r142_fewer_than_six_warn_and_fewer_than_five_strongly(people: int, found: list[bool]) -> None:
    one = plan(layer(*range(1, people + 1)))
    told = [worry for worry in rotations.standing(one, now=NOW) if worry.kind is Kind.FEW]
    assert [worry.is_grave for worry in told] == found


def test_r151_an_informal_schedule_is_not_called_small() -> None:
    assert rotations.standing(plan(layer(1, 2, 3), is_informal=True), now=NOW) == []


@pytest.mark.parametrize(
    ("handoff", "hours", "is_told"),
    [
        (WEEKLY, None, False),
        (Handoff(1, Unit.DAY, time(9)), None, True),
        (Handoff(1, Unit.DAY, time(9)), (8, 20), False),
        (Handoff(1, Unit.MONTH, time(9)), None, True),
        (Handoff(2, Unit.WEEK, time(9), 0), None, True),
        (Handoff(12, Unit.HOUR, time(9)), None, True),
    ],
)
def test_r134_turns_of_other_than_a_week_are_told(
    handoff: Handoff, hours: tuple[int, int] | None, *, is_told: bool
) -> None:
    one = plan(layer(1, 2, 3, 4, 5, 6, handoff=handoff, hours=hours))
    told = [worry.is_mailed for worry in rotations.standing(one, now=NOW) if worry.kind is Kind.LENGTH]
    assert told == ([False] if is_told else [])


def test_a_schedule_that_no_policy_asks_is_told() -> None:
    (worry,) = rotations.standing(plan(layer(*range(6)), policies={}), now=NOW)
    assert worry.text == "No escalation policy asks S1."


@pytest.mark.parametrize(("ahead", "days"), [(-1, 1), (1, 1), (1.1, 3), (3.1, 14), (14, 14), (14.1, None)])
def test_owners_are_warned_fourteen_three_and_one_days_before(ahead: float, days: int | None) -> None:
    assert warned_at(day(ahead), now=NOW) == days


def test_what_is_grave_comes_first_then_the_soonest() -> None:
    one = plan(layer(1, None))
    found = in_order([*rotations.standing(one, now=NOW), *gaps.gaps(one, WINDOW)])
    assert [worry.is_grave for worry in found] == sorted((w.is_grave for w in found), reverse=True)
