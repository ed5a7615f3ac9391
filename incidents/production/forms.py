from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

from incidents.board.forms import when, words


class ProductionChangeForm(forms.Form):
    """What was changed, where, and what came of it."""

    what = forms.CharField(
        label="What did you change?",
        max_length=500,
        error_messages={"required": "Say what was changed."},
        help_text="As “pool size 100 to 200”, “flag new-checkout off”.",
    )
    place = forms.CharField(
        label="Where?", max_length=200, required=False, help_text="The system, host or flag."
    )
    result = words(label="What came of it?", help_text="It can follow.")
    at = when(label="When?", help_text="Empty: now.")
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("key", uuid4())


class ResultForm(forms.Form):
    """What came of a change. The version keeps two people from overwriting each other."""

    result = forms.CharField(max_length=20_000, error_messages={"required": "Say what came of it."})
    version = forms.IntegerField(required=False)
