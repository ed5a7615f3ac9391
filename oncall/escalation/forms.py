from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.models import Team
from core.accounts.policy import Verb, can, managed_teams
from oncall.alerts.models import Urgency
from oncall.destinations import queries as destinations
from oncall.escalation import queries
from oncall.escalation.models import Policy
from oncall.escalation.rules.acks import MOST_ACKS
from oncall.escalation.rules.plans import Kind, LevelSpec, TargetSpec, Turn
from oncall.matching.forms import Conditions
from oncall.matching.rules import Branch, Hours, branch_from_json, branch_to_json, labels_of
from oncall.quiet.rules import WEEKDAYS
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from core.accounts.models import User
    from oncall.escalation.models import LastResort
    from oncall.escalation.rules.plans import Plan

MOST_LEVELS = 20
MOST_TARGETS = 20
DEFAULT_MINUTES = "5"
WORKDAYS = tuple(day.lower() for day in WEEKDAYS[:5])
HOW = [
    ("", "At any hour"),
    (Hours.IN.value, "Only in these hours, else it is skipped"),
    (Hours.OUTSIDE.value, "Only outside of these hours"),
    (Hours.WAIT.value, "Low urgency waits for these hours"),
]
"""How a level stands to working hours, as people choose it."""
TURNS = {
    Turn.NOW: "Whoever is on call in",
    Turn.NEXT: "Whoever is next on call in",
    Turn.PREVIOUS: "Whoever was on call before in",
}


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
    at = forms.DateTimeField(
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


@dataclass(frozen=True, slots=True)
class BranchDraft:
    """What must hold for a level, as it stands in the editor."""

    urgency: str = ""
    conditions: Conditions = field(default_factory=Conditions)
    how: str = ""
    weekdays: tuple[str, ...] = WORKDAYS
    start: str = "09:00"
    end: str = "17:00"
    zone: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it restricts nothing."""
        return not (self.urgency or self.conditions.drafts or self.how)

    @classmethod
    def of(cls, branch: Branch | None, prefix: str) -> BranchDraft:
        """Give a level's branch for editing."""
        stored = branch_to_json(branch) if branch else {"urgency": "", "match": [], "hours": None}
        conditions, hours = Conditions.of(stored["match"], prefix), stored["hours"]
        if hours is None:
            return cls(stored["urgency"], conditions, zone=timezone.get_current_timezone_name())
        times = (hours["how"], tuple(hours["weekdays"]), hours["from"], hours["to"], hours["zone"])
        return cls(stored["urgency"], conditions, *times)

    @classmethod
    def posted(cls, data: QueryDict, prefix: str) -> BranchDraft:
        """Give what the browser sent."""
        said = {
            name: data.get(f"{prefix}{name}", "")[:60] for name in ("urgency", "how", "from", "to", "zone")
        }
        conditions = Conditions.posted(data, prefix)
        days = tuple(data.getlist(f"{prefix}weekdays"))[: len(WEEKDAYS)]
        return cls(said["urgency"], conditions, said["how"], days, said["from"], said["to"], said["zone"])

    def check(self) -> tuple[Branch | None, str]:
        """Give the branch, and what is wrong with it."""
        match = self.conditions.check()
        if match is None:
            return None, " ".join(text for _, text in self.conditions.errors)
        hours = {
            "weekdays": self.weekdays,
            "from": self.start,
            "to": self.end,
            "zone": self.zone,
            "how": self.how,
        }
        try:
            stored = {"urgency": self.urgency, "match": match, "hours": hours if self.how else None}
            return branch_from_json(stored), ""
        except ValueError as error:
            return None, str(error)


@dataclass(frozen=True, slots=True)
class Draft:
    """A level in the editor: minutes as typed, targets as "user:3" or "schedule:5:next", and what is wrong with it."""

    minutes: str = DEFAULT_MINUTES
    targets: tuple[str, ...] = ("",)
    round_robin: bool = False
    acks: str = ""
    branch: BranchDraft = field(default_factory=BranchDraft)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def slots(self) -> list[str]:
        """The targets to show: at least one place to choose."""
        return list(self.targets) or [""]


class Levels:
    """The levels of the editor: read from the form, changed by its buttons, checked when they are saved."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = list(drafts)

    @classmethod
    def of(cls, plan: Plan) -> Levels:
        """Give a policy's levels for editing."""
        return cls(
            [
                Draft(
                    in_minutes(level.timeout_seconds),
                    tuple(_value(target) for target in level.targets),
                    level.round_robin,
                    str(level.acks_needed or ""),
                    BranchDraft.of(level.branch, f"level-{n}-"),
                )
                for n, level in enumerate(plan.levels)
            ]
        )

    @classmethod
    def posted(cls, data: QueryDict) -> Levels:
        """Give the levels as the browser sent them."""
        count = data.get("levels", "")
        number = int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0
        return cls(
            [
                Draft(
                    data.get(f"level-{n}-minutes", "")[:12],
                    tuple(data.getlist(f"level-{n}-targets"))[:MOST_TARGETS],
                    f"level-{n}-round_robin" in data,
                    data.get(f"level-{n}-acks", "")[:12],
                    BranchDraft.posted(data, f"level-{n}-"),
                )
                for n in range(min(number, MOST_LEVELS))
            ]
        )

    def change(self, button: str) -> None:
        """Do what a button of the editor says: `add`, or `remove`, `up`, `down`, `more` with a level's number.

        `level-`, a level's number and a button of its conditions is theirs.
        """
        if found := re.fullmatch(r"level-(\d{1,3})-(.*)", button, re.ASCII):
            if int(found[1]) < len(self.drafts):
                self.drafts[int(found[1])].branch.conditions.change(found[2])
            return
        what, _, which = button.partition("-")
        if what == "add" and len(self.drafts) < MOST_LEVELS:
            self.drafts.append(Draft())
            self._number()
            return
        n = int(which) if which.isascii() and which.isdigit() and len(which) < 4 else -1
        if not 0 <= n < len(self.drafts):
            return
        if what == "remove":
            del self.drafts[n]
        elif what == "more":
            chosen = tuple(target for target in self.drafts[n].targets if target)
            self.drafts[n] = replace(self.drafts[n], targets=(*chosen, ""))
        elif what in ("up", "down"):
            self._move(n, n - 1 if what == "up" else n + 1)
        self._number()

    def _number(self) -> None:
        """Name the fields of each level by where it stands now."""
        for n, draft in enumerate(self.drafts):
            draft.branch.conditions.prefix = f"level-{n}-"

    def _move(self, n: int, to: int) -> None:
        if 0 <= to < len(self.drafts):
            self.drafts[n], self.drafts[to] = self.drafts[to], self.drafts[n]

    def check(self) -> list[LevelSpec] | None:
        """Give the levels, or None where something is wrong with them; the drafts say what."""
        known = {value for _, group in choices() for value, _ in group}
        specs, checked = [], []
        for draft in self.drafts:
            spec, errors = _spec(draft, known)
            specs.append(spec)
            checked.append(replace(draft, errors=errors))
        self.drafts = checked
        return None if not specs or any(draft.errors for draft in checked) else specs

    @property
    def errors(self) -> list[tuple[int, str, str]]:
        """What is wrong: level from 0, field, words."""
        return [(n, name, text) for n, draft in enumerate(self.drafts) for name, text in draft.errors.items()]


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Give everything that a level can ask, in groups."""
    known = [TargetSpec(Kind.SCHEDULE, row.pk, row.name) for row in schedules.schedules()]
    turns = [(name, [replace(target, turn=turn) for target in known]) for turn, name in TURNS.items()]
    teams = [TargetSpec(Kind.TEAM, team.pk, team.name) for team in Team.objects.order_by("name")]
    users = [TargetSpec(Kind.USER, user.pk, str(user)) for user in people.people()]
    rooms = [TargetSpec(Kind.CHANNEL, row.pk, row.name) for row in destinations.everywhere()]
    groups = [
        *turns,
        ("Everybody who responds in", teams),
        ("A person", users),
        ("A channel, which wakes nobody", rooms),
    ]
    return [(name, [(_value(each), each.label) for each in targets]) for name, targets in groups if targets]


def _value(target: TargetSpec) -> str:
    """Write a target as a choice: "user:3", "schedule:5:next"."""
    turn = "" if target.turn is Turn.NOW else f":{target.turn}"
    return f"{target.kind}:{target.id}{turn}"


def _target(value: str) -> TargetSpec:
    """Read a choice that is known to be one."""
    kind, id_, *turn = value.split(":")
    return TargetSpec(Kind(kind), int(id_), turn=Turn(*turn) if turn else Turn.NOW)


def _spec(draft: Draft, known: set[str]) -> tuple[LevelSpec, dict[str, str]]:
    errors = {}
    seconds = _seconds(draft.minutes)
    if seconds is None:
        errors["minutes"] = "Enter minutes from 0.1 to 1440, as 5 or 2.5."
    acks = _acks(draft.acks)
    if acks is None:
        errors["acks"] = f"Enter a number from 1 to {MOST_ACKS}, or leave it empty."
    chosen = list(dict.fromkeys(target for target in draft.targets if target))
    if not chosen:
        errors["targets"] = "Choose whom this level asks."
    elif not known.issuperset(chosen):
        errors["targets"] = "One of these cannot be asked any more. Choose again."
    targets = () if "targets" in errors else tuple(_target(value) for value in chosen)
    branch, wrong = draft.branch.check()
    if wrong:
        errors["branch"] = wrong
    return LevelSpec(
        seconds or 1, targets, draft.round_robin, acks_needed=acks or None, branch=branch
    ), errors


def _acks(typed: str) -> int | None:
    """Read how many people must acknowledge: 0 for as many as the policy says, None where it is no such number."""
    plain = typed.strip() or "0"
    if not (plain.isascii() and plain.isdecimal()) or len(plain) > 2:
        return None
    number = int(plain)
    return number if number <= MOST_ACKS and (number or not typed.strip()) else None


def in_minutes(seconds: int | None) -> str:
    """Write seconds as the minutes that are typed, as 5 or 2.5."""
    return "" if seconds is None else f"{Decimal(seconds) / 60:.2f}".rstrip("0").rstrip(".")


def _seconds(minutes: str) -> int | None:
    plain = minutes.strip().replace(",", ".")
    if not plain.replace(".", "", 1).isdecimal() or not plain.isascii():
        return None
    seconds = round(Decimal(plain) * 60)
    return seconds if 6 <= seconds <= 86400 else None
