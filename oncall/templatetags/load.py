"""Hours and weeks as people read them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.template import Library

from oncall.load.rules.hours import Kind
from oncall.timeoff import rules as timeoff

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

    from oncall.load.rules.hours import Hours
    from oncall.timeoff.models import TimeOff

register = Library()


@register.filter
def as_hours(time: timedelta) -> str:
    """Write a length of time in hours, as 167 h or 7.5 h."""
    return f"{_short(time / timedelta(hours=1))} h"


@register.filter
def as_difference(time: timedelta) -> str:
    """Write how far something is from an even share, as +12 h or -3.5 h."""
    text = _short(time / timedelta(hours=1))
    return f"+{text} h" if time > timedelta() and text != "0" else f"{text} h".replace("-", "\u2212")


@register.filter
def as_weeks(share: Fraction) -> str:
    """Write a share of weeks, as 1.5."""
    return _short(float(share))


@register.filter
def as_quantity(quantity: Fraction) -> str:
    """Write how much of something is paid, with two digits where it is not whole."""
    return f"{float(quantity):.2f}".removesuffix(".00")


@register.filter
def of_kind(hours: Hours, kind: str) -> timedelta:
    """Give the hours of a kind, by its name."""
    return hours.of(Kind[kind.upper()])


@register.filter
def hours_said(hours: Decimal) -> str:
    """Write hours of time off, as 8 hours."""
    return timeoff.hours_said(hours)


@register.filter
def earned_by(row: TimeOff) -> str:
    """Say what earned some time off."""
    return timeoff.why_said(timeoff.Why(row.why), row.day)


@register.filter
def hardness(row: TimeOff) -> str:
    """Say what made a night hard, as 4 pages, awake for 95 minutes."""
    awake = f", awake for {row.awake_minutes} minutes" if row.awake_minutes else ""
    return f"{row.count} page{'' if row.count == 1 else 's'}{awake}"


def _short(number: float) -> str:
    text = f"{number:.0f}" if abs(number) >= 100 else f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
