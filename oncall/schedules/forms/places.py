from __future__ import annotations

from typing import Any

from django import forms

from oncall.schedules.rules import holidays


class PlaceForm(forms.Form):
    """Whose public holidays count: a country, or a part of it."""

    country = forms.ChoiceField(required=False)
    region = forms.CharField(
        max_length=10,
        required=False,
        help_text="A part of the country by its code, as BY. Empty: what holds everywhere.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "None"), *holidays.countries().items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Say which parts a country has where the one given is none of them."""
        data: dict[str, Any] = super().clean() or {}
        data["region"] = data.get("region", "").upper()
        wrong = holidays.complaint(place_of(data)) if data.get("country") else ""
        if wrong:
            self.add_error("region", forms.ValidationError(wrong))
        return data


def place_of(data: dict[str, Any]) -> str:
    """The place that was entered, as DE or DE-BY; empty for none."""
    if not data.get("country"):
        return ""
    return f"{data['country']}-{data['region']}" if data.get("region") else data["country"]
