from __future__ import annotations

from django import forms


class LimitsForm(forms.Form):
    """What is too small, too long or too short for a schedule."""

    people = forms.IntegerField(
        label="People who share it, at least", min_value=1, max_value=50, help_text="6 to 8 work well."
    )
    days = forms.IntegerField(label="Days on call without a break, at most", min_value=1, max_value=60)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    rest_hours = forms.IntegerField(label="Hours of rest between two shifts", min_value=0, max_value=24)
