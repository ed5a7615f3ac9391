from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.lifecycle.models import Incident
from oncall.alerts.models import Urgency
from oncall.byhand import queries

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.registry import Target

KINDS = {"user": "People", "schedule": "On-call schedules", "team": "Teams", "policy": "Escalation policies"}


class PageForm(forms.Form):
    """Whom to page, in which words, and about which incident."""

    whom = forms.ChoiceField(error_messages={"required": "Choose whom to page."})
    message = forms.CharField(
        max_length=1000,
        label="What do you need from them?",
        help_text="It is the first thing they read.",
        error_messages={"required": "Say what you need: it is the first thing they read."},
    )
    incident = forms.ModelChoiceField(
        Incident.objects.none(),
        required=False,
        empty_label="None",
        label="Incident",
        help_text="Whoever accepts takes part in it.",
    )
    urgency = forms.ChoiceField(choices=Urgency.choices, initial=Urgency.HIGH)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        targets = queries.targets(user)
        self.targets = {f"{row.kind}:{row.id}": row for rows in targets.values() for row in rows}
        groups = [
            (label, [(f"{row.kind}:{row.id}", row.name) for row in targets[kind]])
            for kind, label in KINDS.items()
            if targets.get(kind)
        ]
        whom, incident = self.fields["whom"], self.fields["incident"]
        assert isinstance(whom, forms.ChoiceField)  # noqa: S101 - declared above
        assert isinstance(incident, forms.ModelChoiceField)  # noqa: S101 - declared above
        whom.choices = [("", "Choose whom to page"), *groups]
        incident.queryset = queries.incidents(user)

    def clean_whom(self) -> Target:
        """Give the target itself."""
        return self.targets[self.cleaned_data["whom"]]
