from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms

from core.clock import now
from incidents.board.forms import when, words
from incidents.updates.rules import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.tasks.models import Checklist

SPANS = (60, 300, 600, 900, 1800, 3600, 7200)


class TaskForm(forms.Form):
    """What one person is asked to do, and by when."""

    title = forms.CharField(
        label="What is to be done?",
        max_length=200,
        error_messages={"required": "Say what is to be done."},
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    assignee = forms.TypedChoiceField(
        label="By whom?", coerce=int, required=False, empty_value=None, help_text="One thing at a time."
    )
    due_in = forms.TypedChoiceField(label="Within", coerce=int, required=False, empty_value=None)
    due_at = when(label="Or until")
    hint = words(label="What helps with it?")

    def __init__(self, *args: Any, doers: Sequence[tuple[User, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doers = {person.pk: person for person, _ in doers}
        self.fields["assignee"].choices = [  # type: ignore[attr-defined]
            ("", "Nobody yet"),
            *((person.pk, _with_load(person, busy)) for person, busy in doers),
        ]
        self.fields["due_in"].choices = [  # type: ignore[attr-defined]
            ("", "no time is set"),
            *((span, in_words(span)) for span in SPANS),
        ]

    def clean_assignee(self) -> User | None:
        """Give the person themselves."""
        pk = self.cleaned_data["assignee"]
        return None if pk is None else self.doers[pk]

    def said(self) -> dict[str, Any]:
        """Give what was said, with the due time that counts: a span counts from now on."""
        data = self.cleaned_data
        return {**{name: data[name] for name in ("title", "assignee", "hint")}, "due_at": self._due()}

    def _due(self) -> datetime | None:
        span, at = self.cleaned_data["due_in"], self.cleaned_data["due_at"]
        found: datetime | None = at if span is None else now() + timedelta(seconds=span)
        return found


def _with_load(person: User, busy: int) -> str:
    return f"{person} ({busy} open)" if busy else str(person)


class TaskEditForm(TaskForm):
    """A task that is there already. The version keeps two people from overwriting each other."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["title"].widget.attrs["autofocus"]


class ResultForm(forms.Form):
    """What came of a task."""

    result = words(label="What came of it?", help_text="One sentence for the timeline.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["result"].widget.attrs["autofocus"] = True


class DropForm(forms.Form):
    """Why a task is not done."""

    why = forms.CharField(
        label="Why is it not needed any more?",
        max_length=2000,
        error_messages={"required": "Say why it is not needed any more."},
    )


class ChecklistForm(forms.Form):
    """Which checklist to put into the room."""

    checklist = forms.TypedChoiceField(label="Checklist", coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, checklists: Sequence[Checklist], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checklists = {row.pk: row for row in checklists}
        self.fields["checklist"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.name} ({len(row.steps.all())} steps)") for row in checklists
        ]

    def clean_checklist(self) -> Checklist:
        """Give the checklist itself."""
        return self.checklists[self.cleaned_data["checklist"]]
