"""Forms of signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import validate_password

if TYPE_CHECKING:
    from core.accounts.models import User

HELP = "At least 12 characters. A few words that belong together only for you are easy to keep and hard to guess."


class ZoneField(forms.CharField):
    """The browser's time zone, filled in by a script; nobody misses it without."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.HiddenInput(attrs={"data-browser-zone": ""})
        super().__init__(**{"required": False, "max_length": 60, "widget": widget, **kwargs})


class SignIn(LoginForm):  # type: ignore[misc]
    """E-mail and password."""

    zone = ZoneField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail"
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autofocus": True}
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}
        self.fields["password"].help_text = ""


class Forgotten(forms.Form):
    """Whose password is forgotten."""

    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"}))


class PasswordAgain(forms.Form):
    """The password of the person who is signed in."""

    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class NewPassword(forms.Form):
    """A new password, once: a password manager repeats it, and a look at it is a press away."""

    password = forms.CharField(
        label="New password",
        strip=False,
        max_length=512,
        help_text=HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        """Refuse a weak password."""
        given: str = self.cleaned_data["password"]
        validate_password(given, self.user)
        return given
