from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms

from core.accounts import queries as people
from core.accounts.models import Team, User
from oncall.schedules import rules
from oncall.schedules.models import Schedule, Unit
from oncall.schedules.operations import LayerSpec

if TYPE_CHECKING:
    from oncall.schedules.models import Layer

PLACES = 12
ZONES = sorted(available_timezones())
WEEKDAYS = [("", "as it starts"), *[(str(n), name) for n, name in enumerate(rules.WEEKDAYS)]]


class ScheduleForm(forms.ModelForm[Schedule]):
    time_zone = forms.ChoiceField(
        choices=[(zone, zone) for zone in ZONES], label="Time zone of its hand-offs"
    )
    team = forms.ModelChoiceField(queryset=Team.objects.none(), required=False)

    class Meta:
        model = Schedule
        fields = ["name", "slug", "team", "time_zone", "description"]
        labels = {"slug": "Address"}
        help_texts = {"slug": "The calendar is at /on-call/<address>/."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.order_by("name")  # type: ignore[attr-defined]


class LayerForm(forms.Form):
    """One rotation. Its people are chosen in the order in which they take turns."""

    name = forms.CharField(max_length=80, label="Name of the rotation", initial="Primary")
    every = forms.IntegerField(min_value=1, max_value=365, initial=1, label="Hands over every")
    unit = forms.ChoiceField(choices=Unit.choices, initial=Unit.WEEK, label="of these")
    weekday = forms.ChoiceField(choices=WEEKDAYS, required=False, label="On", initial="0")
    handoff_at = forms.TimeField(
        label="At", initial="09:00", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    start = forms.DateField(
        label="First turn begins on", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everybody = people.people().order_by("name")
        for place in range(PLACES):
            self.fields[f"person_{place}"] = forms.ModelChoiceField(
                queryset=everybody, required=False, empty_label="Nobody", label=f"Turn {place + 1}"
            )

    @property
    def turns(self) -> list[forms.BoundField]:
        return [self[f"person_{place}"] for place in range(PLACES)]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["people"] = [data[f"person_{n}"] for n in range(PLACES) if data.get(f"person_{n}")]
        if not data["people"] and data.get("name"):
            self.add_error("person_0", "Choose who takes the first turn.")
        return data

    def spec(self, zone: str) -> LayerSpec:
        data = self.cleaned_data
        local = datetime.combine(data["start"], data["handoff_at"], ZoneInfo(zone))
        weekly = data["unit"] == Unit.WEEK
        return LayerSpec(
            name=data["name"],
            start=local.astimezone(UTC),
            handoff_at=data["handoff_at"],
            unit=data["unit"],
            every=data["every"],
            weekday=int(data["weekday"]) if weekly and data["weekday"] else None,
            participants=[[person] for person in data["people"]],
        )


def initial(layer: Layer) -> dict[str, Any]:
    """What the form shows of a rotation that is in force."""
    start = layer.start.astimezone(ZoneInfo(layer.time_zone))
    shown: dict[str, Any] = {
        "name": layer.name,
        "every": layer.every,
        "unit": layer.unit,
        "weekday": "" if layer.weekday is None else str(layer.weekday),
        "handoff_at": layer.handoff_at,
        "start": start.date(),
    }
    members = [member.user_id for member in layer.participants.all()]
    return shown | {f"person_{n}": pk for n, pk in enumerate(members[:PLACES])}


LayerFormSet = forms.formset_factory(LayerForm, extra=0, can_delete=True, max_num=20, validate_max=True)


class OverrideForm(forms.Form):
    """Times are entered in the zone that the calendar shows."""

    user = forms.ModelChoiceField(
        queryset=User.objects.none(), label="Who covers", empty_label="Choose a person"
    )
    start = forms.DateTimeField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    end = forms.DateTimeField(label="Until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    replaces = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Instead of", empty_label="Everybody on call then"
    )
    reason = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("user", "replaces"):
            self.fields[name].queryset = people.people().order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("start") and data.get("end") and data["end"] <= data["start"]:
            self.add_error("end", "It has to end after it starts.")
        return data
