from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django import forms

from incidents.board.forms import when, words
from incidents.closing.operations import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.forms.boundfield import BoundWidget

    from incidents.closing.queries import Asked, Outlook, PublicEnd
    from incidents.updates.registry import Preview


class ShownForm(forms.Form):
    """Words for customers, which are looked at as they will see them before they are sent."""

    public_clear = words(label="What customers read", rows=3)
    shown = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    reaches = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def look(self, public: PublicEnd) -> None:
        """Refuse words that nobody has seen as customers will, or that reach others than was said."""
        text, data = self.public_text, self.cleaned_data
        if "public_clear" in self.errors:
            return
        if not text:
            self.add_error("public_clear", "Write what customers should read, or leave it out.")
        elif data.get("shown") != self.mark:
            self.add_error(None, "Look below how customers will see the words now, and press again.")
        elif data.get("reaches") != public.promise:
            self.add_error(None, f"Who is told has changed: {public.promise} now. Look, and press again.")

    @property
    def public(self) -> PublicEnd | None:
        """Where the words go; None where nobody outside may hear of it."""
        raise NotImplementedError

    @property
    def public_text(self) -> str:
        """What customers would read, as it is typed now."""
        return (self["public_clear"].value() or "").replace("\r\n", "\n").strip()

    @property
    def mark(self) -> str:
        """What names the words that are shown as customers will see them."""
        return sha256(self.public_text.encode()).hexdigest()[:32]

    def previews(self) -> Sequence[Preview]:
        """Show the words as customers will see them."""
        return self.public.previews(self.public_text) if self.public else ()

    def hints(self) -> list[str]:
        """Give what to look at twice in what customers read."""
        return self.public.hints(self.public_text) if self.public else []


class AccountForm(ShownForm):
    """What happened, for customers."""

    def __init__(self, *args: Any, public: PublicEnd, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._public = public
        field = self.fields["public_clear"]
        field.widget.attrs["rows"], field.required = 12, True
        field.error_messages["required"] = "Write what customers should read."
        self.initial.setdefault("public_clear", public.text)

    def clean(self) -> dict[str, Any]:
        """Let nobody outside read what was not looked at as they will see it."""
        data = super().clean() or self.cleaned_data
        self.look(self._public)
        return data

    @property
    def public(self) -> PublicEnd:
        """Where the words go."""
        return self._public


class ResolveForm(ShownForm):
    """The end: what was confirmed, what ended it, and what everybody hears. No criterion is ticked beforehand."""

    confirmed = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    reason = words(label="What ended it?", help_text="One sentence for the timeline.")
    at = when(label="Working again since", help_text="Empty: now.")
    tells = forms.BooleanField(required=False, initial=True, label="Say all clear")
    all_clear = words(label="All clear", rows=2)
    tells_public = forms.BooleanField(required=False, label="Tell customers")
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
        if data.get("tells_public") and self.outlook.public is not None:
            self.look(self.outlook.public)
        return data

    @property
    def public(self) -> PublicEnd | None:
        """Where the words for customers go."""
        return self.outlook.public

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
            public_clear=self.public_text if data["tells_public"] and self.public else "",
        )
