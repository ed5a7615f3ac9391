from __future__ import annotations

from typing import Any

from django import forms

from incidents.privacy.rules import MARK, REASON_SHORTEST, SHORTEST


class EmergencyForm(forms.Form):
    """Which private incident, and why somebody who takes no part has to read it."""

    incident = forms.CharField(
        label="Private incident",
        max_length=20,
        help_text="Its number: INC-12. Somebody who takes part can tell you.",
        error_messages={"required": "Say which incident."},
    )
    reason = forms.CharField(
        label="Why do you have to read it?",
        min_length=REASON_SHORTEST,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Its members read this on the timeline.",
        error_messages={
            "required": "Say why in a sentence: the members of the incident read it.",
            "min_length": "Say why in a sentence: the members of the incident read it.",
        },
    )


class RedactForm(forms.Form):
    """What has to go for good, and why. The last step says so with `sure`."""

    text = forms.CharField(
        label="Text that has to go",
        min_length=SHORTEST,
        max_length=10000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"Exactly as it stands there; leave only the part that must not stay. It becomes {MARK}.",
        error_messages={
            "required": "Say which text has to go.",
            "min_length": f"Give at least {SHORTEST} characters: less stands in every other word.",
        },
    )
    reason = forms.CharField(
        label="Why",
        min_length=REASON_SHORTEST,
        max_length=1000,
        help_text="It stands where the text was, with your name. Do not repeat the text here.",
        error_messages={
            "required": "Say why in a sentence: it stands where the text was.",
            "min_length": "Say why in a sentence: it stands where the text was.",
        },
    )
    sure = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Let browsers' line ends be those of what is stored."""
        data = super().clean() or {}
        if "text" in data:
            data["text"] = data["text"].replace("\r\n", "\n")
        return data
