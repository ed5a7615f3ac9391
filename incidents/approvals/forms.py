from __future__ import annotations

from django import forms


class DeclineForm(forms.Form):
    """Why it does not go out."""

    why = forms.CharField(
        label="What should be changed?",
        max_length=500,
        error_messages={"required": "Say in a few words what should be changed."},
    )
