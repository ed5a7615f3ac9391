"""What is paid for being on call: rates in force on each date, times the share of it that somebody had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncall.load.rules.hours import Day

CENT = Decimal("0.01")


class What(StrEnum):
    """What a rate is for."""

    WEEK = "week"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    HOUR = "hour"
    NIGHT = "night"


@dataclass(frozen=True, slots=True)
class Rates:
    """Amounts from a date on. Without `adds` a date is paid by the best of week, weekend and holiday alone."""

    since: date
    currency: str
    amounts: tuple[tuple[What, Decimal], ...]
    adds: bool = True
    pays_secondary: bool = True
    id: int = 0

    def of(self, what: What) -> Decimal:
        """The amount for one of these."""
        return dict(self.amounts).get(what, Decimal())


@dataclass(frozen=True, slots=True)
class Line:
    """So much of something at a rate."""

    what: What
    quantity: Fraction
    rate: Decimal
    currency: str
    team: str = ""

    @property
    def amount(self) -> Decimal:
        """What is paid, to the cent."""
        exact = self.quantity * Fraction(self.rate)
        return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(CENT, ROUND_HALF_EVEN)


def in_force(rates: Iterable[Rates], day: date) -> Rates | None:
    """Give the rates of a date: the latest that began by then."""
    return max((one for one in rates if one.since <= day), key=lambda one: one.since, default=None)


def lines(rates: Rates, days: Iterable[Day], nights: int = 0, team: str = "") -> list[Line]:
    """Give what is paid at one set of rates for these dates, and for so many nights in which somebody was woken."""
    had: defaultdict[What, Fraction] = defaultdict(Fraction)
    for day in days:
        for what, share in _of(rates, day):
            had[what] += share
        had[What.HOUR] += Fraction(
            day.length // timedelta.resolution, timedelta(hours=1) // timedelta.resolution
        )
    had[What.NIGHT] += nights
    return [
        Line(what, had[what], rates.of(what), rates.currency, team)
        for what in What
        if had[what] and rates.of(what)
    ]


def _of(rates: Rates, day: Day) -> Collection[tuple[What, Fraction]]:
    """What of a date is paid by weeks, weekends and holidays: a week has seven dates, a weekend two."""
    shares = [(What.WEEK, day.share / 7)]
    if day.is_weekend:
        shares.append((What.WEEKEND, day.share / 2))
    if day.is_holiday:
        shares.append((What.HOLIDAY, day.share))
    if rates.adds:
        return shares
    return [max(shares, key=lambda pair: pair[1] * Fraction(rates.of(pair[0])))]


def totals(some: Iterable[Line]) -> list[tuple[str, Decimal]]:
    """Add up the amounts of each currency."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in some:
        found[line.currency] += line.amount
    return sorted(found.items())


def segments(
    own: Sequence[Rates], everybody: Sequence[Rates], first: date, last: date
) -> list[tuple[date, date, Rates]]:
    """Give which rates hold from which date to which: a team's own, else those of every team."""
    edges = sorted({first, *(one.since for one in (*own, *everybody) if first < one.since <= last)})
    ends = [*(edge - timedelta(days=1) for edge in edges[1:]), last]
    found = (
        (begin, end, in_force(own, begin) or in_force(everybody, begin))
        for begin, end in zip(edges, ends, strict=True)
    )
    return [(begin, end, one) for begin, end, one in found if one is not None]
