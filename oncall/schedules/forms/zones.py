from __future__ import annotations

from zoneinfo import available_timezones

from django import forms

ZONES = sorted(available_timezones())


class ZoneField(forms.CharField):
    """The name of a time zone; with `list` in its attributes the page suggests those that are known."""

    def __init__(self, *, label: str, required: bool = True) -> None:
        super().__init__(
            label=label,
            required=required,
            max_length=60,
            widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
        )

    def clean(self, value: object) -> str:
        """Refuse what is no zone."""
        name: str = super().clean(value)
        if name and name not in ZONES:
            raise forms.ValidationError(
                f"{name} is no time zone that is known here. Write it as Europe/Berlin."
            )
        return name
