from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from oncall.absences import queries


class AbsenceForm(forms.Form):
    """From when until when, in the person's zone."""

    start = forms.DateTimeField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    end = forms.DateTimeField(label="Until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    note = forms.CharField(max_length=200, required=False, label="Note", help_text="Admins may read it.")


class CalendarForm(forms.Form):
    """An iCalendar address, and which of its events are absences."""

    url = forms.CharField(
        max_length=2000,
        label="iCalendar address",
        widget=forms.TextInput(attrs={"placeholder": "https://…/absences.ics", "autocomplete": "off"}),
    )
    only = forms.CharField(
        max_length=60,
        required=False,
        label="Only events with this in their title",
        help_text="Empty: every event is an absence.",
    )


class RegionForm(forms.Form):
    """Whose public holidays count."""

    country = forms.ChoiceField(required=False)
    region = forms.CharField(
        max_length=10,
        required=False,
        help_text="A part of the country by its code, as BY. Empty: what holds everywhere.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "None"), *queries.countries().items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Say which parts a country has where the one given is none of them."""
        data: dict[str, Any] = super().clean() or {}
        data["region"] = data.get("region", "").upper()
        known = queries.regions(data["country"]) if data.get("country") else []
        if data["region"] and data["region"] not in known:
            parts = ", ".join(known) or "no parts with holidays of their own"
            self.add_error("region", ValidationError(f"This country has {parts}."))
        return data
