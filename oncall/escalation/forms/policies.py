"""What is typed about a policy, its simulation and the last resort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts import queries as people
from core.accounts.models import Team
from core.accounts.policy import Verb, can, managed_teams
from core.ui.moments import MomentField
from oncall.alerts.models import Urgency
from oncall.escalation import queries
from oncall.escalation.models import Policy
from oncall.escalation.rules.acks import MOST_ACKS
from oncall.matching.rules import labels_of

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.escalation.models import LastResort


class PolicyForm(forms.Form):
    """A policy without its levels."""

    name = forms.CharField(max_length=80, error_messages={"required": "Give it a name, as the team's."})
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, empty_label="No team", help_text="Its managers may change it."
    )
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    repeat = forms.IntegerField(
        min_value=1,
        max_value=10,
        initial=1,
        label="Passes in all",
        help_text="How often everybody is asked, before it gives up and the admins are told.",
    )
    ack_timeout = forms.DecimalField(
        required=False,
        min_value=1,
        max_value=10080,
        decimal_places=1,
        label="Ask again when an alert was taken and has not ended, after minutes",
        help_text="Empty: whoever takes it keeps it. An alert of an open incident is left to the incident.",
    )
    acks_needed = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_ACKS,
        initial=1,
        label="People who must acknowledge",
        help_text="With 2, whoever acknowledges first is asked no more, and it goes on until somebody else has too.",
    )
    is_default = forms.BooleanField(
        required=False, label="Takes every alert that no route and no service claims"
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, policy: Policy | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.policy = user, policy
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101 - declared above
        team.queryset = managed_teams(user).order_by("name")
        if not can(user, Verb.ADMIN):
            del self.fields["is_default"]

    def as_typed(self) -> PolicyForm:
        """Give the form with what was typed and no complaint: a button of the editor saves nothing."""
        typed = {name: self.data.get(name, "") for name in self.fields}
        return PolicyForm(user=self.user, policy=self.policy, initial=typed)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        known = self.policy.is_default if self.policy else False
        minutes = given.pop("ack_timeout", None)
        seconds = int(minutes * 60) if minutes else None
        return {
            "is_default": known,
            **given,
            "ack_timeout_seconds": seconds,
            "acks_needed": given.get("acks_needed") or 1,
            "version": given.get("version"),
        }


class SimulateForm(forms.Form):
    """When an alert comes, how urgent it is, and which policy asks."""

    policy = forms.ModelChoiceField(Policy.objects.none(), to_field_name="slug", empty_label=None)
    at = MomentField(
        label="An alert comes",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone.",
    )
    urgency = forms.ChoiceField(choices=Urgency.choices)
    labels = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "placeholder": "severity = critical"}),
        help_text="What its branches look at, one label on each line.",
    )

    def clean_labels(self) -> dict[str, str]:
        """Read one label on each line."""
        try:
            return labels_of(self.cleaned_data["labels"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policy = self.fields["policy"]
        assert isinstance(policy, forms.ModelChoiceField)  # noqa: S101 - declared above
        policy.queryset = queries.policies(user)


class LastResortForm(forms.Form):
    """Who is asked when nobody of a policy answered: "policy:3", "user:5", or nobody."""

    whom = forms.ChoiceField(
        required=False,
        label="When nobody of a policy answers, ask",
        help_text="Once, after the last pass, beside telling the admins. Never after itself.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policies = [(f"policy:{row.pk}", row.name) for row in queries.policies(user)]
        persons = [(f"user:{row.pk}", str(row)) for row in people.people()]
        whom = self.fields["whom"]
        assert isinstance(whom, forms.ChoiceField)  # noqa: S101 - declared above
        whom.choices = [("", "Nobody beside the admins"), ("A policy", policies), ("A person", persons)]

    @staticmethod
    def chosen(last: LastResort | None) -> str:
        """Write who it is as a choice."""
        if last is None:
            return ""
        return f"policy:{last.policy_id}" if last.policy_id else f"user:{last.user_id}"

    def clean(self) -> dict[str, Any]:
        kind, _, pk = self.cleaned_data.get("whom", "").partition(":")
        return {
            "policy": Policy.objects.filter(pk=pk).first() if kind == "policy" else None,
            "user": people.person(int(pk)) if kind == "user" else None,
        }
