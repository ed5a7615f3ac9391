from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.models import Role, User
from core.ui.moments import MomentField
from oncall.schedules import queries
from oncall.schedules.models import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet

    from oncall.schedules.models import Schedule
    from oncall.schedules.registry import Fit

LOCAL = "%Y-%m-%dT%H:%M"


class OverrideForm(forms.Form):
    """Times are entered in the zone that the calendar shows."""

    user = forms.ModelChoiceField(
        queryset=User.objects.none(), label="Who covers", empty_label="Choose a person"
    )
    start = MomentField(
        label="From", widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"})
    )
    end = MomentField(
        label="Until", widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"})
    )
    replaces = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Instead of", empty_label="Everybody on call then"
    )
    layer = forms.ModelChoiceField(
        queryset=Layer.objects.none(),
        required=False,
        label="In the rotation",
        empty_label="All of them: the whole schedule",
    )
    reason = forms.CharField(required=False, max_length=200)

    def __init__(
        self, *args: Any, schedule: Schedule, fits: Sequence[tuple[User, Fit]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        layers = queries.layers_in_force(schedule, at=timezone.now())
        everybody = list(people.people())
        self._offer("layer", Layer.objects.filter(pk__in=[layer.pk for layer in layers]), layers)
        self._offer("user", people.pageable(), [each for each in everybody if each.role != Role.VIEWER])
        self._offer("replaces", people.people(), everybody)
        if fits:
            self._suggest(fits)

    def _offer(self, name: str, queryset: QuerySet[Any], rows: Sequence[Model]) -> None:
        """Let one of the rows be chosen, which were read once for all fields that offer them."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = queryset
        field.choices = [("", field.empty_label), *((row.pk, str(row)) for row in rows)]

    def _suggest(self, fits: Sequence[tuple[User, Fit]]) -> None:
        """Name first who is of this schedule, with what that time would mean for them."""
        first, *others = self.fields["user"].choices  # type: ignore[attr-defined]
        known = {user.pk for user, _ in fits}
        self.fields["user"].choices = [  # type: ignore[attr-defined]
            first,
            ("Of this schedule, who fits best first", [(user.pk, _suits(user, fit)) for user, fit in fits]),
            ("Everybody else", [(pk, label) for pk, label in others if pk not in known]),
        ]

    @property
    def is_refused(self) -> bool:
        """Whether all of it can be read, and is refused as a whole."""
        return set(self.errors) == {"__all__"}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("start") and data.get("end") and data["end"] <= data["start"]:
            self.add_error("end", "It has to end after it starts.")
        return data


def _suits(user: User, fit: Fit) -> str:
    return f"{user}, {', '.join(fit.against) or 'free'}, {fit.hours} h on call around it"
