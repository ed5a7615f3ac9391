from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms

from core.accounts import queries as people
from core.accounts.models import Team, User
from oncall.schedules import queries
from oncall.schedules.models import Schedule, Unit
from oncall.schedules.operations import LayerSpec
from oncall.schedules.rules.layers import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oncall.schedules.models import Layer

PLACES = 12
WINDOWS = 7
ZONES = sorted(available_timezones())
DAYS = [(str(n), name) for n, name in enumerate(WEEKDAYS)]
HANDOFF_DAYS = [("", "as it starts"), *DAYS]


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
    """One rotation: its people in the order in which they take turns, and the windows in which it counts.

    Turns that several people share, or that nobody has, do not fit into its fields: they are shown, and kept.
    """

    kept = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=80, label="Name of the rotation", initial="Primary")
    every = forms.IntegerField(min_value=1, max_value=365, initial=1, label="Hands over every")
    unit = forms.ChoiceField(choices=Unit.choices, initial=Unit.WEEK, label="of these")
    weekday = forms.ChoiceField(choices=HANDOFF_DAYS, required=False, label="On", initial="0")
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
        self.places = range(max(WINDOWS, self.initial.get("windows", 0)))
        for n in self.places:
            self.fields[f"day_{n}"] = forms.ChoiceField(
                choices=[("", "Every day"), *DAYS], required=False, label=f"Window {n + 1}"
            )
            for edge in ("from", "to"):
                self.fields[f"{edge}_{n}"] = forms.TimeField(
                    required=False,
                    label=edge.capitalize(),
                    widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
                )

    @property
    def turns(self) -> list[forms.BoundField]:
        return [self[f"person_{place}"] for place in range(PLACES)]

    @property
    def windows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(self[f"day_{n}"], self[f"from_{n}"], self[f"to_{n}"]) for n in self.places]

    @property
    def has_windows(self) -> bool:
        """Whether a window is filled in, or one is wrong."""
        return any(start.value() or end.value() for _, start, end in self.windows)

    @property
    def shared_turns(self) -> list[str]:
        """The turns that do not fit into the fields, in words; empty where they do."""
        return [_in_words(turn) for turn in self.initial.get("turns", [])]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("kept") != self.initial.get("kept"):
            raise forms.ValidationError(
                "Somebody changed the rotations in between, so nothing was saved. Open the page again to see them."
            )
        alone = [[data[f"person_{n}"]] for n in range(PLACES) if data.get(f"person_{n}")]
        data["participants"] = self.initial.get("turns") or alone
        if not data["participants"] and data.get("name"):
            self.add_error("person_0", "Choose who takes the first turn.")
        data["restrictions"] = [window for n in self.places if (window := self._window(data, n))]
        return data

    def _window(self, data: dict[str, Any], n: int) -> tuple[int | None, time, time] | None:
        start, end, day = data.get(f"from_{n}"), data.get(f"to_{n}"), data.get(f"day_{n}")
        if start is not None and end is not None:
            return (int(day) if day else None, start, end)
        if (start is not None or end is not None or day) and not {
            f"from_{n}",
            f"to_{n}",
        } & self.errors.keys():
            self.add_error(f"from_{n}", "A window needs both times.")
        return None

    def spec(self, zone: str) -> LayerSpec:
        data, known = self.cleaned_data, self.initial
        local = datetime.combine(data["start"], data["handoff_at"], ZoneInfo(known.get("time_zone", zone)))
        weekly = data["unit"] == Unit.WEEK
        return LayerSpec(
            name=data["name"],
            start=local.astimezone(UTC),
            handoff_at=data["handoff_at"],
            unit=data["unit"],
            every=data["every"],
            weekday=int(data["weekday"]) if weekly and data["weekday"] else None,
            participants=data["participants"],
            restrictions=data["restrictions"],
            time_zone=known.get("time_zone", ""),
            rank=known.get("rank"),
            counts_only_active=known.get("counts_only_active", False),
            lineage=known.get("lineage"),
        )


def _in_words(turn: Sequence[User] | None) -> str:
    return " and ".join(str(person) for person in turn) if turn else "Nobody"


def initial(layer: Layer) -> dict[str, Any]:
    """What the form shows of a rotation that is in force."""
    start = layer.start.astimezone(ZoneInfo(layer.time_zone))
    shown: dict[str, Any] = {
        "kept": layer.pk,
        "name": layer.name,
        "every": layer.every,
        "unit": layer.unit,
        "weekday": "" if layer.weekday is None else str(layer.weekday),
        "handoff_at": layer.handoff_at,
        "start": start.date(),
        # What only the API sets is kept.
        "time_zone": layer.time_zone,
        "rank": layer.position,
        "counts_only_active": layer.counts_only_active,
        "lineage": layer.lineage,
    }
    turns = queries.turns(layer)
    alone = [turn[0] for turn in turns if turn and len(turn) == 1]
    if len(alone) < len(turns) or len(turns) > PLACES:
        shown["turns"] = turns
    else:
        shown |= {f"person_{n}": person.pk for n, person in enumerate(alone)}
    windows = layer.restrictions.order_by("id")
    shown["windows"] = len(windows)
    for n, window in enumerate(windows):
        day = "" if window.weekday is None else str(window.weekday)
        shown |= {f"day_{n}": day, f"from_{n}": window.start, f"to_{n}": window.end}
    return shown


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
