from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms

from incidents.fields.forms import WithFields
from incidents.severities.rules import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.severities.models import Severity

WHEN = "%Y-%m-%dT%H:%M"


def when(**kwargs: Any) -> forms.DateTimeField:
    """Give a field for an instant in the reader's own zone."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN)
    return forms.DateTimeField(
        widget=widget, input_formats=[WHEN, "%Y-%m-%dT%H:%M:%S"], required=False, **kwargs
    )


def words(*, rows: int = 2, **kwargs: Any) -> forms.CharField:
    """Give a field for a few lines of text."""
    return forms.CharField(
        widget=forms.Textarea(attrs={"rows": rows}), required=False, max_length=20_000, **kwargs
    )


class DeclareForm(WithFields):
    """One field is enough; the rest can follow."""

    title = forms.CharField(
        label="What is going wrong for people?",
        max_length=200,
        help_text="Impact first. “Checkout fails for some cards”, not “pool exhausted”.",
        error_messages={"required": "Say what is going wrong for people, in a few words."},
        widget=forms.TextInput(attrs={"autofocus": True, "class": "input-lg", "data-draft": "title"}),
    )
    severity = forms.ChoiceField(required=False)
    services = forms.TypedMultipleChoiceField(
        required=False, coerce=int, widget=forms.CheckboxSelectMultiple, label="Services"
    )
    private = forms.BooleanField(required=False, label="Security incident, visible only to its responders")
    drill = forms.BooleanField(required=False, label="Game day, page nobody")
    percent = forms.DecimalField(
        required=False, min_value=0, max_value=100, decimal_places=2, label="Share of users affected, in %"
    )
    data_lost = forms.BooleanField(required=False, label="Data is lost or corrupted")
    critical_down = forms.BooleanField(required=False, label="A critical feature is down")
    summary = words(label="What is happening?")
    blast_radius = words(label="Who and what is affected?")
    started_at = when(label="Since when?")
    recent_changes = words(label="What was changed shortly before?")
    who_else = words(label="Who else must know?")
    commander = forms.TypedChoiceField(required=False, coerce=int, empty_value=None, label="Offer command to")
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    origin = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        levels: Sequence[Severity] = (),
        services: Sequence[Service] = (),
        commanders: Sequence[User] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.commanders = {person.pk: person for person in commanders}
        self.fields["commander"].choices = [  # type: ignore[attr-defined]
            ("", "nobody, I command"),
            *((pk, str(person)) for pk, person in self.commanders.items()),
        ]
        self.levels = {level.slug: level for level in levels}
        self.known = {service.pk: service for service in services}
        self.fields["severity"].choices = [  # type: ignore[attr-defined]
            ("", ""),
            *((slug, str(level)) for slug, level in self.levels.items()),
        ]
        self.fields["services"].choices = [(pk, service.name) for pk, service in self.known.items()]  # type: ignore[attr-defined]
        if not self.is_bound:
            self.initial.setdefault("key", uuid4())

    def answers(self) -> dict[int, bool]:
        """Give the answers to the questions, by position."""
        given = {
            name[1:]: value for name, value in self.data.items() if name[:1] == "q" and name[1:].isdigit()
        }
        return {int(place): value == "yes" for place, value in given.items() if value in {"yes", "no"}}

    def chosen(self) -> dict[str, Any]:
        """Give what was chosen so far, whatever is still wrong with the rest."""
        self.is_valid()
        data = self.cleaned_data
        return {
            "severity": self.levels.get(data.get("severity", "")),
            "answers": self.answers(),
            "services": [self.known[pk] for pk in data.get("services", [])],
            "drill": bool(data.get("drill")),
            "title": str(self.data.get("title", ""))[:200],
            "measure": Measure(
                data.get("percent"), bool(data.get("data_lost")), bool(data.get("critical_down"))
            ),
        }
