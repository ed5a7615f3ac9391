from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils.dateparse import parse_datetime

from oncall.handoffs.models import MOST_MINUTES, TaskKind

MOST = 5000


class NoteForm(forms.Form):
    """What whoever takes over has to know; `seen` is when the note was written that its author has seen."""

    text = forms.CharField(
        label="What whoever follows has to know",
        max_length=MOST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Everybody who may sign in reads it: leave out what belongs to a private incident.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_seen(self) -> datetime | None:
        """Read the moment; what is none was seen by nobody."""
        given = self.cleaned_data["seen"]
        try:
            found = parse_datetime(given) if given else None
        except ValueError:
            found = None
        if given and (found is None or found.tzinfo is None):
            raise forms.ValidationError("Open the page again.")
        return found


class TaskForm(forms.Form):
    kind = forms.ChoiceField(label="What for", choices=TaskKind.choices)
    text = forms.CharField(label="What would be better", max_length=200)


class TalkForm(forms.Form):
    """How long those who hand over and those who take over talk."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    minutes = forms.IntegerField(
        label="Minutes of talk at each hand-off",
        min_value=0,
        max_value=MOST_MINUTES,
        help_text="Both hear of it by mail, and calendars that want it show it. 0: they do not talk.",
    )
