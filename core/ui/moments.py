"""Times that people enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

if TYPE_CHECKING:
    from datetime import date

FIRST, LAST = 1970, 2199


def near(value: date) -> None:
    """Refuse a day that nobody means: moved into another zone, the first and the last of all are no days any more."""
    if not FIRST <= value.year <= LAST:
        raise forms.ValidationError("This time is too far away.")


class MomentField(forms.DateTimeField):
    """A moment that somebody can mean."""

    default_validators = [near]
