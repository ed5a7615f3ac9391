from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident


class ObservationForm(forms.Form):
    """What was odd, in a sentence."""

    text = forms.CharField(
        label="What was odd?",
        max_length=500,
        error_messages={"required": "Say in a sentence what was odd."},
        help_text="No proof is needed. “Login felt slow twice this morning.”",
    )
    service = forms.TypedChoiceField(label="Where?", coerce=int, required=False, empty_value=None)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, services: Sequence[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {service.pk: service for service in services}
        self.fields["service"].choices = [  # type: ignore[attr-defined]
            ("", "Not sure"),
            *((pk, row.name) for pk, row in self.known.items()),
        ]
        self.initial.setdefault("key", uuid4())

    def clean_service(self) -> Service | None:
        """Give the service itself."""
        pk = self.cleaned_data["service"]
        return None if pk is None else self.known[pk]


class SettleForm(forms.Form):
    """What it was."""

    why = forms.CharField(
        max_length=300, error_messages={"required": "Say in a few words what it was."}, label="What was it?"
    )


class LinkForm(forms.Form):
    """Which open incident it belongs to."""

    incident = forms.TypedChoiceField(coerce=int)

    def __init__(self, *args: Any, incidents: Sequence[Incident], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {row.number: row for row in incidents}
        self.fields["incident"].choices = [(number, str(row)) for number, row in self.known.items()]  # type: ignore[attr-defined]

    def clean_incident(self) -> Incident:
        """Give the incident itself."""
        return self.known[self.cleaned_data["incident"]]
