from datetime import UTC, datetime, time, timedelta

import pytest

from oncall.schedules.rules.layers import Restriction
from oncall.schedules.rules.windows import over_days, reaching


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ((4, time(17), 0, time(9)), [(4, 17, 0), (5, 0, 0), (6, 0, 0), (0, 0, 9)]),
        ((4, time(17), 5, time(0)), [(4, 17, 0)]),
        ((4, time(9), 4, time(17)), [(4, 9, 17)]),
        ((4, time(9), 5, time(17)), [(4, 9, 0), (5, 0, 17)]),
        ((6, time(22), 0, time(6)), [(6, 22, 6)]),
        ((0, time(9), 2, time(0)), [(0, 9, 0), (1, 0, 0)]),
        ((1, time(9), 1, time(9)), [(1, 9, 0), *((n % 7, 0, 0) for n in range(2, 8)), (1, 0, 9)]),
    ],
)
def test_a_window_over_days_is_cut_at_midnight(
    window: tuple[int, time, int, time], days: list[tuple[int, int, int]]
) -> None:
    assert over_days(*window) == [(day, time(start), time(end)) for day, start, end in days]


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


def as_window(weekday: int | None, start: int, end: int) -> Restriction:
    return Restriction(weekday, time(start), time(end))
