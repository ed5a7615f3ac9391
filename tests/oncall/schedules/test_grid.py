from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from oncall.schedules import grid
from oncall.schedules.rules.layers import Override
from oncall.schedules.rules.resolver import Slice

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 10, 23, 1, 24, tzinfo=UTC)


def window(days: int = 14) -> grid.Window:
    return grid.window(date(2025, 10, 20), days=days, zone=BERLIN, now=NOW)


def test_a_day_on_which_the_clocks_go_back_is_25_hours_wide() -> None:
    drawn = window()
    assert [day.w for day in drawn.days] == [24] * 6 + [25] + [24] * 7
    assert drawn.days[7].h == 169
    assert drawn.hours == 337
    assert [day.is_odd for day in drawn.days].index(True) == 6


def test_a_day_on_which_they_go_forward_is_23() -> None:
    drawn = grid.window(date(2026, 3, 23), days=7, zone=BERLIN, now=NOW)
    assert [day.w for day in drawn.days] == [24, 24, 24, 24, 24, 24, 23]
    assert drawn.now_h is None


def test_today_and_now_are_marked() -> None:
    drawn = window()
    assert [day.on for day in drawn.days if day.is_today] == [date(2025, 10, 23)]
    assert drawn.now_h == 75
    assert [day.on.day for day in drawn.days if day.is_weekend] == [25, 26, 1, 2]


def test_stretches_are_cut_to_the_window_and_never_vanish() -> None:
    start = datetime(2025, 10, 19, 22, tzinfo=UTC)  # the window's first midnight
    pieces = [
        Slice(start - timedelta(hours=5), start + timedelta(hours=9), (1,), "a", None, "why"),
        Slice(start + timedelta(hours=9), start + timedelta(hours=9, minutes=10), (2,), "a", None, "why"),
        Slice(start + timedelta(hours=10), start + timedelta(hours=12), (), None, None, "nobody"),
    ]
    drawn = grid.blocks(pieces, within=window(), gaps=True)
    assert [(block.h, block.w, block.is_gap) for block in drawn] == [
        (0, 9, False),
        (9, 1, False),
        (10, 2, True),
    ]
    assert len(grid.blocks(pieces, within=window(), gaps=False)) == 2


def test_overrides_outside_the_window_are_not_drawn() -> None:
    start = datetime(2025, 10, 25, 8, tzinfo=UTC)
    inside = Override(7, start, start + timedelta(hours=10), 2, None, 0)
    outside = Override(8, start + timedelta(days=30), start + timedelta(days=31), 2, None, 1)
    (block,) = grid.exceptions([inside, outside], within=window())
    assert (block.h, block.w, block.users, block.override) == (130, 10, (2,), 7)


def test_weeks_begin_on_monday() -> None:
    assert grid.monday_of(date(2025, 10, 26)) == date(2025, 10, 20)
    assert grid.monday_of(date(2025, 10, 20)) == date(2025, 10, 20)


def test_a_day_of_24_and_a_half_hours_is_49_half_hours_wide() -> None:
    howe = ZoneInfo("Australia/Lord_Howe")
    week = grid.frame(grid.View.WEEK, date(2026, 4, 5))
    drawn = grid.window(week.first, days=week.days, zone=howe, now=NOW, unit=week.unit)
    assert [day.w for day in drawn.days] == [48] * 6 + [49]
    assert [day.is_odd for day in drawn.days] == [False] * 6 + [True]
    assert drawn.days[-1].length == timedelta(hours=24, minutes=30)
    begin = drawn.start + timedelta(hours=9, minutes=30)
    piece = Slice(begin, begin + timedelta(hours=2), (1,), "a", None, "why")
    (block,) = grid.blocks([piece], within=drawn, gaps=True)
    assert (block.h, block.w) == (19, 4)


def test_a_month_is_drawn_to_scale() -> None:
    month = grid.frame(grid.View.MONTH, date(2025, 10, 23))
    drawn = grid.window(month.first, days=month.days, zone=BERLIN, now=NOW, unit=month.unit)
    assert (drawn.columns, len(drawn.days), drawn.days[26].h) == (745, 31, 625)
    assert (month.back, month.forward, month.last) == (
        date(2025, 9, 1),
        date(2025, 11, 1),
        date(2025, 10, 31),
    )


def test_a_view_has_the_day_that_was_asked_for() -> None:
    sunday = date(2025, 10, 26)
    frames = {view: grid.frame(view, sunday) for view in grid.View}
    assert {view: (frame.first.day, frame.days) for view, frame in frames.items()} == {
        grid.View.DAY: (26, 1),
        grid.View.WEEK: (20, 7),
        grid.View.TWO_WEEKS: (20, 14),
        grid.View.MONTH: (1, 31),
        grid.View.LIST: (26, 28),
    }
    assert all(frame.back < frame.first <= sunday <= frame.last < frame.forward for frame in frames.values())


def test_a_day_that_a_zone_leaves_out_is_not_drawn() -> None:
    apia = ZoneInfo("Pacific/Apia")
    drawn = grid.window(date(2011, 12, 26), days=7, zone=apia, now=NOW)
    assert [day.on.day for day in drawn.days] == [26, 27, 28, 29, 31, 1]


def test_nothing_is_drawn_where_nobody_is_meant_to_be_on_call() -> None:
    start = datetime(2025, 10, 20, tzinfo=UTC)
    closed = Slice(start, start + timedelta(hours=9), (), None, None, "closed", is_closed=True)
    assert grid.blocks([closed], within=window(), gaps=True) == []


def test_what_begins_with_the_last_minutes_stays_inside() -> None:
    drawn = window()
    late = Slice(drawn.end - timedelta(minutes=10), drawn.end, (1,), "a", None, "why")
    (block,) = grid.blocks([late], within=drawn, gaps=True)
    assert (block.h + block.w, drawn.columns) == (337, 337)
