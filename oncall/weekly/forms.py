from __future__ import annotations

from django import forms

from oncall.quiet.rules import WEEKDAYS
from oncall.schedules.forms.zones import ZoneField


class WeeklyForm(forms.Form):
    """Whether, on which day and at which hour."""

    is_on = forms.BooleanField(label="Send it", required=False)
    weekday = forms.TypedChoiceField(label="Day", choices=list(enumerate(WEEKDAYS)), coerce=int)
    hour = forms.TypedChoiceField(
        label="Hour", choices=[(hour, f"{hour:02}:00") for hour in range(24)], coerce=int
    )


class TeamWeeklyForm(WeeklyForm):
    """The same with a zone."""

    time_zone = ZoneField(label="Time zone")
