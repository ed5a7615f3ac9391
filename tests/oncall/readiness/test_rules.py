from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.quiet.rules import Hours, Quiet, overlaps
from oncall.readiness.rules import Method, Problem, problems

AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
TWO = (Method("email"), Method("webhook"))
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("methods", "answered", "is_quiet", "expected"),
    [
        (TWO, timedelta(days=1), False, []),
        (TWO, timedelta(days=30), False, []),
        (TWO, timedelta(days=30, seconds=1), False, [Problem.UNTESTED]),
        (TWO, None, False, [Problem.UNTESTED]),
        ((), timedelta(days=1), False, [Problem.NO_METHOD]),
        ((Method("email"),), timedelta(days=1), False, [Problem.ONE_CHANNEL]),
        ((Method("email"), Method("email")), timedelta(days=1), False, [Problem.ONE_CHANNEL]),
        ((Method("email", failed=True), Method("sms")), timedelta(days=1), False, [Problem.FAILED]),
        (TWO, timedelta(days=1), True, [Problem.QUIET]),
        ((*TWO, Method("sms", works=False)), timedelta(days=1), False, []),
        (
            (Method("email"), Method("sms", failed=True, works=False)),
            timedelta(days=1),
            False,
            [Problem.ONE_CHANNEL, Problem.NOT_SET_UP],
        ),
        (
            (Method("sms", works=False), Method("voice", works=False)),
            timedelta(days=1),
            False,
            [Problem.NO_METHOD, Problem.NOT_SET_UP],
        ),
        (
            (Method("email", failed=True),),
            None,
            True,
            [Problem.FAILED, Problem.ONE_CHANNEL, Problem.UNTESTED, Problem.QUIET],
        ),
    ],
)
def test_each_thing_that_is_wrong_is_named_the_worst_first(
    methods: tuple[Method, ...],
    answered: timedelta | None,
    is_quiet: bool,  # noqa: FBT001 - a column of the table
    expected: list[Problem],
) -> None:
    answered_at = AT - answered if answered is not None else None
    assert list(problems(methods, answered_at=answered_at, is_quiet=is_quiet, at=AT)) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-18 09:00", "2026-11-18 22:00", False),
        ("2026-11-18 09:00", "2026-11-18 22:01", True),
        ("2026-11-18 07:00", "2026-11-18 09:00", False),
        ("2026-11-18 06:59", "2026-11-18 09:00", True),
        ("2026-11-16 09:00", "2026-11-23 09:00", True),
    ],
)
def test_quiet_hours_overlap_a_shift_or_only_touch_it(
    start: str,
    end: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    nights = Quiet(BERLIN, (Hours(frozenset(range(7)), time(22), time(7)),))
    begin, finish = (datetime.fromisoformat(text).replace(tzinfo=BERLIN) for text in (start, end))
    assert overlaps(nights, start=begin, end=finish) is expected


def test_a_holiday_overlaps_the_shift_of_its_day_alone() -> None:
    quiet = Quiet(BERLIN, (), frozenset({date(2026, 12, 25)}))
    day = datetime(2026, 12, 25, 9, tzinfo=BERLIN)
    assert overlaps(quiet, start=day, end=day + timedelta(hours=8))
    assert not overlaps(quiet, start=day + timedelta(days=1), end=day + timedelta(days=2))
