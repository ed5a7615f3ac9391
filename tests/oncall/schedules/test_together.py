"""Layers of one rank, exceptions to one layer, absences, coverage hours, and which turn a stretch is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from oncall.schedules.rules import check, compare
from oncall.schedules.rules.layers import (
    Away,
    CoverageHours,
    Exceptional,
    Handoff,
    Layer,
    Override,
    Restriction,
    ShiftKey,
    Unit,
)
from oncall.schedules.rules.resolver import Kind, Slice, at, final, layer_shifts, now

ANA, BEN, CLEO, DAN = range(1, 5)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
WORK = tuple(Restriction(weekday, time(9), time(17)) for weekday in range(5))


def daily(*people: int, name: str = "Primary", rank: int | None = None, lineage: int = 1) -> Layer:
    return Layer(
        name, "UTC", MONDAY, MONDAY, None, Handoff(1, Unit.DAY, time(9)), tuple((one,) for one in people),
        lineage=lineage, rank=rank,
    )  # fmt: skip


def exception(start: datetime, hours: int, user: int | None, number: int = 1, **given: object) -> Override:
    end = start + hours * HOUR
    return Override(number, start, end, user, None, number, replaces_everybody=True, **given)  # type: ignore[arg-type]


def told(slices: Sequence[Slice]) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"{each.start:%d %H:%M}", each.users) for each in slices]


# Equal ranks


def test_layers_of_one_rank_are_on_call_together_and_a_lower_one_is_not() -> None:
    layers = [
        daily(DAN, name="Backup", rank=0),
        daily(ANA, BEN, name="East", rank=1),
        daily(CLEO, ANA, name="West", rank=1),
    ]
    found = final(layers, [], MONDAY, MONDAY + 2 * DAY)
    assert told(found) == [("05 09:00", (ANA, CLEO)), ("06 09:00", (BEN, ANA))]
    assert found[0].layer == "East and West"
    assert found[0].reason == 'layer "East" (daily, 09:00 UTC) and layer "West" (daily, 09:00 UTC)'


def test_who_is_in_both_layers_of_a_rank_is_on_call_once() -> None:
    (found,) = final([daily(ANA, rank=0), daily(ANA, name="Also", rank=0)], [], MONDAY, MONDAY + DAY)
    assert found.users == (ANA,)


def test_of_two_layers_of_a_rank_the_one_that_has_somebody_answers_and_says_so() -> None:
    layers = [daily(ANA, rank=0), daily(BEN, name="Other", rank=0)]
    (found,) = final(layers, [], MONDAY, MONDAY + DAY, frozenset({ANA}))
    assert (found.users, found.layer) == ((ANA,), "Primary")
    assert found.reason.endswith('; layer "Other" has nobody active in this turn')


def test_layers_that_hand_over_together_stand_in_the_order_of_entry_with_one_between_them() -> None:
    between = replace(daily(BEN, name="Between", rank=0), handoff=Handoff(1, Unit.DAY, time(21)))
    layers = [daily(ANA, DAN, name="First", rank=0), between, daily(CLEO, name="Last", rank=0)]
    found = final(layers, [], MONDAY, MONDAY + 2 * DAY)
    assert told(found) == [("05 09:00", (ANA, BEN, CLEO)), ("06 09:00", (DAN, BEN, CLEO))]
    assert [piece.layer for piece in found] == ["First and Between and Last"] * 2
    assert at(layers, [], MONDAY).users == (ANA, BEN, CLEO)


def test_each_of_the_layers_that_hand_over_together_goes_round_at_its_own_pace_and_gives_its_own_turns() -> (
    None
):
    layers = [daily(ANA, BEN, name="East", rank=0), daily(CLEO, DAN, ANA, name="West", rank=0, lineage=2)]
    found = final(layers, [], MONDAY, MONDAY + 8 * DAY)
    east, west = (ANA, BEN), (CLEO, DAN, ANA)
    assert [set(piece.users) for piece in found] == [{east[n % 2], west[n % 3]} for n in range(8)]
    assert found[5].shifts == ((BEN, ShiftKey(1, 5)), (ANA, ShiftKey(2, 5)))
    assert found[7].shifts == ((BEN, ShiftKey(1, 7)), (DAN, ShiftKey(2, 7)))


def test_of_layers_that_hand_over_together_one_may_have_nobody_or_an_exception_of_its_own() -> None:
    layers = [
        daily(DAN, name="Below", rank=0, lineage=1),
        daily(ANA, name="East", rank=1, lineage=2),
        daily(BEN, name="West", rank=1, lineage=3),
    ]
    off = exception(MONDAY + HOUR, 2, None, layer=3)
    found = final(layers, [off], MONDAY, MONDAY + DAY, frozenset({BEN, DAN}))
    assert told(found) == [("05 09:00", (BEN,)), ("05 10:00", (DAN,)), ("05 12:00", (BEN,))]
    nobody = [replace(layer, participants=(None,)) for layer in layers]
    (gap,) = final(nobody, [], MONDAY, MONDAY + DAY)
    assert [gap.reason.index(name) for name in ("West", "East", "Below")] == sorted(
        gap.reason.index(name) for name in ("West", "East", "Below")
    )


def test_the_turns_of_who_may_be_away_or_has_an_exception_are_named_as_well() -> None:
    layer = daily(ANA, BEN, lineage=7)
    away = [Away(BEN, MONDAY + 5 * DAY, MONDAY + 6 * DAY, "is away")]
    found = final([layer], [], MONDAY, MONDAY + 2 * DAY, away=away)
    assert [piece.shifts for piece in found] == [((ANA, ShiftKey(7, 0)),), ((BEN, ShiftKey(7, 1)),)]
    own = exception(MONDAY + DAY, 24, CLEO, layer=7)
    found = final([layer], [own], MONDAY, MONDAY + 2 * DAY)
    assert [(piece.users, piece.shifts) for piece in found] == [
        ((ANA,), ((ANA, ShiftKey(7, 0)),)),
        ((CLEO,), ((BEN, ShiftKey(7, 1)),)),
    ]


def test_an_exception_to_a_layer_counts_from_the_first_to_the_last_instant_of_the_layer_at_an_instant_too() -> (
    None
):
    layer = replace(daily(ANA), effective_from=MONDAY + DAY, effective_until=MONDAY + 3 * DAY)
    own = exception(MONDAY - DAY, 10 * 24, BEN, layer=1)
    tick = timedelta(microseconds=1)
    moments = (
        MONDAY - tick,
        MONDAY,
        MONDAY + DAY - tick,
        MONDAY + DAY,
        MONDAY + 3 * DAY - tick,
        MONDAY + 3 * DAY,
    )
    told_at = [at([layer], [own], moment).users for moment in moments]
    assert told_at == [(), (), (), (BEN,), (BEN,), ()]
    late = replace(daily(ANA), start=MONDAY + DAY)
    assert [at([late], [own], moment).users for moment in moments[1:4]] == [(), (), (BEN,)]


def test_ranks_decide_and_not_the_order_in_which_layers_are_given() -> None:
    high, low = daily(ANA, name="High", rank=5), daily(BEN, name="Low", rank=2)
    assert at([high, low], [], MONDAY).users == at([low, high], [], MONDAY).users == (ANA,)
    assert at([replace(high, rank=None), replace(low, rank=None)], [], MONDAY).users == (BEN,)


# Exceptions to one layer


def test_an_override_of_one_layer_leaves_the_layers_above_it_alone() -> None:
    top = replace(daily(ANA, name="Top", lineage=2), restrictions=(Restriction(None, time(12), time(14)),))
    layers = [daily(BEN, name="Base"), top]
    some = [exception(MONDAY, 24, CLEO, layer=1, by="Mona")]
    found = final(layers, some, MONDAY, MONDAY + DAY)
    assert told(found) == [("05 09:00", (CLEO,)), ("05 12:00", (ANA,)), ("05 14:00", (CLEO,))]
    assert (found[0].layer, found[0].override) == ("Base", 1)
    assert found[0].reason == 'override of layer "Base" by Mona until 2026-01-06 09:00 UTC'
    assert found[1].override is None


def test_an_override_of_a_layer_counts_outside_of_its_windows_too_and_not_before_or_after_the_layer() -> None:
    day = replace(
        daily(ANA, name="Day"), restrictions=(Restriction(None, time(9), time(17)),),
        effective_until=MONDAY + 12 * HOUR,
    )  # fmt: skip
    some = [exception(MONDAY - DAY, 72, BEN, layer=1)]
    found = final([day], some, MONDAY - DAY, MONDAY + DAY)
    assert told(found) == [("04 09:00", ()), ("05 09:00", (BEN,)), ("05 21:00", ())]


def test_nobody_on_a_layer_lets_the_one_below_answer() -> None:
    layers = [daily(BEN, name="Base", lineage=2), daily(ANA, name="Top")]
    some = [exception(MONDAY, 3, None, layer=1)]
    found = final(layers, some, MONDAY, MONDAY + 6 * HOUR)
    assert told(found) == [("05 09:00", (BEN,)), ("05 12:00", (ANA,))]
    assert 'override of layer "Top" until 2026-01-05 12:00 UTC leaves nobody on call' in found[0].reason


def test_an_override_of_the_schedule_beats_one_of_a_layer_whenever_it_was_made() -> None:
    some = [exception(MONDAY, 4, BEN, 1), exception(MONDAY, 4, CLEO, 2, layer=1)]
    assert at([daily(ANA)], some, MONDAY).users == (BEN,)


# Exceptions by their kind


def test_an_answer_names_who_made_its_override_or_the_swap_that_it_is() -> None:
    found = at([daily(ANA)], [exception(MONDAY, 4, BEN, 7, by="Mona Lee")], MONDAY)
    assert (found.override, found.swap) == (7, None)
    assert found.reason == "override by Mona Lee until 2026-01-05 13:00 UTC"
    found = at([daily(ANA)], [exception(MONDAY, 4, BEN, 7, by="Ben", kind=Exceptional.SWAP)], MONDAY)
    assert (found.override, found.swap) == (None, 7)
    assert found.reason == "swap by Ben until 2026-01-05 13:00 UTC"


def test_of_exceptions_to_layers_on_call_together_that_of_the_last_is_named() -> None:
    layers = [daily(ANA, name="East", rank=0), daily(BEN, name="West", rank=0, lineage=2)]
    # Which of them was made first does not matter.
    some = [exception(MONDAY, 4, CLEO, 2, layer=1), exception(MONDAY, 4, DAN, 1, layer=2)]
    for found in (at(layers, some, MONDAY), final(layers, some, MONDAY, MONDAY + DAY)[0]):
        assert (found.users, found.layer, found.override) == ((CLEO, DAN), "East and West", 1)
        assert found.reason == (
            'override of layer "East" until 2026-01-05 13:00 UTC and '
            'override of layer "West" until 2026-01-05 13:00 UTC'
        )


# Absences


def test_who_is_away_leaves_the_place_to_the_layer_below_for_that_time_only() -> None:
    layers = [daily(BEN, name="Base"), daily(ANA, name="Top")]
    away = [Away(ANA, MONDAY + 2 * HOUR, MONDAY + 4 * HOUR, "is not active")]
    found = final(layers, [], MONDAY, MONDAY + DAY, away=away)
    assert told(found) == [("05 09:00", (ANA,)), ("05 11:00", (BEN,)), ("05 13:00", (ANA,))]


@pytest.mark.parametrize(("start", "end"), [(None, None), (None, MONDAY + DAY), (MONDAY - DAY, None)])
def test_an_absence_may_have_no_beginning_and_no_end(start: datetime | None, end: datetime | None) -> None:
    assert at([daily(ANA)], [], MONDAY, away=[Away(ANA, start, end, "is not active")]).users == ()


def test_an_override_does_nothing_while_its_person_is_away() -> None:
    away = [Away(BEN, MONDAY + 2 * HOUR, None, "is not active")]
    found = final([daily(ANA)], [exception(MONDAY, 4, BEN)], MONDAY, MONDAY + 4 * HOUR, away=away)
    assert told(found) == [("05 09:00", (BEN,)), ("05 11:00", (ANA,))]
    assert "ignored, its person is not active" in found[1].reason


def test_who_passes_on_has_the_next_in_the_rotation_stand_in() -> None:
    away = [Away(ANA, MONDAY, MONDAY + DAY, "is on call in Payments then", passes_on=True)]
    found = final([daily(ANA, BEN, CLEO)], [], MONDAY, MONDAY + 2 * DAY, away=away)
    assert told(found) == [("05 09:00", (BEN,)), ("06 09:00", (BEN,))]
    assert found[0].reason.endswith("the next in turn because who has it is on call in Payments then")
    away.append(Away(BEN, None, None, "is not active"))
    assert at([daily(ANA, BEN, CLEO)], [], MONDAY, away=away).users == (CLEO,)
    assert at([daily(ANA, BEN)], [], MONDAY, away=away).users == ()


# Coverage hours


def test_outside_of_the_coverage_hours_nobody_is_meant_to_be_there_but_by_an_override() -> None:
    hours = [CoverageHours("UTC", WORK)]
    some = [exception(MONDAY + 10 * HOUR, 1, BEN)]
    found = final([daily(ANA)], some, MONDAY, MONDAY + 13 * HOUR, hours=hours)
    assert [(f"{each.start:%H:%M}", each.users, each.kind) for each in found] == [
        ("09:00", (ANA,), Kind.DUTY),
        ("17:00", (), Kind.CLOSED),
        ("19:00", (BEN,), Kind.DUTY),
        ("20:00", (), Kind.CLOSED),
    ]
    assert found[1].reason == "outside of the coverage hours"


def test_coverage_hours_count_while_they_are_in_force() -> None:
    evening = MONDAY + 10 * HOUR
    hours = [CoverageHours("UTC", WORK, None, evening + HOUR)]
    assert at([daily(ANA)], [], evening, hours=hours).kind is Kind.CLOSED
    assert at([daily(ANA)], [], evening + HOUR, hours=hours).users == (ANA,)
    assert at([], [], MONDAY, hours=hours).kind is Kind.GAP


# Turns that are used up, and their names


def test_turns_without_an_open_window_are_not_used_up_where_only_active_ones_count() -> None:
    plain = replace(daily(ANA, BEN, CLEO), restrictions=WORK)
    three = replace(plain, counts_only_active=True)
    friday, monday = MONDAY + 4 * DAY, MONDAY + 7 * DAY
    assert [at([plain], [], moment).users for moment in (friday, monday)] == [(BEN,), (BEN,)]
    assert [at([three], [], moment).users for moment in (friday, monday)] == [(BEN,), (CLEO,)]
    people = [each.users[0] for each in layer_shifts(three, MONDAY, MONDAY + 364 * DAY)]
    assert people == [(ANA, BEN, CLEO)[turn % 3] for turn in range(260)]
    year_later = layer_shifts(three, MONDAY + 364 * DAY, MONDAY + 371 * DAY)
    assert [each.users[0] for each in year_later] == [(ANA, BEN, CLEO)[turn % 3] for turn in range(260, 265)]


def test_a_shift_keeps_its_name_however_the_window_cuts_it() -> None:
    nights = replace(daily(ANA, BEN, lineage=4), restrictions=(Restriction(None, time(22), time(6)),))
    whole = layer_shifts(nights, MONDAY, MONDAY + 2 * DAY)
    assert [each.shifts for each in whole] == [
        ((ANA, ShiftKey(4, 0, date(2026, 1, 5))),),
        ((BEN, ShiftKey(4, 1, date(2026, 1, 6))),),
    ]
    (late,) = layer_shifts(nights, MONDAY + 18 * HOUR, MONDAY + 19 * HOUR)
    assert late.shifts == whole[0].shifts
    edited = replace(nights, effective_from=MONDAY + 18 * HOUR)
    assert layer_shifts(edited, MONDAY, MONDAY + DAY)[0].shifts == whole[0].shifts


def test_a_stretch_names_the_turns_it_is_made_of_also_under_an_override() -> None:
    (found,) = final([daily(ANA)], [], MONDAY, MONDAY + 2 * DAY)
    assert found.shifts == ((ANA, ShiftKey(1, 0)), (ANA, ShiftKey(1, 1)))
    first, *_ = final([daily(ANA)], [exception(MONDAY, 4, BEN)], MONDAY, MONDAY + DAY)
    assert (first.users, first.shifts) == ((BEN,), ((ANA, ShiftKey(1, 0)),))


# One instant


def test_one_instant_is_answered_as_the_window_answers_it() -> None:
    layers = [
        daily(DAN, name="Base", rank=0, lineage=1),
        replace(daily(ANA, BEN, name="Work", rank=1, lineage=2), restrictions=WORK, counts_only_active=True),
        replace(daily(CLEO, DAN, name="Nights", rank=1, lineage=3), restrictions=(Restriction(None, time(16), time(2)),)),
    ]  # fmt: skip
    some = [
        exception(MONDAY + 5 * HOUR, 9, None, 1, layer=2),
        exception(MONDAY + 30 * HOUR, 7, CLEO, 2, by="Mona"),
        exception(MONDAY + 60 * HOUR, 20, BEN, 3, layer=3),
    ]
    away = [
        Away(DAN, MONDAY + 3 * HOUR, MONDAY + 50 * HOUR, "is not active"),
        Away(BEN, MONDAY + DAY, MONDAY + 3 * DAY, "is on call in Payments then", passes_on=True),
    ]
    hours = [CoverageHours("UTC", (Restriction(None, time(6), time(23)),))]
    for piece in final(layers, some, MONDAY, MONDAY + 8 * DAY, away=away, hours=hours):
        for moment in (
            piece.start,
            piece.start + (piece.end - piece.start) / 2,
            piece.end - timedelta(microseconds=1),
        ):
            found = at(layers, some, moment, away=away, hours=hours)
            assert replace(found, start=piece.start, end=piece.end) == piece, moment


def test_now_knows_of_absences_and_hours() -> None:
    away = [Away(ANA, MONDAY + 2 * HOUR, MONDAY + 4 * HOUR, "is not active")]
    assert now([daily(ANA)], [], MONDAY, DAY, away=away).until == MONDAY + 2 * HOUR
    assert now([daily(ANA)], [], MONDAY, DAY, hours=[CoverageHours("UTC", WORK)]).until == MONDAY + 8 * HOUR


# What is the matter with a layer, and what an edit changes


def test_who_never_comes_on_call_is_named() -> None:
    mondays = (Restriction(0, time(10), time(12)),)
    week = replace(daily(*range(1, 8)), restrictions=mondays)
    (found,) = check.complaints([week], MONDAY)
    assert (found.field, found.grade, found.users) == (
        "participants",
        check.Grade.DOUBTFUL,
        (2, 3, 4, 5, 6, 7),
    )
    nobody = replace(week, participants=(None, *week.participants[1:]))
    assert [(each.field, each.grade) for each in check.complaints([daily(ANA), nobody], MONDAY)] == [
        ("restrictions", check.Grade.WRONG)
    ]
    fine = [replace(daily(ANA, BEN, CLEO), restrictions=mondays), replace(week, counts_only_active=True)]
    assert check.complaints(fine, MONDAY) == []


def test_a_zone_that_is_gone_and_a_rotation_without_people_are_named() -> None:
    found = check.complaints([replace(daily(ANA), time_zone="Mars/Base"), daily()], MONDAY)
    assert [(each.layer, each.field, each.grade) for each in found] == [
        (0, "time_zone", check.Grade.WRONG),
        (1, "participants", check.Grade.DOUBTFUL),
    ]


def test_a_difference_says_who_gains_loses_and_has_it_by_another_rule() -> None:
    end = MONDAY + 3 * DAY
    old = final([daily(ANA, BEN, CLEO)], [], MONDAY, end)
    new = final([daily(ANA, CLEO, name="New")], [exception(MONDAY + DAY, 48, BEN)], MONDAY, end)
    assert compare.difference(old, old) == []
    assert compare.difference(old, new) == [
        compare.Change(ANA, MONDAY, MONDAY + DAY, compare.Effect.OTHER_REASON),
        compare.Change(BEN, MONDAY + DAY, MONDAY + 2 * DAY, compare.Effect.OTHER_REASON),
        compare.Change(BEN, MONDAY + 2 * DAY, end, compare.Effect.GAINED),
        compare.Change(CLEO, MONDAY + 2 * DAY, end, compare.Effect.LOST),
    ]
    assert [each.effect for each in compare.difference(final([], [], MONDAY, end), new)] == [
        compare.Effect.GAINED
    ] * 2
