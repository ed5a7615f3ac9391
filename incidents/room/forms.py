from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms

from incidents.board.forms import when, words
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.rules import STAGES
from incidents.updates.models import Audience
from incidents.updates.rules import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.updates.registry import Outlook


class NoteForm(forms.Form):
    """An entry for the timeline."""

    kind = forms.ChoiceField(
        choices=[
            (EntryKind.NOTE.value, "Note"),
            (EntryKind.DECISION.value, "Decision"),
            (EntryKind.ACTION.value, "Action taken"),
        ],
        initial=EntryKind.NOTE.value,
        label="Kind",
    )
    text = forms.CharField(
        label="What happened?",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "data-draft": "note"}),
        error_messages={"required": "Write what happened."},
    )
    at = when(label="When?")


class UpdateForm(forms.Form):
    """A written update, inside or to customers."""

    audience = forms.ChoiceField(choices=Audience.choices, widget=forms.HiddenInput)
    text = forms.CharField(
        label="Update",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write what people should know."},
    )
    status = forms.ChoiceField(
        label="Stage", choices=[(stage.value, stage.value.capitalize()) for stage in STAGES]
    )
    next_update_in_seconds = forms.TypedChoiceField(
        label="Next update in", coerce=int, empty_value=None, required=False
    )
    public_title = forms.CharField(label="Title for customers", max_length=200, required=False)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, spans: Sequence[int], outlook: Outlook | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.outlook = outlook
        self.fields["text"].widget.attrs["data-draft"] = self.value("audience") or "update"
        spans_field = self.fields["next_update_in_seconds"]
        spans_field.choices = [("", "not promised"), *((span, in_words(span)) for span in spans)]  # type: ignore[attr-defined]
        for part in outlook.parts if outlook else ():
            self.fields[f"part-{part.id}"] = forms.ChoiceField(
                label=part.name,
                choices=[("", "leave out"), *(outlook.states if outlook else ())],
                initial=part.state if part.affected else "",
                required=False,
            )
        if not self.is_bound:
            self.initial.setdefault("key", uuid4())

    def value(self, name: str) -> Any:
        """Give what a field holds now."""
        return self[name].value()

    def parts(self) -> list[forms.BoundField]:
        """Give the fields of the components."""
        return [self[name] for name in self.fields if name.startswith("part-")]

    def components(self) -> dict[str, str]:
        """Give the states chosen, by component."""
        return {
            name.removeprefix("part-"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("part-") and value
        }


class VerdictForm(forms.Form):
    """What became of the hypothesis."""

    verdict = forms.ChoiceField(choices=[("confirmed", "Confirmed"), ("ruled_out", "Ruled out")])
    why = words(label="Why?")
