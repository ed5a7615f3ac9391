"""Hours and weeks as people read them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.template import Library

from oncall.load.rules.hours import Kind

if TYPE_CHECKING:
    from fractions import Fraction

    from oncall.load.rules.hours import Hours

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


def _short(number: float) -> str:
    text = f"{number:.0f}" if abs(number) >= 100 else f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
