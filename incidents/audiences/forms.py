from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts import queries as people
from incidents.audiences import registry
from incidents.audiences.models import KINDS, Hears, Page
from incidents.audiences.operations import Who

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.accounts.models import User
    from incidents.audiences.models import AudienceList
    from incidents.severities.models import Severity


class ListForm(forms.Form):
    """A list: its name, what it hears, how often at most."""

    name = forms.CharField(max_length=60, error_messages={"required": "Give it a name, as Support."})
    purpose = forms.CharField(max_length=200, required=False, label="What they need to know it for")
    hears = forms.ChoiceField(choices=Hears.choices, label="What they read", initial=Hears.INTERNAL)
    page = forms.ChoiceField(
        choices=Page.choices,
        label="Where they read on",
        initial=Page.ROOM,
        required=False,
        help_text="The link in their messages leads there, and who is on the list may read it.",
    )
    least_minutes = forms.IntegerField(
        min_value=1,
        max_value=1440,
        required=False,
        label="At most every (minutes)",
        help_text="Who writes sooner is warned. Empty: as often as needed.",
    )
    takes_part = forms.BooleanField(required=False, label="Whoever takes part in the incident is on it")
    is_active = forms.BooleanField(required=False, initial=True, label="In use")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def said(self) -> dict[str, Any]:
        """Give what was entered as the operations take it."""
        given = {
            name: self.cleaned_data[name] for name in ("name", "purpose", "hears", "takes_part", "is_active")
        }
        if self.cleaned_data["page"]:
            given["page"] = self.cleaned_data["page"]
        minutes = self.cleaned_data["least_minutes"]
        return {**given, "least_seconds": minutes * 60 if minutes else None}

    @staticmethod
    def of(row: AudienceList) -> dict[str, Any]:
        """Give a list as the form shows it."""
        names = ("name", "purpose", "hears", "page", "takes_part", "is_active", "version")
        return {
            **{name: getattr(row, name) for name in names},
            "least_minutes": row.least_seconds // 60 if row.least_seconds else None,
        }


class MemberForm(forms.Form):
    """One more for a list: a person, a team, a channel or a mail address."""

    who = forms.ChoiceField(label="A person, a team or a channel", required=False)
    email = forms.EmailField(label="Or a mail address", required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {f"user-{one.pk}": Who(user=one) for one in people.people()}
        self.teams = {f"team-{one.pk}": Who(team=one) for one in people.teams(user)}
        self.rooms = {f"room-{one.id}": Who(room=one.id) for one in registry.rooms()}
        names = {f"room-{one.id}": one.name for one in registry.rooms()} if self.rooms else {}
        groups: list[Any] = [("", "Nobody chosen")]
        for label, known in (("People", self.people), ("Teams", self.teams), ("Channels", self.rooms)):
            if known:
                groups.append(
                    (
                        label,
                        [(key, names.get(key) or str(who.user or who.team)) for key, who in known.items()],
                    )
                )
        self.fields["who"].choices = groups  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Give exactly one."""
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("who")) == bool(data.get("email")):
            raise forms.ValidationError("Choose somebody, or enter a mail address.")
        return data

    def chosen(self) -> Who:
        """Give who was chosen."""
        key = self.cleaned_data["who"]
        if not key:
            return Who(email=self.cleaned_data["email"])
        return {**self.people, **self.teams, **self.rooms}[key]


class MatrixForm(forms.Form):
    """Which list hears what at which severity: a tick for each."""

    def __init__(
        self, *args: Any, rows: Iterable[AudienceList], levels: Sequence[Severity], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rows, self.levels = list(rows), levels
        for row in self.rows:
            for level in levels:
                for kind, _ in KINDS:
                    self.fields[_name(row, level, kind)] = forms.BooleanField(required=False)

    def matrix(self) -> dict[str, dict[str, list[str]]]:
        """Give what was ticked, by list and severity."""
        return {
            row.slug: {
                level.slug: [kind for kind, _ in KINDS if self.cleaned_data[_name(row, level, kind)]]
                for level in self.levels
            }
            for row in self.rows
        }

    @staticmethod
    def ticked(rows: Iterable[AudienceList], levels: Sequence[Severity]) -> dict[str, bool]:
        """Give the matrix as it is, as the form shows it."""
        return {
            _name(row, level, kind): True
            for row in rows
            for level in levels
            for rule in row.told  # type: ignore[attr-defined]
            if rule.severity_id == level.pk
            for kind in rule.kinds
        }

    def lines(self) -> list[tuple[AudienceList, list[tuple[str, list[tuple[Severity, forms.BoundField]]]]]]:
        """Give the ticks by list, kind and severity."""
        return [
            (
                row,
                [
                    (words, [(level, self[_name(row, level, kind)]) for level in self.levels])
                    for kind, words in KINDS
                ],
            )
            for row in self.rows
        ]


def _name(row: AudienceList, level: Severity, kind: str) -> str:
    return f"{row.slug}--{level.slug}--{kind}"
