from __future__ import annotations

from typing import Any

from django import forms

from core.accounts.forms import NewPassword
from core.people.zones import ZoneField


class Profile(forms.Form):
    """How a person is called and in which zone they see times."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    time_zone = ZoneField(help_text="Every time you see is in this zone.")


class ChangePassword(NewPassword):
    """The old password, and a new one."""

    old = forms.CharField(
        label="Your password now",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("old", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = "New password"
