from __future__ import annotations

from typing import Any

from django import forms

from incidents.catalog.models import Service


class ServiceForm(forms.ModelForm[Service]):
    """A service, which may depend on any but itself; a circle is allowed and shown on its page."""

    class Meta:
        model = Service
        fields = (
            "name",
            "slug",
            "kind",
            "description",
            "customers_say",
            "tier",
            "is_being_replaced",
            "team",
            "experts",
            "depends_on",
            "is_active",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "depends_on" in self.fields and self.instance.pk:
            self.fields["depends_on"].queryset = Service.objects.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]
