from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts.models import Team
from core.accounts.policy import Verb, can, managed_teams
from oncall.destinations import queries

if TYPE_CHECKING:
    from core.accounts.models import User


class DestinationForm(forms.Form):
    """A channel that is there already: its address stays what it is. An admin alone opens it to what is private."""

    name = forms.CharField(max_length=80, error_messages={"required": "Give it a name, as #payments."})
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, empty_label="No team", help_text="Its managers may change it."
    )
    is_enabled = forms.BooleanField(required=False, initial=True, label="Tell this channel")
    hears_private = forms.BooleanField(
        required=False,
        label="Tell it of private incidents",
        help_text="Everybody who reads this channel then reads them: title, service and who is asked.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101 - declared above
        team.queryset = managed_teams(user).order_by("name")
        if not can(user, Verb.ADMIN):
            del self.fields["hears_private"]


class NewDestinationForm(DestinationForm):
    """A channel to add; whether the address is one, its service says."""

    channel = forms.ChoiceField(label="How it is told", initial="slack")
    address = forms.CharField(
        max_length=500,
        label="Address",
        error_messages={"required": "Enter where it is, as its service calls it."},
    )
    secret = forms.CharField(
        max_length=120,
        required=False,
        label="Secret or token",
        help_text="Where the service asks for one. Leave it empty for a webhook, and one is made.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_enabled"]
        kinds = queries.kinds()
        self.fields["channel"].choices = [(kind.kind, kind.name) for kind in kinds]  # type: ignore[attr-defined]
        self.asked = [(kind.name, kind.asks_room or kind.asks) for kind in kinds]
