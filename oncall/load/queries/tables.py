"""Load as tables for other programs, a person after the other by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncall.load.rules.hours import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, timedelta
    from fractions import Fraction

    from oncall.load.queries.loads import Load

COLUMNS = (
    "user",
    "person",
    "from",
    "to",
    "time_zone",
    "hours",
    *(f"hours_{kind.value.removesuffix('_hours')}" for kind in Kind),
    "weeks",
    "weekends",
    "holidays",
    "longest_stretch_hours",
    "pages_in_hours",
    "pages_out_of_hours",
    "pages_at_night",
    "nights_woken",
)


def table(loads: Iterable[Load], first: date, last: date) -> Iterator[list[object]]:
    """One line per person, with the column names first."""
    yield list(COLUMNS)
    for load in loads:
        yield [
            load.user.pk,
            str(load.user),
            first,
            last,
            load.zone.key,
            hours(load.hours.total),
            *(hours(load.hours.of(kind)) for kind in Kind),
            weeks(load.hours.weeks),
            load.hours.weekends,
            load.hours.holidays,
            hours(load.longest),
            load.pages.in_hours,
            load.pages.out_of_hours,
            load.pages.at_night,
            len(load.pages.woken),
        ]


def pay_table(loads: Iterable[Load], first: date, last: date) -> Iterator[list[object]]:
    """One line per person, team and rate: how much of what was paid at which rate."""
    yield ["user", "person", "from", "to", "team", "what", "quantity", "rate", "amount", "currency"]
    for load in loads:
        for line in load.paid:
            yield [
                load.user.pk,
                str(load.user),
                first,
                last,
                line.team,
                line.what.value,
                f"{float(line.quantity):.4f}",
                line.rate,
                line.amount,
                line.currency,
            ]


def weeks_table(loads: Iterable[Load], first: date, last: date) -> Iterator[list[object]]:
    """One line per person and month: how many weeks of it they are on call."""
    yield ["user", "person", "from", "to", "month", "weeks"]
    for load in loads:
        for month, share in load.months:
            yield [load.user.pk, str(load.user), first, last, f"{month:%Y-%m}", weeks(share)]


def hours(time: timedelta) -> str:
    """Write hours with two digits behind the point."""
    return f"{time.total_seconds() / 3600:.2f}"


def weeks(share: Fraction) -> str:
    """Write weeks with two digits behind the point."""
    return f"{float(share):.2f}"
