from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts.models import TeamRole, User
from core.people.teams import queries

if TYPE_CHECKING:
    from core.accounts.models import Team


class TeamName(forms.Form):
    """What a team is called."""

    name = forms.CharField(max_length=80, label="Name")


class Member(forms.Form):
    """Whom to add, as what."""

    user = forms.ModelChoiceField(User.objects.none(), label="Person", empty_label="Choose a person")
    role = forms.ChoiceField(
        choices=TeamRole.choices,
        initial=TeamRole.MEMBER,
        help_text="A manager configures the team's schedules, policies and services.",
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["user"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = queries.outsiders(team)
