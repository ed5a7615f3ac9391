from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from core.accounts.models import User


class FirstAdmin(forms.Form):
    """Who runs this install."""

    name = forms.CharField(
        max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a weak password."""
        given = super().clean() or {}
        if password := given.get("password"):
            person = User(email=given.get("email", ""), name=given.get("name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return given
