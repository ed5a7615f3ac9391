from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.changes.models import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.catalog.models import Service


class ChangeForm(forms.Form):
    """What was changed by hand, where no pipeline tells it."""

    service = forms.TypedChoiceField(label="On which service?", coerce=int)
    kind = forms.ChoiceField(label="What kind?", choices=ChangeKind.choices)
    summary = forms.CharField(
        label="What was changed?",
        max_length=1024,
        error_messages={"required": "Say in a few words what was changed."},
    )
    previous = forms.CharField(label="From version", max_length=80, required=False)
    version = forms.CharField(label="To version", max_length=80, required=False)
    at = forms.DateTimeField(
        label="When?",
        required=False,
        help_text="Empty: now.",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    url = forms.URLField(label="Where to read more", max_length=500, required=False, assume_scheme="https")

    def __init__(self, *args: Any, services: Sequence[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {service.pk: service for service in services}
        self.fields["service"].choices = [(pk, row.name) for pk, row in self.known.items()]  # type: ignore[attr-defined]

    def clean_service(self) -> Service:
        """Give the service itself."""
        return self.known[self.cleaned_data["service"]]
