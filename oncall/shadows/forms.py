from __future__ import annotations

from typing import Any

from django import forms

from core.accounts.models import User
from core.ui.moments import MomentField
from oncall.shadows import queries
from oncall.shadows.models import MOST_MINUTES


class ShadowForm(forms.Form):
    """Who shadows whom from when until when, in the schedule's zone."""

    trainee = forms.ModelChoiceField(User.objects.none(), label="Who learns", empty_label="Choose a person")
    follows = forms.ModelChoiceField(
        User.objects.none(), required=False, label="From whom", empty_label="Whoever is on call"
    )
    is_reverse = forms.ChoiceField(
        label="How",
        choices=[("", "Paged along, at the same time"), ("1", "In front, paged first (reverse shadow)")],
        required=False,
    )
    delay_minutes = forms.IntegerField(
        label="Minutes before who is on call is paged",
        min_value=0,
        max_value=MOST_MINUTES,
        initial=5,
        required=False,
        help_text="For a trainee in front. 0: both at once. Never more than half of the time that the level has.",
    )
    start = MomentField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    end = MomentField(label="Until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    reason = forms.CharField(
        max_length=200, required=False, help_text="Everybody who is signed in can read it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("trainee", "follows"):
            self.fields[name].queryset = queries.trainees()  # type: ignore[attr-defined]

    def clean_is_reverse(self) -> bool:
        """Whether they are in front."""
        return bool(self.cleaned_data["is_reverse"])

    def clean_delay_minutes(self) -> int:
        """Without a number it is the usual one."""
        given: int | None = self.cleaned_data["delay_minutes"]
        return 5 if given is None else given
