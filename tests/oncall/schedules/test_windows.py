from datetime import UTC, datetime, time, timedelta

import pytest

from oncall.schedules.rules.layers import Restriction
from oncall.schedules.rules.windows import Run, joined, over_days, reaching


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ((4, time(17), 0, time(9)), [(4, 17, 0), (5, 0, 0), (6, 0, 0), (0, 0, 9)]),
        ((4, time(17), 5, time(0)), [(4, 17, 0)]),
        ((4, time(9), 4, time(17)), [(4, 9, 17)]),
        ((4, time(9), 5, time(17)), [(4, 9, 0), (5, 0, 17)]),
        ((6, time(22), 0, time(6)), [(6, 22, 6)]),
        ((4, time(9), 5, time(9)), [(4, 9, 9)]),
        ((0, time(9), 2, time(0)), [(0, 9, 0), (1, 0, 0)]),
        ((1, time(9), 1, time(9)), [(1, 9, 0), *((n % 7, 0, 0) for n in range(2, 8)), (1, 0, 9)]),
    ],
)
def test_a_window_over_days_is_cut_at_midnight(
    window: tuple[int, time, int, time], days: list[tuple[int, int, int]]
) -> None:
    assert over_days(*window) == [(day, time(start), time(end)) for day, start, end in days]


WEEKEND = [(4, 17, 0), (5, 0, 0), (6, 0, 0), (0, 0, 9)]
NIGHTS = [(4, 22, 6), (5, 22, 6)]
WEEK = [(day, 0, 0) for day in range(7)]


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ([], []),
        (WEEKEND, [(4, 17, 0, 9)]),
        ([WEEKEND[3], WEEKEND[1], WEEKEND[0], WEEKEND[2]], [(4, 17, 0, 9)]),
        ([(2, 9, 17), *WEEKEND, (None, 12, 13)], [(2, 9, None, 17), (4, 17, 0, 9), (None, 12, None, 13)]),
        ([(5, 0, 0), (6, 0, 0)], [(5, 0, 0, 0)]),
        ([(0, 9, 0), (1, 0, 17)], [(0, 9, 1, 17)]),
        # What one line would not give back stays as it is.
        (NIGHTS, [(4, 22, None, 6), (5, 22, None, 6)]),
        ([(0, 22, 0), (1, 0, 6)], [(0, 22, None, 0), (1, 0, None, 6)]),
        ([(0, 9, 0), (2, 0, 9)], [(0, 9, None, 0), (2, 0, None, 9)]),
        ([(None, 9, 0), (0, 0, 9)], [(None, 9, None, 0), (0, 0, None, 9)]),
        ([(4, 17, 0), (None, 0, 9)], [(4, 17, None, 0), (None, 0, None, 9)]),
        (WEEK, [(day, 0, None, 0) for day in range(7)]),
        # Two that go on where one begins: the first has it.
        ([(4, 9, 0), (4, 17, 0), (5, 0, 12)], [(4, 9, 5, 12), (4, 17, None, 0)]),
    ],
)
def test_windows_that_go_on_at_midnight_are_said_as_one(
    windows: list[tuple[int | None, int, int]], said: list[tuple[int | None, int, int | None, int]]
) -> None:
    entered = [(day, time(start), time(end)) for day, start, end in windows]
    assert joined(entered) == [Run(day, time(start), last, time(end)) for day, start, last, end in said]


@pytest.mark.parametrize("first", range(7))
@pytest.mark.parametrize("last", range(7))
@pytest.mark.parametrize("end", [0, 9, 20])
def test_a_window_over_days_is_said_as_it_was_entered(first: int, last: int, end: int) -> None:
    cut = over_days(first, time(17), last, time(end))
    expected = Run(first, time(17), last, time(end))
    assert joined(cut) == [expected if len(cut) > 1 else Run(first, time(17), None, time(end))]


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ((None, 8, 18), (None, 6, 18)),
        ((6, 8, 18), (6, 6, 18)),
        ((5, 8, 18), None),
        ((None, 9, 18), None),
        ((None, 8, 5), (None, 6, 5)),
        ((None, 8, 6), (None, 6, 6)),
        ((None, 8, 7), None),
        ((None, 8, 8), None),
    ],
)
def test_a_window_opens_earlier_where_that_makes_it_longer(
    window: tuple[int | None, int, int], found: tuple[int | None, int, int] | None
) -> None:
    start, end = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (6, 8))  # a Sunday
    wanted = [as_window(*found)] if found else None
    assert reaching([as_window(*window)], start, end) == wanted
    assert reaching([as_window(*window)], start - timedelta(days=1), end) is None
    other = as_window(3, 12, 14)
    assert reaching([other, as_window(*window)], start, end) == (wanted and [other, *wanted])


def as_window(weekday: int | None, start: int, end: int) -> Restriction:
    return Restriction(weekday, time(start), time(end))
