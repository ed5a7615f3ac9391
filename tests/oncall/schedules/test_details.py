"""To the letter: complaints about layers, what an edit changes, how far now and next look, a rotation's whole turns."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.schedules.rules import check, compare
from oncall.schedules.rules.layers import (
    Away,
    CoverageHours,
    Handoff,
    Layer,
    Malformed,
    Override,
    Restriction,
    Unit,
)
from oncall.schedules.rules.resolver import Slice, at, beside, final, now
from oncall.schedules.rules.turns import turn_at, whole

ANA, BEN, CLEO = 1, 2, 3
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
TEN_TO_TWELVE = (Restriction(None, time(10), time(12)),)


def rotation(*people: int | None, every: int = 1, unit: Unit = Unit.DAY, name: str = "Primary") -> Layer:
    return Layer(
        name=name,
        time_zone="UTC",
        start=MONDAY,
        effective_from=MONDAY,
        effective_until=None,
        handoff=Handoff(every, unit, time(9)),
        participants=tuple(None if each is None else (each,) for each in people),
    )


# What is the matter with a layer


def test_a_zone_that_is_not_known_is_wrong() -> None:
    for zone in ("Mars/Base", "../etc/passwd"):
        assert check.complaints([rotation(ANA), replace(rotation(ANA), time_zone=zone)], MONDAY) == [
            check.Complaint(1, "time_zone", f"{zone} is no time zone that is known here.", check.Grade.WRONG)
        ]


def test_a_rotation_of_nobody_is_doubtful() -> None:
    assert check.complaints([rotation(ANA), rotation(None)], MONDAY) == [
        check.Complaint(
            1, "participants", "Primary has nobody in it, so nobody is on call by it.", check.Grade.DOUBTFUL
        )
    ]


def test_windows_open_in_turns_of_nobody_are_wrong() -> None:
    # The place of Mondays is nobody's, and on Mondays alone the window is open.
    mondays = replace(
        rotation(None, BEN, BEN, BEN, BEN, BEN, BEN), restrictions=(Restriction(0, time(10), time(12)),)
    )
    said = "Primary never puts anybody on call: its windows are open in turns of nobody alone."
    assert check.complaints([rotation(ANA), mondays], MONDAY) == [
        check.Complaint(1, "restrictions", said, check.Grade.WRONG)
    ]


def test_who_never_has_an_open_window_is_named() -> None:
    mondays = replace(
        rotation(ANA, CLEO, BEN, BEN, BEN, BEN, BEN), restrictions=(Restriction(0, time(10), time(12)),)
    )
    said = "In Primary somebody never comes on call: no window is open in their turns."
    assert check.complaints([rotation(ANA), mondays], MONDAY) == [
        check.Complaint(1, "participants", said, check.Grade.DOUBTFUL, (BEN, CLEO))
    ]


def test_turns_of_hours_are_looked_at_for_as_many_hours_as_a_week_has() -> None:
    """A window of one hour a day, in turns of one hour: the people of 23 of 24 places are never on call."""
    hours = replace(
        rotation(*range(1, 25), unit=Unit.HOUR), restrictions=(Restriction(None, time(10), time(11)),)
    )
    (found,) = check.complaints([hours], MONDAY)
    assert len(found.users) == 23
    # Of 25 places each has it sooner or later; so do those whose turns meet only after a year and more.
    assert check.complaints([replace(hours, participants=(*hours.participants, (30,)))], MONDAY) == []
    long = replace(rotation(*range(1, 61), every=7), restrictions=(Restriction(0, time(10), time(12)),))
    assert check.complaints([long], MONDAY) == []


@pytest.mark.parametrize(("people", "named"), [(56, 48), (63, 0)])
def test_nobody_is_named_before_all_turns_have_come_round(people: int, named: int) -> None:
    """Of turns of a day, 400 days hold seven rounds of 56 people and not of 63; one place in seven is on Mondays."""
    mondays = replace(rotation(*range(1, people + 1)), restrictions=(Restriction(0, time(10), time(12)),))
    assert [len(each.users) for each in check.complaints([mondays], MONDAY)] == [named] * bool(named)


def test_turns_of_hours_come_round_after_as_many_weeks_as_there_are_people() -> None:
    mondays = (Restriction(0, time(10), time(11)),)
    hours = replace(rotation(*range(1, 61), unit=Unit.HOUR), restrictions=mondays)
    assert check.complaints([hours], MONDAY) == []
    fewer = replace(rotation(*range(1, 49), unit=Unit.HOUR), restrictions=mondays)
    assert [len(each.users) for each in check.complaints([fewer], MONDAY)] == [46]


def test_how_long_a_rotation_has_gone_on_does_not_matter() -> None:
    mondays = replace(rotation(*range(1, 64)), restrictions=(Restriction(0, time(10), time(12)),))
    assert check.complaints([mondays], MONDAY + 3640 * DAY) == []


# What an edit changes


def piece(start: int, end: int, *users: int, reason: str = "layer") -> Slice:
    return Slice(MONDAY + start * HOUR, MONDAY + end * HOUR, users, None, None, reason)


def change(user: int, start: int, end: int, effect: compare.Effect) -> compare.Change:
    return compare.Change(user, MONDAY + start * HOUR, MONDAY + end * HOUR, effect)


def test_changes_that_meet_are_one_and_others_stay_apart() -> None:
    old = [piece(0, 1, ANA), piece(1, 2, ANA), piece(2, 3, ANA), piece(3, 6, ANA, BEN)]
    new = [piece(0, 1), piece(1, 2), piece(2, 3, ANA), piece(3, 4, CLEO, BEN), piece(4, 6, CLEO)]
    assert compare.difference(old, new) == [
        change(ANA, 0, 2, compare.Effect.LOST),
        change(ANA, 3, 6, compare.Effect.LOST),
        change(CLEO, 3, 6, compare.Effect.GAINED),
        change(BEN, 4, 6, compare.Effect.LOST),
    ]


def test_one_who_stays_hides_nobody_who_goes() -> None:
    assert compare.difference([piece(0, 1, ANA, BEN)], [piece(0, 1, ANA, CLEO)]) == [
        change(BEN, 0, 1, compare.Effect.LOST),
        change(CLEO, 0, 1, compare.Effect.GAINED),
    ]


def test_changes_of_two_kinds_that_meet_are_two() -> None:
    old = [piece(0, 1, ANA), piece(1, 2)]
    new = [piece(0, 1, ANA, reason="override"), piece(1, 2, ANA, reason="override")]
    assert compare.difference(old, new) == [
        change(ANA, 0, 1, compare.Effect.OTHER_REASON),
        change(ANA, 1, 2, compare.Effect.GAINED),
    ]


def test_hours_gained_and_lost_are_added_up() -> None:
    changes = [
        change(ANA, 0, 2, compare.Effect.LOST),
        change(BEN, 0, 5, compare.Effect.OTHER_REASON),
        change(ANA, 4, 5, compare.Effect.LOST),
        change(ANA, 6, 7, compare.Effect.GAINED),
        change(CLEO, 0, 2, compare.Effect.GAINED),
    ]
    assert compare.balance(changes) == [
        compare.Balance(ANA, HOUR, 3 * HOUR),
        compare.Balance(CLEO, 2 * HOUR, timedelta()),
    ]


# How far now and next look


def test_a_horizon_that_lies_behind_is_refused() -> None:
    with pytest.raises(Malformed, match=r"^a horizon lies ahead$"):
        now([], [], MONDAY, timedelta())


def test_the_end_of_the_next_turn_is_known_beyond_the_near_days() -> None:
    found = now([rotation(ANA, BEN, unit=Unit.WEEK)], [], MONDAY + DAY, 30 * DAY)
    assert found.following is not None
    assert (found.until, found.following.end) == (MONDAY + 7 * DAY, MONDAY + 14 * DAY)


def test_three_turns_of_the_near_days_are_enough() -> None:
    """Who is next for how long is cut by a window only where it is the last of it."""
    found = now([rotation(ANA, BEN, every=4)], [], MONDAY, 8 * DAY)
    assert found.following is not None
    assert (found.until, found.following.end) == (MONDAY + 4 * DAY, MONDAY + 8 * DAY)
    longer = now([rotation(ANA, BEN, every=4)], [], MONDAY + DAY, 9 * DAY)
    assert longer.following is not None
    assert longer.following.end == MONDAY + 8 * DAY


def test_who_is_beside_goes_by_who_is_active_there_and_by_the_hours() -> None:
    daily = rotation(ANA, BEN, CLEO)
    assert beside([daily], [], MONDAY, 9 * DAY, before=False).users == (BEN,)
    assert beside([daily], [], MONDAY, 9 * DAY, frozenset({ANA, CLEO}), before=False).users == (CLEO,)
    gone = [Away(BEN, None, None, "is away")]
    assert beside([daily], [], MONDAY, 9 * DAY, before=False, away=gone).users == (CLEO,)
    mornings = [CoverageHours("UTC", (Restriction(2, time(6), time(9)),))]
    assert beside([daily], [], MONDAY + 1 * HOUR, 9 * DAY, before=False, hours=mornings).users == (BEN,)
    tuesdays = [CoverageHours("UTC", (Restriction(2, time(10), time(12)),))]
    assert beside([daily], [], MONDAY + 1 * HOUR, 9 * DAY, before=False, hours=tuesdays).users == (CLEO,)


@pytest.mark.parametrize(
    ("before", "start", "end", "reason"),
    [
        (True, MONDAY - 30 * DAY, MONDAY, "nobody else had it within 30 days"),
        (False, MONDAY, MONDAY + 30 * DAY, "nobody else has it within 30 days"),
    ],
)
def test_where_nobody_is_beside_it_says_how_far_was_looked(
    *, before: bool, start: datetime, end: datetime, reason: str
) -> None:
    found = beside([rotation(ANA)], [], MONDAY, 30 * DAY, before=before)
    assert (found.start, found.reason, found.users) == (start, reason, ())
    assert found.end - end in {timedelta(), timedelta(microseconds=1)}


def test_what_a_horizon_of_a_day_holds_is_looked_at_once() -> None:
    assert beside([rotation(ANA, BEN)], [], MONDAY, DAY, before=False).users == ()
    assert beside([rotation(ANA, BEN)], [], MONDAY, DAY + HOUR, before=False).users == (BEN,)


# Who is away


def test_who_yields_stays_where_nobody_else_is_left() -> None:
    away = [
        Away(ANA, MONDAY, MONDAY + 5 * DAY, "is away", passes_on=True, yields=True),
        Away(BEN, MONDAY, MONDAY + 5 * DAY, "is away", passes_on=True),
    ]
    daily = rotation(ANA, BEN)
    assert at([daily], [], MONDAY + HOUR, away=away).users == (ANA,)
    assert at([daily], [], MONDAY + DAY + HOUR, away=away).users == ()
    alone = at([rotation(ANA)], [], MONDAY + HOUR, away=away)
    assert (alone.users, alone.reason) == (
        (ANA,),
        'layer "Primary" (daily, 09:00 UTC), also while away because nobody else is left',
    )
    assert at([rotation(BEN)], [], MONDAY + HOUR, away=away).users == ()


def test_who_yields_can_be_put_on_call_and_who_is_gone_cannot() -> None:
    def cover(user: int) -> Override:
        return Override(1, MONDAY, MONDAY + DAY, user, None, 1, replaces_everybody=True)

    away = [
        Away(BEN, MONDAY, MONDAY + DAY, "is away", yields=True),
        Away(CLEO, MONDAY, MONDAY + DAY, "is not active"),
    ]
    assert at([rotation(ANA)], [cover(BEN)], MONDAY + HOUR, away=away).users == (BEN,)
    kept = at([rotation(ANA)], [cover(CLEO)], MONDAY + HOUR, away=away)
    assert kept.users == (ANA,)
    assert kept.reason.endswith("ignored, its person is not active")
    own = replace(cover(CLEO), layer=7)
    named = at([replace(rotation(ANA), lineage=7)], [own], MONDAY + HOUR, away=away)
    assert 'of layer "Primary"' in named.reason


def test_everybody_is_not_one_person() -> None:
    with pytest.raises(Malformed, match=r"^everybody is not one person$"):
        Override(1, MONDAY, MONDAY + DAY, ANA, BEN, 1, replaces_everybody=True)


# Whole turns, and windows beside a change of the clock


def test_a_turn_is_whole_whatever_windows_and_versions_say() -> None:
    cut = replace(rotation(ANA, BEN, every=2), effective_from=MONDAY + 3 * HOUR, restrictions=TEN_TO_TWELVE)
    assert whole(cut, MONDAY) == (MONDAY, MONDAY + 2 * DAY)
    assert whole(cut, MONDAY + 2 * DAY - HOUR) == (MONDAY, MONDAY + 2 * DAY)
    assert whole(cut, MONDAY + 2 * DAY) == (MONDAY + 2 * DAY, MONDAY + 4 * DAY)


def test_a_turn_has_its_number_only_while_the_layer_counts() -> None:
    layer = replace(rotation(ANA, BEN), effective_from=MONDAY + DAY, effective_until=MONDAY + 3 * DAY)
    moments = [MONDAY - HOUR, MONDAY, MONDAY + DAY, MONDAY + 3 * DAY - HOUR, MONDAY + 3 * DAY]
    assert [turn_at(layer, each) for each in moments] == [None, None, 1, 2, None]


@pytest.mark.parametrize(
    ("zone", "window", "opens", "closes"),
    [
        ("UTC", Restriction(0, time(22), time(6)), "2026-01-05T22:00", "2026-01-06T06:00"),
        ("Asia/Tokyo", Restriction(1, time(2), time(6)), "2026-01-05T17:00", "2026-01-05T21:00"),
        ("America/Los_Angeles", Restriction(0, time(20), time(23)), "2026-01-06T04:00", "2026-01-06T07:00"),
        # The clock is put back over midnight, to a day that had ended.
        ("America/Havana", Restriction(5, time(23), time(1)), "2026-11-01T03:00", "2026-11-01T06:00"),
        ("America/Santiago", Restriction(6, time(0), time(2)), "2026-04-05T04:00", "2026-04-05T06:00"),
        ("Asia/Beirut", Restriction(6, time(0), time(3)), "2026-10-24T22:00", "2026-10-25T01:00"),
    ],
)
def test_a_window_is_open_from_its_beginning_until_its_end(
    zone: str, window: Restriction, opens: str, closes: str
) -> None:
    begin, finish = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (opens, closes))
    layer = replace(
        rotation(ANA),
        time_zone=zone,
        start=datetime(2025, 1, 6, 9, tzinfo=ZoneInfo(zone)),
        effective_from=datetime(2025, 1, 6, 9, tzinfo=ZoneInfo(zone)),
        restrictions=(window,),
    )
    tick = timedelta(microseconds=1)
    found = [turn_at(layer, each) is not None for each in (begin - tick, begin, finish - tick, finish)]
    assert found == [False, True, True, False]
    assert final([layer], [], begin - HOUR, finish + HOUR)[1].users == (ANA,)
