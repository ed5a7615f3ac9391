from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts import queries as people
from incidents.audiences.models import Hears

if TYPE_CHECKING:
    from core.accounts.models import User


class AddForm(forms.Form):
    """One more who gets the updates: a person, or a mail address."""

    user = forms.ChoiceField(label="A person", required=False)
    email = forms.EmailField(label="Or a mail address", required=False)
    hears = forms.ChoiceField(
        label="What they read",
        choices=Hears.choices,
        initial=Hears.PUBLIC,
        help_text="To addresses outside of the company send what customers read.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people: dict[str, User] = {str(one.pk): one for one in people.people()}
        choices = [("", "Nobody chosen"), *((key, str(one)) for key, one in self.people.items())]
        self.fields["user"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Give exactly one."""
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("user")) == bool(data.get("email")):
            raise forms.ValidationError("Choose somebody, or enter a mail address.")
        return data

    def said(self) -> dict[str, Any]:
        """Give who was chosen, as the operations take it."""
        data = self.cleaned_data
        return {"user": self.people.get(data["user"]), "email": data["email"], "hears": data["hears"]}
