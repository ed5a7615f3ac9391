from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms

from core.accounts import queries as people
from core.accounts.models import User
from oncall.schedules import queries
from oncall.schedules.forms.zones import ZoneField
from oncall.schedules.models import Unit
from oncall.schedules.operations import LayerSpec
from oncall.schedules.rules.layers import WEEKDAYS
from oncall.schedules.rules.windows import over_days

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oncall.schedules.models import Layer
    from oncall.schedules.rules.layers import Restriction

PLACES = 12
WINDOWS = 7
NOBODY = "nobody"
DAYS = [(str(n), name) for n, name in enumerate(WEEKDAYS)]
HANDOFF_DAYS = [("", "as it starts"), *DAYS]

Turn = Sequence[User] | None
Entered = tuple[int | None, time, time]


class LayerForm(forms.Form):
    """One rotation: its people in the order in which they take turns, and the windows in which it counts.

    A turn is a person, with those who are "together with the one before", or expressly nobody.
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
    rank = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=1000,
        label="Rank",
        help_text="A higher rank covers the lower ones; equal ranks are on call together. Empty: above the one before.",
    )
    time_zone = ZoneField(label="Time zone of its hand-offs, if not the schedule's", required=False)
    counts_only_active = forms.BooleanField(
        required=False, label="Use up only turns in which one of its windows opens"
    )

    def __init__(self, *args: Any, everybody: Sequence[User] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = people.people() if everybody is None else everybody
        shown = [user for turn in self.initial.get("turns", ()) for user in turn or ()]
        self.known = {str(user.pk): user for user in [*known, *shown]}
        choices = [
            ("", "No more turns"),
            (NOBODY, "Nobody: this turn stays empty"),
            *((pk, str(user)) for pk, user in self.known.items()),
        ]
        self.seats = range(max(PLACES, self.initial.get("seats", 0)))
        for n in self.seats:
            self.fields[f"person_{n}"] = forms.ChoiceField(
                choices=choices, required=False, label=f"Line {n + 1}"
            )
            self.fields[f"with_{n}"] = forms.BooleanField(
                required=False, label=f"Line {n + 1} together with the one before"
            )
        self.places = range(max(WINDOWS, self.initial.get("windows", 0)))
        for n in self.places:
            self._add_window(n)

    def _add_window(self, n: int) -> None:
        self.fields[f"day_{n}"] = forms.ChoiceField(
            choices=[("", "Every day"), *DAYS], required=False, label=f"Window {n + 1}"
        )
        self.fields[f"until_{n}"] = forms.ChoiceField(
            choices=[("", "the same day or night"), *DAYS], required=False, label="Until"
        )
        for edge in ("from", "to"):
            self.fields[f"{edge}_{n}"] = forms.TimeField(
                required=False,
                label=edge.capitalize(),
                widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            )

    @property
    def turns(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """The lines for people, each but the first with its tick for a shared turn."""
        return [(self[f"person_{n}"], self[f"with_{n}"] if n else None) for n in self.seats]

    @property
    def windows(self) -> list[tuple[forms.BoundField, ...]]:
        return [tuple(self[f"{part}_{n}"] for part in ("day", "from", "until", "to")) for n in self.places]

    @property
    def has_windows(self) -> bool:
        """Whether a window is filled in, or one is wrong."""
        return any(start.value() or end.value() for _, start, _, end in self.windows)

    @property
    def shared_turns(self) -> list[str]:
        """The turns in words, where one is shared or nobody's."""
        turns = self.initial.get("turns", [])
        return [_in_words(turn) for turn in turns] if any(not turn or turn[1:] for turn in turns) else []

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("kept") != self.initial.get("kept"):
            raise forms.ValidationError(
                "Somebody changed the rotations in between, so nothing was saved. Open the page again to see them."
            )
        data["participants"] = self._turns(data)
        if not data["participants"] and data.get("name"):
            self.add_error("person_0", "Choose who takes the first turn.")
        data["restrictions"] = [window for n in self.places for window in self._window(data, n)]
        return data

    def _turns(self, data: Mapping[str, Any]) -> list[list[User] | None]:
        turns: list[list[User] | None] = []
        for n in self.seats:
            chosen = data.get(f"person_{n}")
            if not chosen:
                continue
            together = turns[-1] if turns and data.get(f"with_{n}") else None
            if chosen == NOBODY:
                turns.append(None)
            elif together is None:
                turns.append([self.known[chosen]])
            elif self.known[chosen] not in together:
                together.append(self.known[chosen])
        return turns

    def _window(self, data: Mapping[str, Any], n: int) -> list[Entered]:
        start, end, day, until = (data.get(f"{part}_{n}") for part in ("from", "to", "day", "until"))
        if until and not day:
            self.add_error(f"day_{n}", "A window over several days begins on one weekday.")
            return []
        if start is not None and end is not None:
            if day and until:
                return [*over_days(int(day), start, int(until), end)]
            return [(int(day) if day else None, start, end)]
        if (start is not None or end is not None or day) and not {
            f"from_{n}",
            f"to_{n}",
        } & self.errors.keys():
            self.add_error(f"from_{n}", "A window needs both times.")
        return []

    def spec(self, zone: str) -> LayerSpec:
        data = self.cleaned_data
        local = datetime.combine(data["start"], data["handoff_at"], ZoneInfo(data["time_zone"] or zone))
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
            time_zone=data["time_zone"],
            rank=data["rank"],
            counts_only_active=data["counts_only_active"],
            lineage=self.initial.get("lineage"),
        )


def _in_words(turn: Turn) -> str:
    return " and ".join(str(person) for person in turn) if turn else "Nobody"


def initial(layer: Layer, zone: str, opening: Sequence[Restriction] | None = None) -> dict[str, Any]:
    """What the form shows of a rotation in a schedule of that zone; with other windows where they are given."""
    start = layer.start.astimezone(ZoneInfo(layer.time_zone))
    shown: dict[str, Any] = {
        "kept": layer.pk,
        "name": layer.name,
        "every": layer.every,
        "unit": layer.unit,
        "weekday": "" if layer.weekday is None else str(layer.weekday),
        "handoff_at": layer.handoff_at,
        "start": start.date(),
        "time_zone": "" if layer.time_zone == zone else layer.time_zone,
        "rank": layer.position,
        "counts_only_active": layer.counts_only_active,
        "lineage": layer.lineage,
    }
    shown["turns"] = queries.turns(layer)
    seats = [
        (str(user.pk) if user else NOBODY, position > 0)
        for turn in shown["turns"]
        for position, user in enumerate(turn or [None])
    ]
    shown["seats"] = len(seats) + 2
    for n, (person, together) in enumerate(seats):
        shown |= {f"person_{n}": person, f"with_{n}": together}
    windows = queries.layer_value(layer).restrictions if opening is None else opening
    shown["windows"] = len(windows) + 1
    for n, window in enumerate(windows):
        day = "" if window.weekday is None else str(window.weekday)
        shown |= {f"day_{n}": day, f"from_{n}": window.start, f"to_{n}": window.end}
    return shown


_Formset = forms.formset_factory(LayerForm, extra=0, can_delete=True, max_num=20, validate_max=True)


def rotations(data: Any, shown: Sequence[Mapping[str, Any]]) -> Any:
    """The rotations of one schedule, as entered or as `shown`."""
    everybody = list(people.people())
    return _Formset(data, initial=shown, prefix="layers", form_kwargs={"everybody": everybody})


def as_typed(data: Any, shown: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was entered, to be shown again without a word about what is still missing."""
    bound = rotations(data, shown)
    return [{**form.initial, **{name: form[name].value() for name in form.fields}} for form in bound.forms]
