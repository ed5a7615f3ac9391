from __future__ import annotations

from django import forms

from incidents.readiness.models import OUTCOMES


class AnswerForm(forms.Form):
    """One answer for one item."""

    item = forms.CharField(max_length=40, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label="Answer", choices=OUTCOMES, error_messages={"required": "Choose an answer."}
    )
    note = forms.CharField(label="Note", required=False, max_length=300)
