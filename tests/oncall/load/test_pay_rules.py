from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from oncall.load.rules import hours, pay
from oncall.load.rules.pay import What

ZONE = ZoneInfo("Europe/Berlin")


def rates(
    since: str = "2026-01-01", *, currency: str = "USD", adds: bool = True, **amounts: Any
) -> pay.Rates:
    given = tuple((What(what), Decimal(amount)) for what, amount in amounts.items())
    return pay.Rates(date.fromisoformat(since), currency, given, adds)


def days(first: str, length: timedelta, holidays: set[date] | None = None) -> list[hours.Day]:
    """So long from 9:00 of a date on."""
    start = datetime.fromisoformat(f"{first}T09:00")
    ends = (moment.replace(tzinfo=ZONE).astimezone(UTC) for moment in (start, start + length))
    return hours.days([(next(ends), next(ends))], ZONE, holidays or set())


def paid(by: pay.Rates, of: list[hours.Day], nights: int = 0) -> dict[str, str]:
    return {line.what.value: str(line.amount) for line in pay.lines(by, of, nights)}


WEEK = timedelta(days=7)


@pytest.mark.parametrize("monday", ["2026-03-16", "2026-03-23", "2026-10-19"])
def test_a_primary_week_is_700_if_the_rates_add_whatever_the_clocks_do(monday: str) -> None:
    """J07: 200 a week and 500 a weekend."""
    of = days(monday, WEEK)
    found = pay.lines(rates(week=200, weekend=500), of)
    assert pay.totals(found) == [("USD", Decimal("700.00"))]
    assert {line.what: line.quantity for line in found} == {What.WEEK: 1, What.WEEKEND: 1}


def test_rates_that_do_not_add_pay_the_best_of_each_date() -> None:
    found = pay.lines(rates(week=200, weekend=500, adds=False), days("2026-03-16", WEEK))
    assert {line.what: line.quantity for line in found} == {What.WEEK: Fraction(5, 7), What.WEEKEND: 1}
    assert pay.totals(found) == [("USD", Decimal("642.86"))]


def test_a_holiday_on_a_weekend_is_paid_as_one() -> None:
    christmas = days("2026-12-26", timedelta(days=1), {date(2026, 12, 26)})
    both = paid(rates(week=70, weekend=240, holiday=240), christmas)
    assert both == {"week": "10.00", "weekend": "120.00", "holiday": "150.00"}
    best = paid(rates(week=70, weekend=240, holiday=240, adds=False), christmas)
    assert best == {"weekend": "45.00", "holiday": "150.00"}


def test_hours_and_nights_are_paid_beside_everything_else() -> None:
    of = days("2026-03-16", timedelta(hours=3))
    assert paid(rates(hour="2.50", night=40, adds=False), of, nights=2) == {"hour": "7.50", "night": "80.00"}


def test_what_has_no_rate_has_no_line() -> None:
    assert paid(rates(), days("2026-03-16", WEEK), nights=1) == {}
    assert paid(rates(week=200), []) == {}


def test_rates_hold_from_their_date_on() -> None:
    some = [rates("2026-02-01", week=2), rates("2026-01-01", week=1)]
    assert pay.in_force(some, date(2025, 12, 31)) is None
    for day, amount in ((date(2026, 1, 31), 1), (date(2026, 2, 1), 2)):
        found = pay.in_force(some, day)
        assert found is not None
        assert found.of(What.WEEK) == amount


def test_amounts_are_exact_and_rounded_once() -> None:
    line = pay.Line(What.WEEK, Fraction(1, 3), Decimal("0.01"), "EUR")
    assert line.amount == Decimal("0.00")
    assert pay.totals([line, line, pay.Line(What.HOUR, Fraction(1, 2), Decimal("0.03"), "USD")]) == [
        ("EUR", Decimal("0.00")),
        ("USD", Decimal("0.02")),
    ]
    large = pay.Line(What.WEEK, Fraction(52), Decimal("9999999.99"), "EUR")
    assert large.amount == Decimal("519999999.48")


def test_a_team_is_paid_by_its_own_rates_and_until_it_has_any_by_those_of_every_team() -> None:
    own, everybody = [rates("2026-03-10", week=2)], [rates("2026-03-05", week=1), rates("2026-04-01", week=3)]
    found = pay.segments(own, everybody, date(2026, 3, 1), date(2026, 4, 10))
    assert [(str(begin), str(end), int(one.of(What.WEEK))) for begin, end, one in found] == [
        ("2026-03-05", "2026-03-09", 1),
        ("2026-03-10", "2026-03-31", 2),
        ("2026-04-01", "2026-04-10", 2),
    ]
    assert pay.segments([], [], date(2026, 3, 1), date(2026, 4, 10)) == []
