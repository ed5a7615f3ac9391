from __future__ import annotations

from django import forms


class WordsForm(forms.Form):
    """What was done, or why it is not."""

    words = forms.CharField(
        max_length=2000,
        error_messages={"required": "Nothing is ticked away without words: say what, or why."},
    )
