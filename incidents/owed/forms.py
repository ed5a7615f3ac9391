from __future__ import annotations

from django import forms


class WhyForm(forms.Form):
    """Why it is not needed, or is after all."""

    why = forms.CharField(max_length=500, error_messages={"required": "Say why it is not needed."})
