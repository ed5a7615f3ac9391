from __future__ import annotations

from django import forms

from oncall.nights.rules import MOST


class NightLimitForm(forms.Form):
    """How many pages a night."""

    pages = forms.IntegerField(
        min_value=0,
        max_value=MOST,
        label="Pages per person per night",
        help_text="What is more goes to the next level instead. 0: no limit.",
    )
