from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.board.forms import words
from incidents.mitigations.models import Result
from incidents.runbooks import rules
from incidents.runbooks.models import StepState
from incidents.runbooks.operations.writing import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import Team, User
    from incidents.catalog.models import Service
    from incidents.runbooks.models import Runbook
    from incidents.severities.models import Severity

SKELETON = """## Trigger
What does one see, and from which value on?

## Impact
Who notices what?

## Diagnosis
1. What is looked at first?
   ```
   a command to copy
   ```
   Expect: what it should say

## Mitigation
### Option A: the one that is tried first
Success: what one sees when it helped

1. What is done

## Verification
- What has to hold before it is over

## Rollback
1. How it is undone

## Escalation
After 15 minutes:
- Severity: SEV2
- Page: schedule database
- Update the status page
"""


class LinesField(forms.CharField):
    """A text of several lines. A browser counts the end of one as one character and sends two."""

    def to_python(self, value: Any) -> Any:
        """Give each end of a line as one."""
        return (super().to_python(value) or "").replace("\r\n", "\n")


class RunbookForm(forms.Form):
    """A runbook: whose it is, what it is for, and what to do. The version keeps two people from overwriting each other."""

    name = forms.CharField(
        label="What is it for?",
        max_length=120,
        help_text="As people search for it at night: “Checkout is slow”.",
        error_messages={"required": "Give it a name."},
    )
    team = forms.TypedChoiceField(
        label="Team", coerce=int, help_text="Its members write it, and hear when it goes stale."
    )
    owner = forms.TypedChoiceField(label="Person", coerce=int, required=False, empty_value=None)
    severity = forms.TypedChoiceField(
        label="What is it usually?", coerce=int, required=False, empty_value=None
    )
    services = forms.TypedMultipleChoiceField(
        label="Services", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    alerts = forms.CharField(
        label="Alerts",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono"}),
        help_text="One a line: a name as HighLatency, or labels as alertname=Slow, team=api.",
    )
    text = forms.CharField(
        label="What is done?",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 26, "class": "mono"}),
        help_text="Markdown. Headings of the second level are its sections, list items are steps to tick.",
        error_messages={"required": "Say what is done."},
    )
    note = forms.CharField(
        label="What is new?", max_length=200, required=False, help_text="For whoever compares versions."
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        teams: Sequence[Team],
        people: Sequence[User],
        levels: Sequence[Severity],
        services: Sequence[Service],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.known: dict[str, dict[int, Any]] = {
            name: {row.pk: row for row in rows}
            for name, rows in (
                ("team", teams),
                ("owner", people),
                ("severity", levels),
                ("services", services),
            )
        }
        begin = {"team": [], "owner": [("", "The team")], "severity": [("", "It depends")], "services": []}
        for name, rows in self.known.items():
            told = [(pk, row.label if name == "severity" else str(row)) for pk, row in rows.items()]
            self.fields[name].choices = [*begin[name], *told]  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """Give what was said, with the things themselves."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "text": data["text"].replace("\r\n", "\n"),
            "alerts": rules.read_matchers(data["alerts"]),
            "team": self.known["team"][data["team"]],
            "owner": self.known["owner"].get(data["owner"]),
            "severity": self.known["severity"].get(data["severity"]),
            "services": [self.known["services"][pk] for pk in data["services"]],
        }


def begin(runbook: Runbook) -> dict[str, Any]:
    """Give what stands in the form of a runbook that is there."""
    return {
        "name": runbook.name,
        "team": runbook.team_id,
        "owner": runbook.owner_id,
        "severity": runbook.severity_id,
        "services": [service.pk for service in runbook.services.all()],
        "alerts": rules.matchers_in_words(runbook.alerts, between="\n"),
        "text": runbook.text,
        "version": runbook.version,
    }


class ImportForm(forms.Form):
    """A Markdown file, or its text."""

    file = forms.FileField(label="File", required=False, help_text="As it was exported, or written in Git.")
    document = forms.CharField(
        label="Or its text",
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono"}),
    )

    def clean(self) -> dict[str, Any]:
        """Take the file where there is one."""
        data = super().clean() or {}
        file = data.get("file")
        if file is not None:
            if file.size > LONGEST:
                self.add_error("file", "The file is larger than 100 kB.")
                return data
            try:
                data["document"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "The file is not a text in UTF-8.")
            if "\x00" in data.get("document", ""):
                self.add_error("file", "The file holds a NUL character: it is no text.")
        elif not data.get("document"):
            self.add_error("document", "Choose a file, or put its text here.")
        return data


class ChooseForm(forms.Form):
    """Which runbook is used."""

    runbook = forms.TypedChoiceField(
        label="Runbook", coerce=int, error_messages={"required": "Choose a runbook."}
    )

    def __init__(self, *args: Any, runbooks: Sequence[Runbook], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {row.pk: row for row in runbooks}
        self.fields["runbook"].choices = [  # type: ignore[attr-defined]
            ("", "Choose one"),
            *((pk, row.name) for pk, row in self.known.items()),
        ]

    def clean_runbook(self) -> Runbook:
        """Give the runbook itself."""
        return self.known[self.cleaned_data["runbook"]]


class MarkForm(forms.Form):
    """What became of a step."""

    state = forms.ChoiceField(choices=StepState.choices)
    note = LinesField(max_length=5000, required=False)


class FinishForm(forms.Form):
    """What came of it."""

    result = forms.ChoiceField(
        label="What came of it?",
        choices=[("", "Choose"), *Result.choices],
        error_messages={"required": "Say what came of it."},
    )
    note = words(label="What was seen?")
    tested = forms.BooleanField(
        label="This drill tested the runbook", required=False, help_text="It counts as fresh from today on."
    )


class WrongForm(forms.Form):
    """What is wrong with a runbook, and what is right."""

    wrong = LinesField(
        label="What is wrong?",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="As “It says ssh api-prod-01. There is no such host.”",
        error_messages={"required": "Say what is wrong."},
    )
    right = LinesField(
        label="What is right?",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The command that worked, or what you did instead.",
        error_messages={"required": "Say what is right, for whoever mends it."},
    )
    step = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
