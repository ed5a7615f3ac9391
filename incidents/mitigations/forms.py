from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.board.forms import when, words
from incidents.mitigations.models import Kind, Mitigation, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User


class MitigationForm(forms.ModelForm[Mitigation]):
    """Something that can be tried on a service."""

    kind = forms.ChoiceField(choices=Kind.choices)

    class Meta:
        model = Mitigation
        fields = ("kind", "name", "steps", "url", "is_temporary")
        labels = {
            "name": "What is done?",
            "steps": "How?",
            "url": "Link",
            "is_temporary": "It is temporary",
        }
        widgets = {"steps": forms.Textarea(attrs={"rows": 3})}
        error_messages = {"name": {"required": "Say what is done."}}


class BeginForm(forms.Form):
    """A mitigation that was thought out, or one in words."""

    mitigation = forms.IntegerField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(choices=Kind.choices, initial=Kind.OTHER, required=False)
    name = forms.CharField(
        label="What is done?", max_length=120, error_messages={"required": "Say what is done."}
    )
    is_temporary = forms.BooleanField(
        label="It is temporary",
        required=False,
        help_text="It has to be undone, or kept on purpose, before the incident ends.",
    )
    at = when(label="Since when?", help_text="Empty: now.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = not self.data.get("mitigation")


class EndForm(forms.Form):
    """What came of it."""

    result = forms.ChoiceField(choices=Result.choices)
    note = words(label="What was seen?")


class KeepForm(forms.Form):
    """Why it stays, and who answers for it."""

    why = forms.CharField(
        label="Why does it stay?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why it stays, for whoever finds it later."},
    )
    owner = forms.TypedChoiceField(label="Who answers for it?", coerce=int)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        self.fields["owner"].choices = [  # type: ignore[attr-defined]
            ("", "Choose somebody"),
            *((pk, str(person)) for pk, person in self.people.items()),
        ]

    def clean_owner(self) -> User:
        """Give the person themselves."""
        return self.people[self.cleaned_data["owner"]]
