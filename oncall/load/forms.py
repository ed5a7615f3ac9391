from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from oncall.load.rules import spans

if TYPE_CHECKING:
    from django.http import QueryDict

WEEKS = 8


class PeriodForm(forms.Form):
    """From which date to which, both included. Without any: the last eight weeks."""

    def __init__(self, data: QueryDict) -> None:
        given = data.copy()
        first, last = default()
        given["from"], given["to"] = given.get("from") or str(first), given.get("to") or str(last)
        super().__init__(given)
        for name, label in (("from", "From"), ("to", "To")):
            self.fields[name] = forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends first or is longer than a year."""
        data: dict[str, Any] = super().clean() or {}
        if "from" in data and "to" in data:
            try:
                spans.period(data["from"], data["to"])
            except spans.Unfit as error:
                raise ValidationError({"to": str(error)}) from error
        return data

    def period(self) -> tuple[date, date]:
        """What was asked for, or the default where it makes no sense."""
        return (self.cleaned_data["from"], self.cleaned_data["to"]) if self.is_valid() else default()


def default() -> tuple[date, date]:
    """The last eight weeks up to today, by the reader's calendar."""
    today = timezone.localdate()
    return today - timedelta(weeks=WEEKS) + spans.DAY, today


def choices() -> list[tuple[str, date, date]]:
    """The periods that are offered by name."""
    today = timezone.localdate()
    month = today.replace(day=1)
    before = month - spans.DAY
    return [
        ("8 weeks", *default()),
        ("This month", month, today),
        ("Last month", before.replace(day=1), before),
        ("A year", today - timedelta(days=364), today),
    ]
