from __future__ import annotations

from typing import Any

from django import forms

from core.accounts import queries as people
from core.accounts.models import User


class OverrideForm(forms.Form):
    """Times are entered in the zone that the calendar shows."""

    user = forms.ModelChoiceField(
        queryset=User.objects.none(), label="Who covers", empty_label="Choose a person"
    )
    start = forms.DateTimeField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    end = forms.DateTimeField(label="Until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    replaces = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Instead of", empty_label="Everybody on call then"
    )
    reason = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("user", "replaces"):
            self.fields[name].queryset = people.people().order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("start") and data.get("end") and data["end"] <= data["start"]:
            self.add_error("end", "It has to end after it starts.")
        return data
