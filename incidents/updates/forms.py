from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from incidents.updates import rules
from incidents.updates.models import Audience, UpdateTemplate


class TemplateForm(forms.ModelForm[UpdateTemplate]):
    """Wording with placeholders that will be filled."""

    class Meta:
        model = UpdateTemplate
        fields = ("name", "audience", "for_list", "status", "severity", "text", "hint", "position")

    def clean(self) -> dict[str, Any]:
        """Refuse a placeholder that nothing fills, or that would carry something internal outside."""
        data = super().clean() or self.cleaned_data
        public = data.get("audience") == Audience.PUBLIC
        unknown = rules.unknown_placeholders(data.get("text", ""), public=public)
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in (rules.PUBLIC if public else rules.PLACEHOLDERS))
            self.add_error("text", f"Not filled for this audience: {', '.join(unknown)}. Use {known}.")
        wanted = data.get("for_list")
        if wanted is not None and wanted.hears != data.get("audience"):
            self.add_error("for_list", f"{wanted} does not read such updates.")
        return data


class WordingForm(TemplateForm):
    """The same on its page, with the version that somebody looked at."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta(TemplateForm.Meta):
        labels: ClassVar[dict[str, str]] = {
            "audience": "Who reads it",
            "for_list": "For one list",
            "status": "At the stage",
            "severity": "At the level",
            "hint": "What to keep in mind",
            "position": "Place among the others",
        }

    def said(self) -> dict[str, Any]:
        """Give what was entered as the operations take it."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
