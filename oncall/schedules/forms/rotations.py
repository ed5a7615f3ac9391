from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms

from core.accounts import queries as people
from core.accounts.models import User
from core.ui.moments import near
from oncall.schedules import queries
from oncall.schedules.forms.windows import DAYS, WindowsForm, last_filled, shown_windows
from oncall.schedules.forms.zones import ZoneField
from oncall.schedules.models import OnHolidays, Unit
from oncall.schedules.operations import MOST, LayerSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oncall.schedules.models import Layer
    from oncall.schedules.rules.layers import Restriction

PLACES = 12
NOBODY = "nobody"
HANDOFF_DAYS = [("", "as it starts"), *DAYS]

Turn = Sequence[User] | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line for a person, and where it begins a turn which of how many that is, from 0 on, and whose."""

    person: forms.BoundField
    together: forms.BoundField | None
    turn: int | None
    of: int
    names: str

    @property
    def is_edge(self) -> bool:
        """Whether its turn can move one way only."""
        return self.turn in {0, self.of - 1}


class LayerForm(WindowsForm):
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
        validators=[near],
        label="First turn begins on",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
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

    on_holidays = forms.ChoiceField(
        choices=OnHolidays.choices,
        required=False,
        initial=OnHolidays.COUNTS,
        label="On public holidays",
        help_text="Whose they are is said above, under public holidays.",
    )

    def __init__(self, *args: Any, everybody: Sequence[User] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = people.pageable() if everybody is None else everybody
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
        self.add_windows()

    @property
    def goes_by_holidays(self) -> bool:
        """Whether it says something of public holidays."""
        return self["on_holidays"].value() not in {None, "", OnHolidays.COUNTS.value}

    @property
    def lines(self) -> list[Line]:
        """The lines for people, each but the first with its tick for a shared turn; some of them begin a turn."""
        turns = turns_of({name: self[name].value() for name in self.fields} | {"seats": len(self.seats)})
        begins = {places[0]: n for n, places in enumerate(turns)}
        return [
            Line(
                person=self[f"person_{n}"],
                together=self[f"with_{n}"] if n else None,
                turn=begins.get(n),
                of=len(turns),
                names=self._named(turns[begins[n]]) if n in begins else "",
            )
            for n in self.seats
        ]

    def _named(self, places: Sequence[int]) -> str:
        chosen = [str(self[f"person_{n}"].value()) for n in places]
        return " and ".join(str(self.known.get(each, "Nobody")) for each in chosen)

    @property
    def lines_shown(self) -> list[Line]:
        """The lines for people to the last that is filled in, and three more."""
        return self.lines[: self._last_seat + 4]

    @property
    def lines_more(self) -> list[Line]:
        return self.lines[self._last_seat + 4 :]

    @property
    def _last_seat(self) -> int:
        return last_filled([self[f"person_{n}"]] for n in self.seats)

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
        data["restrictions"] = self.entered_windows(data)
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
            on_holidays=data["on_holidays"] or OnHolidays.COUNTS.value,
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
        "on_holidays": layer.on_holidays,
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
    return shown | shown_windows([(window.weekday, window.start, window.end) for window in windows])


# What is sent beyond the first one too many is not even looked at.
_Formset = forms.formset_factory(
    LayerForm, extra=0, can_delete=True, max_num=MOST, validate_max=True, absolute_max=MOST + 1
)


def rotations(data: Any, shown: Sequence[Mapping[str, Any]]) -> Any:
    """The rotations of one schedule, as entered or as `shown`."""
    everybody = list(people.pageable())
    return _Formset(
        data,
        initial=_in_order(data, shown),
        prefix="layers",
        form_kwargs={"everybody": everybody},
        error_messages={"too_many_forms": f"A schedule has at most {MOST} rotations."},
    )


def _in_order(data: Any, shown: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is known of each rotation that was entered, in their order; nothing of one that is not known."""
    if data is None:
        return list(shown)
    known = {str(each.get("kept", "")): each for each in shown}
    count = str(data.get("layers-TOTAL_FORMS", ""))
    numbers = range(min(int(count), MOST + 1) if count.isdecimal() and len(count) < 9 else 0)
    return [known.pop(str(data.get(f"layers-{n}-kept", "")), {}) for n in numbers]


def as_typed(data: Any, shown: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was entered, to be shown again without a word about what is still missing."""
    bound = rotations(data, shown)
    return [{**form.initial, **{name: form[name].value() for name in form.fields}} for form in bound.forms]


def moved(typed: Sequence[Mapping[str, Any]], number: int) -> list[dict[str, Any]]:
    """The rotations with that one and the one before it in each other's place, and with its rank."""
    found = [dict(each) for each in typed]
    if 0 < number < len(found):
        one, other = found[number - 1], found[number]
        one["rank"], other["rank"] = other.get("rank"), one.get("rank")
        found[number - 1], found[number] = other, one
    return found


def turned(typed: Sequence[Mapping[str, Any]], number: int, turn: int) -> list[dict[str, Any]]:
    """The rotations with that turn of one of them and the turn before it in each other's place."""
    found = [dict(each) for each in typed]
    turns = turns_of(found[number]) if number < len(found) else []
    if not 0 < turn < len(turns):
        return found
    one = found[number]
    turns[turn - 1], turns[turn] = turns[turn], turns[turn - 1]
    lines = [(one[f"person_{n}"], place > 0) for places in turns for place, n in enumerate(places)]
    one |= {name: None for name in one if name.startswith(("person_", "with_"))}
    for n, (person, together) in enumerate(lines):
        one |= {f"person_{n}": person, f"with_{n}": together}
    return found


def turns_of(typed: Mapping[str, Any]) -> list[list[int]]:
    """The lines of each turn as they are entered. Together with nobody, or with an empty turn, is a turn of its own."""
    turns: list[list[int]] = []
    for n in range(max(PLACES, typed.get("seats") or 0)):
        chosen = typed.get(f"person_{n}")
        if chosen:
            before = typed[f"person_{turns[-1][-1]}"] if turns else NOBODY
            if typed.get(f"with_{n}") and NOBODY not in {chosen, before}:
                turns[-1].append(n)
            else:
                turns.append([n])
    return turns


def rebased(
    typed: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]], lineages: Mapping[int, int]
) -> list[dict[str, Any]]:
    """What was entered over rows that are replaced by now, as if entered over those of the same rotations.

    `lineages` says which rotation each of the rows was of.
    """
    rows = {each["lineage"]: each["kept"] for each in shown}
    return [
        {**each, "kept": rows.pop(lineages.get(int(kept) if kept.isdecimal() else 0, 0), None)}
        for each in typed
        for kept in [str(each.get("kept") or "")]
    ]
