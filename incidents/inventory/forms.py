from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.inventory.rules import LARGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import Team


class InventoryForm(forms.Form):
    """A YAML file, or its text, and whose services are that name no team of yours."""

    file = forms.FileField(
        label="File",
        required=False,
        help_text="Watchbill's own YAML, or a catalog-info.yaml of Backstage.",
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,text/yaml"}),
    )
    document = forms.CharField(
        label="Or its text",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono"}),
    )
    team = forms.ChoiceField(
        label="Team for what has no owner here",
        required=False,
        help_text="Empty: what names no team of yours is refused.",
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, teams: Sequence[Team] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {team.slug: team for team in teams}
        self.fields["team"].choices = [("", "none"), *((row.slug, row.name) for row in teams)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Take the file where there is one."""
        data = super().clean() or {}
        file = data.get("file")
        if file is not None:
            if file.size > LARGEST:
                self.add_error("file", f"The file is larger than {LARGEST // 1000} kB. Import it in parts.")
                return data
            try:
                data["document"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "The file is not a text in UTF-8.")
        elif not data.get("document", "").strip():
            self.add_error("document", "Choose a file, or put its text here.")
        return data
