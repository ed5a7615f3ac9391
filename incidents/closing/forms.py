from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.board.forms import when, words
from incidents.closing.operations import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.forms.boundfield import BoundWidget

    from incidents.closing.queries import Asked, Outlook


class ResolveForm(forms.Form):
    """The end: what was confirmed, what ended it, and what everybody hears. No criterion is ticked beforehand."""

    confirmed = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    reason = words(label="What ended it?", help_text="One sentence for the timeline.")
    at = when(label="Working again since", help_text="Empty: now.")
    tells = forms.BooleanField(required=False, initial=True, label="Say all clear")
    all_clear = words(label="All clear", rows=2)
    despite = words(
        label="Why now, in spite of what does not hold?",
        help_text="Only where something above does not hold. It stands on the timeline.",
    )

    def __init__(self, *args: Any, outlook: Outlook, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outlook = outlook
        self.fields["confirmed"].choices = [  # type: ignore[attr-defined]
            (each.criterion.slug, each.criterion.text) for each in outlook.asked
        ]
        self.initial.setdefault("all_clear", outlook.all_clear)

    def criteria(self) -> Iterator[tuple[BoundWidget, Asked]]:
        """Give each tick with what is asked and known."""
        yield from zip(self["confirmed"], self.outlook.asked, strict=True)

    def said(self) -> Said:
        """Give what was said."""
        data = self.cleaned_data
        return Said(
            reason=data["reason"],
            at=data["at"],
            confirmed=data["confirmed"],
            despite=data["despite"],
            all_clear=data["all_clear"] if data["tells"] else "",
        )
