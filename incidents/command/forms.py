from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts import queries as people
from core.accounts.policy import Verb, can

if TYPE_CHECKING:
    from core.accounts.models import User


class DeclineForm(forms.Form):
    """Why somebody does not take command; it may be left out."""

    why = forms.CharField(label="Why not?", max_length=500, required=False)


class PoolForm(forms.Form):
    """Somebody who was trained to command."""

    user = forms.TypedChoiceField(label="Who?", coerce=int)
    note = forms.CharField(
        label="Trained when and how?", max_length=200, required=False, help_text="As “game day in May”."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people.people() if can(person, Verb.RESPOND)}
        self.fields["user"].choices = [  # type: ignore[attr-defined]
            ("", "Choose somebody"),
            *((pk, str(person)) for pk, person in self.people.items()),
        ]

    def clean_user(self) -> User:
        """Give the person themselves."""
        return self.people[self.cleaned_data["user"]]
