from __future__ import annotations

from typing import Any

from django import forms

from incidents.updates import rules
from incidents.updates.models import Audience, UpdateTemplate


class TemplateForm(forms.ModelForm[UpdateTemplate]):
    """Wording with placeholders that will be filled."""

    class Meta:
        model = UpdateTemplate
        fields = ("name", "audience", "status", "severity", "text", "hint", "position")

    def clean(self) -> dict[str, Any]:
        """Refuse a placeholder that nothing fills, or that would carry something internal outside."""
        data = super().clean() or self.cleaned_data
        public = data.get("audience") == Audience.PUBLIC
        unknown = rules.unknown_placeholders(data.get("text", ""), public=public)
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in (rules.PUBLIC if public else rules.PLACEHOLDERS))
            self.add_error("text", f"Not filled for this audience: {', '.join(unknown)}. Use {known}.")
        return data
