from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms

from incidents.attachments.forms import files_field
from incidents.board.forms import when, words
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import Decision
from incidents.lifecycle.rules import PHASES, STAGES
from incidents.updates.models import Audience
from incidents.updates.rules import in_words
from incidents.wording.rules import LONGEST_FIELD, PARTS, Layout, missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
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
    tag = forms.ChoiceField(
        choices=[("", "no tag"), *((phase, phase.capitalize()) for phase in PHASES)],
        required=False,
        label="Tag",
    )
    options = forms.CharField(
        label="What else was considered?",
        required=False,
        max_length=5000,
        help_text="As “wait; fail over”.",
    )
    reason = forms.CharField(label="Why this?", required=False, max_length=2000)
    decided_by = forms.TypedChoiceField(label="Who decided?", coerce=int, empty_value=None, required=False)
    trade_off = forms.CharField(label="What is given up for it?", required=False, max_length=2000)
    accepted_by = forms.CharField(label="Who accepted that?", required=False, max_length=120)

    def __init__(self, *args: Any, people: Sequence[User] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        self.fields["decided_by"].choices = [  # type: ignore[attr-defined]
            ("", "me"),
            *((pk, str(person)) for pk, person in self.people.items()),
        ]
        self.fields["files"] = files_field()

    def said(self) -> dict[str, Any]:
        """Give what is written, as the operation takes it."""
        data = self.cleaned_data
        decision = Decision(
            options=data["options"].split(";"),
            reason=data["reason"],
            decided_by=self.people.get(data["decided_by"]),
            trade_off=data["trade_off"],
            accepted_by=data["accepted_by"],
        )
        return {**{name: data[name] for name in ("kind", "text", "at", "tag", "files")}, "decision": decision}

    @property
    def says_more(self) -> bool:
        """Whether anything was said of a decision beside what was decided."""
        return any(self[name].value() for name in ("options", "reason", "trade_off", "accepted_by"))


class UpdateForm(forms.Form):
    """A written update, inside or to customers."""

    audience = forms.ChoiceField(choices=Audience.choices, widget=forms.HiddenInput)
    text = forms.CharField(
        label="Update", max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    layout = forms.ChoiceField(
        choices=[(each.value, each.value) for each in Layout], required=False, widget=forms.HiddenInput
    )
    status = forms.ChoiceField(
        label="Stage", choices=[(stage.value, stage.value.capitalize()) for stage in STAGES]
    )
    next_update_in_seconds = forms.TypedChoiceField(
        label="Next update in", coerce=int, empty_value=None, required=False
    )
    public_title = forms.CharField(label="Title for customers", max_length=200, required=False)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    chooses = forms.BooleanField(required=False, widget=forms.HiddenInput)
    lists = forms.MultipleChoiceField(required=False)
    said = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        spans: Sequence[int],
        outlook: Outlook | None = None,
        lists: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lists"].choices = [(slug, slug) for slug in lists]  # type: ignore[attr-defined]
        for said in (each for parts in PARTS.values() for each in parts):
            self.fields[f"say-{said.name}"] = forms.CharField(
                label=said.label, required=False, max_length=LONGEST_FIELD, widget=forms.Textarea
            )
        self.outlook = outlook
        if self.value("audience") == Audience.INTERNAL:
            self.fields["files"] = files_field()
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

    def clean(self) -> dict[str, Any]:
        """Ask for the words, in whichever fields they belong."""
        data = super().clean() or self.cleaned_data
        lacking = missing(self.written_in, self.said_in_fields())
        for name in lacking:
            self.add_error(f"say-{name}", "Write this first: it is what people look for.")
        if self.written_in is Layout.PLAIN and not data.get("text", "").strip() and "text" not in self.errors:
            self.add_error("text", "Write what people should know.")
        return data

    @property
    def written_in(self) -> Layout:
        """The fields in which it is written."""
        given = self.value("layout")
        return Layout(given) if given in set(Layout) else Layout.PLAIN

    def said_in_fields(self) -> dict[str, str]:
        """Give what was written, by field of the layout."""
        return {part.name: self.cleaned_data.get(f"say-{part.name}", "") for part in PARTS[self.written_in]}

    def chosen_lists(self) -> list[str] | None:
        """Give the lists that were ticked; None where nobody was asked."""
        return self.cleaned_data["lists"] if self.cleaned_data.get("chooses") else None

    def says(self) -> list[tuple[Any, forms.BoundField]]:
        """Give the fields of the layout with what they ask for."""
        return [(part, self[f"say-{part.name}"]) for part in PARTS[self.written_in]]

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
