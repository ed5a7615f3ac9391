from __future__ import annotations

from django import forms

from core.people.erasure.rules import REASON_SHORTEST

_WHY = {
    "required": "Say why in a sentence: it stays in the audit log.",
    "min_length": "Say why in a sentence: it stays in the audit log.",
}


def _reason() -> forms.CharField:
    return forms.CharField(
        label="Why?",
        min_length=REASON_SHORTEST,
        max_length=1000,
        help_text="It stays in the audit log. Do not name them.",
        error_messages=_WHY,
    )


class EraseForm(forms.Form):
    """Why a person is erased, and by which further texts they are known."""

    reason = _reason()
    also = forms.CharField(
        label="What else names them?",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One text a line, exactly as it is written: a nickname, a telephone number, a name they had before.",
    )
    sure = forms.BooleanField(
        label="I know that nobody can bring it back",
        error_messages={"required": "Tick the box to go on."},
    )

    def clean_also(self) -> list[str]:
        """Give the texts one by one."""
        return [line.strip() for line in self.cleaned_data["also"].splitlines() if line.strip()]


class EraseAddressForm(forms.Form):
    """Whose address goes, and why."""

    email = forms.EmailField(
        label="E-mail address",
        help_text="Of somebody without an account here.",
        error_messages={"required": "Say which address.", "invalid": "That is no e-mail address."},
    )
    reason = _reason()
    sure = forms.BooleanField(
        label="I know that nobody can bring it back",
        error_messages={"required": "Tick the box to go on."},
    )
