from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin

from incidents.fields.models import IncidentField, Kind

if TYPE_CHECKING:
    from django.http import HttpRequest


class IncidentFieldForm(forms.ModelForm[IncidentField]):
    """A field; what one chooses among is written a line each."""

    choices = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="What one chooses among, a line each.",
    )

    class Meta:
        model = IncidentField
        fields = (
            "name", "slug", "kind", "hint", "choices", "required_at", "severities", "position", "is_active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial["choices"] = "\n".join(self.instance.choices)

    def clean_choices(self) -> list[str]:
        """Give them as a list, each once."""
        lines = [line.strip() for line in self.cleaned_data["choices"].splitlines() if line.strip()]
        if any(len(line) > 80 for line in lines):
            raise forms.ValidationError("Each is at most 80 characters long.")
        return list(dict.fromkeys(lines))

    def clean(self) -> dict[str, Any]:
        """Ask for something to choose among where one chooses, and keep the kind of a field that is in use."""
        data = super().clean() or {}
        if data.get("kind") in (Kind.CHOICE, Kind.MANY) and not data.get("choices"):
            self.add_error("choices", "Say what one chooses among, a line each.")
        changed = self.instance.pk and "kind" in self.changed_data
        if changed and self.instance.values.exists():
            self.add_error(
                "kind", "Something stands in it already. Make a new field, and take this one out of use."
            )
        return data


@admin.register(IncidentField)
class IncidentFieldAdmin(admin.ModelAdmin[IncidentField]):
    """The fields of incidents. What stands in them is not here: it is of incidents, and some are private."""

    form = IncidentFieldForm
    list_display = ("name", "slug", "kind", "required_at", "position", "is_active")
    list_editable = ("position", "is_active")
    list_filter = ("kind", "required_at")
    filter_horizontal = ("severities",)
    prepopulated_fields = {"slug": ("name",)}
    search_fields = ("name", "slug")
    ordering = ("position", "pk")

    def has_delete_permission(self, request: HttpRequest, obj: IncidentField | None = None) -> bool:
        """A field is taken out of use: what stands in it is part of what happened."""
        return False
