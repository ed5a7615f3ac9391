from __future__ import annotations

from typing import Any

from django import forms

from core.accounts.models import User
from oncall.shadows import queries


class ShadowForm(forms.Form):
    """Who shadows whom from when until when, in the schedule's zone."""

    trainee = forms.ModelChoiceField(User.objects.none(), label="Who learns", empty_label="Choose a person")
    follows = forms.ModelChoiceField(
        User.objects.none(), required=False, label="From whom", empty_label="Whoever is on call"
    )
    start = forms.DateTimeField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    end = forms.DateTimeField(label="Until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    reason = forms.CharField(
        max_length=200, required=False, help_text="Everybody who is signed in can read it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("trainee", "follows"):
            self.fields[name].queryset = queries.trainees()  # type: ignore[attr-defined]
