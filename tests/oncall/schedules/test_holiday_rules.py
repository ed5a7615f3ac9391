"""What public holidays make of a rotation, and which dates they are."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from oncall.schedules.rules import holidays
from oncall.schedules.rules.layers import CoverageHours, Handoff, Layer, OnHolidays, Restriction, Unit
from oncall.schedules.rules.resolver import at as resolved_at
from oncall.schedules.rules.resolver import final, layer_shifts

DAY = timedelta(days=1)
ANA, BEN = 1, 2
MONDAY = datetime(2026, 4, 27, 7, tzinfo=UTC)  # 09:00 in Berlin; Friday is 1 May


def at(day: int, hour: int = 12, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def weekly(on_holidays: OnHolidays, **given: Any) -> Layer:
    return Layer(
        name="Primary", time_zone="Europe/Berlin", start=MONDAY, effective_from=MONDAY, effective_until=None,
        handoff=Handoff(1, Unit.WEEK, time(9), 0), participants=((ANA,), (BEN,)), lineage=7,
        on_holidays=on_holidays, holidays=holidays.dates("DE", [2026]), **given,
    )  # fmt: skip


def test_the_names_and_the_parts_of_a_country() -> None:
    assert holidays.between("DE-BY", date(2026, 1, 6), date(2026, 1, 6)) == [
        (date(2026, 1, 6), "Heilige Drei Könige")
    ]
    assert holidays.between("DE", date(2026, 1, 6), date(2026, 1, 6)) == []
    assert holidays.complaint("DE-BY") == ""
    assert holidays.complaint("XX") == (
        "No public holidays are known of 'XX'. A country is two letters, as DE."
    )
    assert holidays.complaint("DE-XX").startswith("This country has BB, BE")


def test_a_rotation_that_does_not_count_has_a_hole_from_midnight_to_midnight() -> None:
    found = layer_shifts(weekly(OnHolidays.NEVER), at(27, month=4), at(5))
    assert [(piece.start, piece.end, piece.users) for piece in found] == [
        (at(27, month=4), at(30, 22, month=4), (ANA,)),
        (at(1, 22), at(4, 7), (ANA,)),
        (at(4, 7), at(5), (BEN,)),
    ]
    assert [key.window for piece in found for _, key in piece.shifts] == [
        date(2026, 4, 27),
        date(2026, 5, 2),
        None,
    ]


def test_a_shift_has_one_name_however_the_window_and_a_version_cut_it() -> None:
    edited = weekly(OnHolidays.NEVER)
    keys = {
        key
        for start in (at(27, month=4), at(28, month=4), at(30, month=4))
        for piece in layer_shifts(edited, start, at(30, 20, month=4))
        for _, key in piece.shifts
    }
    later = Layer(
        **{name: getattr(edited, name) for name in Layer.__slots__} | {"effective_from": at(29, month=4)}
    )
    keys |= {
        key for piece in layer_shifts(later, at(29, month=4), at(30, 20, month=4)) for _, key in piece.shifts
    }
    assert [(key.turn, key.window) for key in keys] == [(0, date(2026, 4, 27))]


def test_one_of_these_days_alone_counts_on_them_alone() -> None:
    only = weekly(OnHolidays.ONLY)
    found = final([only], [], at(30, month=4), at(3))
    assert [(piece.start, piece.users) for piece in found] == [
        (at(30, month=4), ()),
        (at(30, 22, month=4), (ANA,)),
        (at(1, 22), ()),
    ]


def test_years_and_parts_of_a_country_are_joined_and_cut() -> None:
    assert holidays.between("AT", date(2026, 12, 26), date(2027, 1, 6)) == [
        (date(2026, 12, 26), "Stephanstag"),
        (date(2027, 1, 1), "Neujahr"),
        (date(2027, 1, 6), "Heilige Drei Könige"),
    ]
    assert holidays.between("AT", date(2026, 12, 27), date(2026, 12, 31)) == []
    assert {date(2026, 1, 6), date(2027, 1, 6)} <= holidays.dates("DE-BY", [2026, 2027])
    assert date(2026, 1, 6) not in holidays.dates("DE", [2026])
    assert {day.year for day in holidays.dates("DE", [2026])} == {2026}


def test_countries_are_named_in_the_order_of_their_names() -> None:
    names = holidays.countries()
    assert (names["DE"], names["GB"], names["NZ"]) == ("Germany", "United Kingdom", "New Zealand")
    assert list(names.values()) == sorted(names.values())
    assert "BY" in holidays.regions("DE")
    assert holidays.regions("XX") == []


def test_what_is_wrong_with_a_place_is_said() -> None:
    assert holidays.complaint("DE") == ""
    assert holidays.complaint("XX-BY").startswith("No public holidays are known of 'XX'.")
    assert holidays.complaint("DE-").startswith("This country has BB, BE")
    assert holidays.complaint("VA-XX") == "This country has no parts with holidays of their own."


def test_on_a_holiday_there_is_no_turn_and_beside_it_there_is() -> None:
    never, only = weekly(OnHolidays.NEVER), weekly(OnHolidays.ONLY)
    for moment, is_free in (
        (at(30, 21, 4), False),
        (at(30, 22, 4), True),
        (at(1, 21), True),
        (at(1, 22), False),
    ):
        assert bool(resolved_at([never], [], moment).users) is not is_free, moment
        assert bool(resolved_at([only], [], moment).users) is is_free, moment
    assert not resolved_at([never], [], MONDAY - DAY).users


def test_a_version_that_ends_on_a_holiday_ends_there() -> None:
    until = at(1, 6)
    ended = Layer(
        **{name: getattr(weekly(OnHolidays.ONLY), name) for name in Layer.__slots__}
        | {"effective_until": until}
    )
    assert [(piece.start, piece.end) for piece in layer_shifts(ended, at(27, month=4), at(9))] == [
        (at(30, 22, month=4), until)
    ]
    assert layer_shifts(ended, until, at(9)) == ()


def test_a_window_on_a_holiday_is_left_out_and_the_others_stay() -> None:
    nights = weekly(OnHolidays.NEVER, restrictions=(Restriction(None, time(20), time(4)),))
    found = layer_shifts(nights, at(29, 12, 4), at(3, 12))
    assert [(piece.start, piece.end) for piece in found] == [
        (at(29, 18, 4), at(30, 2, 4)),
        (at(30, 18, 4), at(30, 22, 4)),
        (at(1, 22), at(2, 2)),
        (at(2, 18), at(3, 2)),
    ]
    assert [key.window for piece in found for _, key in piece.shifts] == [
        date(2026, 4, 29),
        date(2026, 4, 30),
        date(2026, 5, 2),
        date(2026, 5, 2),
    ]


def test_coverage_hours_leave_holidays_out() -> None:
    always = weekly(OnHolidays.COUNTS)
    hours = CoverageHours("Europe/Berlin", (Restriction(None, time(8), time(18)),), holidays=always.holidays)
    found = final([always], [], at(30, 12, 4), at(2, 12), hours=[hours])
    assert [(piece.start, piece.end) for piece in found if piece.users] == [
        (at(30, 12, 4), at(30, 16, 4)),
        (at(2, 6), at(2, 12)),
    ]
    assert {piece.reason for piece in found if not piece.users} == {"outside of the coverage hours"}
