from __future__ import annotations

from django import forms

from oncall.calendars.models import USES
from oncall.calendars.rules import Use


class CalendarForm(forms.Form):
    """An iCalendar address, and what its events are."""

    name = forms.CharField(
        max_length=60, label="Name", help_text="It stands in the reason of who is on call by it."
    )
    url = forms.CharField(
        max_length=2000,
        label="iCalendar address",
        help_text="It is stored sealed and never shown again.",
        widget=forms.TextInput(attrs={"placeholder": "https://…/on-call.ics", "autocomplete": "off"}),
    )
    use = forms.ChoiceField(
        choices=[(value, f"{words[0].upper()}{words[1:]}") for value, words in USES],
        initial=Use.SHIFTS.value,
        label="What it is",
        help_text="Shifts cover what ranks below; an override puts its person on call alone.",
    )
    rank = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=1000,
        initial=100,
        label="Rank of its shifts",
        help_text="Rotations have 0, 1, 2 from the lowest. A higher rank covers the lower ones.",
    )

    def clean_rank(self) -> int:
        """Above all rotations where nothing was said."""
        rank: int | None = self.cleaned_data["rank"]
        return 100 if rank is None else rank
