from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from oncall.feeds import queries
from oncall.feeds.models import Kind

if TYPE_CHECKING:
    from core.accounts.models import Team
    from oncall.schedules.models import Schedule

OWN = "own"


class AddressForm(forms.Form):
    """What a new address is for, and what it shows."""

    kind = forms.ChoiceField(
        choices=[
            (Kind.CALENDAR, "A calendar to subscribe to"),
            (Kind.NOW, "Who is on call now, as text or read out"),
        ],
        initial=Kind.CALENDAR,
        label="For",
    )
    shows = forms.ChoiceField(label="It shows")
    name = forms.CharField(
        max_length=80,
        required=False,
        label="Where it is used",
        widget=forms.TextInput(attrs={"placeholder": "Phone"}),
    )

    connects = forms.BooleanField(
        label="Connect callers to who is on call",
        required=False,
        help_text="By a number at Twilio, for managers of the schedule. Calls cost money.",
    )
    has_talks = forms.BooleanField(
        label="Show the talks at hand-offs too",
        required=False,
        help_text="By a calendar, as events of their own.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schedules, teams = queries.choices()
        self._things: dict[str, dict[str, Schedule | Team]] = {
            **{f"schedule-{row.pk}": {"schedule": row} for row in schedules},
            **{f"team-{row.pk}": {"team": row} for row in teams},
        }
        self.fields["shows"].choices = [  # type: ignore[attr-defined]
            (OWN, "My shifts in all schedules"),
            ("Schedules", [(f"schedule-{row.pk}", row.name) for row in schedules]),
            ("Teams", [(f"team-{row.pk}", row.name) for row in teams]),
        ]

    def clean(self) -> dict[str, Any]:
        """Put the schedule or the team in the place of its choice."""
        data = super().clean() or {}
        if data.get("kind") == Kind.NOW and data.get("shows") == OWN:
            self.add_error(
                "shows", ValidationError("Choose a schedule or a team: it says who is on call there.")
            )
        shows = data.pop("shows", OWN)
        data["kind"] = Kind(data["kind"]) if data.get("kind") else Kind.CALENDAR
        return data | self._things.get(shows, {})
