from __future__ import annotations

from django import forms

from core.ui.moments import MomentField
from oncall.schedules.forms.places import PlaceForm


class AbsenceForm(forms.Form):
    """From when until when, in the person's zone."""

    start = MomentField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    end = MomentField(label="Until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
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


class RegionForm(PlaceForm):
    """Whose public holidays are somebody's."""
