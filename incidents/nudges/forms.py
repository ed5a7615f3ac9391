from __future__ import annotations

from django import forms


class AnswerForm(forms.Form):
    """What is being done about it."""

    text = forms.CharField(
        label="What is being done?",
        max_length=500,
        error_messages={"required": "Say in a few words what is being done."},
    )
