from __future__ import annotations

from django import forms

from oncall.quiet.rules import WEEKDAYS


class HoursForm(forms.Form):
    """From when until when, on which days."""

    start = forms.TimeField(
        label="From", initial="22:00", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    end = forms.TimeField(
        label="Until",
        initial="07:00",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=list(enumerate(WEEKDAYS)),
        coerce=int,
        initial=list(range(len(WEEKDAYS))),
        label="Beginning on",
        help_text="An end before the start is on the next day.",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )


class HolidayForm(forms.Form):
    """A date, and what it is called."""

    day = forms.DateField(label="Date", widget=forms.DateInput(attrs={"type": "date"}))
    name = forms.CharField(max_length=60, required=False)
