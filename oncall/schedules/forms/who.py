from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts import queries as people
from core.accounts.models import Team
from incidents.catalog import queries as catalog
from incidents.catalog.models import Service

if TYPE_CHECKING:
    from core.accounts.models import User


class WhoForm(forms.Form):
    """Of whom one wants to know who is on call."""

    team = forms.ModelChoiceField(
        queryset=Team.objects.none(), to_field_name="slug", required=False, empty_label="Any team"
    )
    service = forms.ModelChoiceField(
        queryset=Service.objects.none(), to_field_name="slug", required=False, empty_label="Any service"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.error_messages["invalid_choice"] = f"There is no such {name}."
        self.fields["team"].queryset = people.teams(user)  # type: ignore[attr-defined]
        self.fields["service"].queryset = catalog.services(user).order_by("name")  # type: ignore[attr-defined]
