from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

from incidents.board.forms import when
from incidents.customer_reports.operations import MOST


class CustomerReportForm(forms.Form):
    """How many customers said what, and when."""

    count = forms.IntegerField(
        label="How many customers?",
        min_value=1,
        max_value=MOST,
        initial=1,
        error_messages={"required": "Say of how many customers it is."},
    )
    text = forms.CharField(
        label="What do they say?",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say what customers report, in their words."},
        help_text="As “the card is declined at the last step”. No names, no card numbers.",
    )
    at = when(label="When?", help_text="Empty: now.")
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("key", uuid4())
