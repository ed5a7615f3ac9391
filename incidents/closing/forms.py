from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django import forms

from incidents.board.forms import when, words
from incidents.closing.operations import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.forms.boundfield import BoundWidget

    from incidents.closing.queries import Asked, Outlook
    from incidents.updates.registry import Preview


class ResolveForm(forms.Form):
    """The end: what was confirmed, what ended it, and what everybody hears. No criterion is ticked beforehand."""

    confirmed = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    reason = words(label="What ended it?", help_text="One sentence for the timeline.")
    at = when(label="Working again since", help_text="Empty: now.")
    tells = forms.BooleanField(required=False, initial=True, label="Say all clear")
    all_clear = words(label="All clear", rows=2)
    tells_public = forms.BooleanField(required=False, label="Tell customers")
    public_clear = words(label="What customers read", rows=3)
    shown = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    reaches = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
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
        if outlook.public is not None:
            self.initial.setdefault("public_clear", outlook.public.text)
            self.initial.setdefault("tells_public", outlook.public.was_told or outlook.owes_customers)

    def clean(self) -> dict[str, Any]:
        """Let nobody outside read what was not looked at as they will see it."""
        data = super().clean() or self.cleaned_data
        public, text = self.outlook.public, _plain(data.get("public_clear", ""))
        if not data.get("tells_public") or public is None:
            return data
        if not text:
            self.add_error("public_clear", "Write what customers should read, or leave it out.")
        elif data.get("shown") != _mark(text):
            self.add_error(None, "Look below how customers will see the words now, and press again.")
        elif data.get("reaches") != public.promise:
            self.add_error(None, f"Who is told has changed: {public.promise} now. Look, and press again.")
        return data

    @property
    def public_text(self) -> str:
        """What customers would read, as it is typed now."""
        return _plain(self["public_clear"].value() or "")

    @property
    def mark(self) -> str:
        """What names the words that are shown as customers will see them."""
        return _mark(self.public_text)

    def previews(self) -> Sequence[Preview]:
        """Show the end as customers will see it."""
        return self.outlook.public.previews(self.public_text) if self.outlook.public else ()

    def hints(self) -> list[str]:
        """Give what to look at twice in what customers read."""
        return self.outlook.public.hints(self.public_text) if self.outlook.public else []

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
            public_clear=_plain(data["public_clear"]) if data["tells_public"] and self.outlook.public else "",
        )


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
