from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts.forms import NewPassword
from core.accounts.models import Role, Team
from core.accounts.policy import managed_teams
from core.people.invitations import queries
from core.people.zones import ZoneField

if TYPE_CHECKING:
    from core.accounts.models import User


class Invite(forms.Form):
    """Whom to invite, as what, into which team."""

    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(
        help_text="Viewers read, responders act, managers configure the things of their teams, admins everything."
    )
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="No team yet")

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team, role = self.fields["team"], self.fields["role"]
        assert isinstance(team, forms.ModelChoiceField) and isinstance(role, forms.ChoiceField)  # noqa: S101, PT018
        team.queryset = managed_teams(actor).order_by("name")
        team.required = actor.role != Role.ADMIN
        role.choices = queries.roles_to_give(actor)
        role.initial = Role.RESPONDER


class Accept(NewPassword):
    """Who the invited person is."""

    name = forms.CharField(
        max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = ZoneField(initial="UTC", widget=forms.Select(attrs={"data-browser-zone": ""}))
    field_order = ("name", "time_zone", "password")
