from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts.policy import Verb, can
from incidents.catalog.models import Service
from oncall.alerts.models import Integration, Kind

if TYPE_CHECKING:
    from core.accounts.models import User


class SourceForm(forms.Form):
    """What a source is called and whose alerts it sends."""

    name = forms.CharField(
        max_length=80,
        label="Name",
        help_text="As people will read it: “Prometheus, eu-west”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    service = forms.ModelChoiceField(
        queryset=Service.objects.none(),
        required=False,
        label="Service",
        empty_label="Decided by routes and labels",
        help_text="Choose one when everything this source sends is about it.",
    )

    def __init__(self, user: User, integration: Integration | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.integration = integration
        field = self.fields["service"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = Service.objects.visible_to(user).filter(is_active=True).order_by("name")

    def clean_name(self) -> str:
        """Refuse a second source of one name: they would be taken for each other."""
        name: str = self.cleaned_data["name"]
        others = Integration.objects.filter(name__iexact=name)
        if (others.exclude(pk=self.integration.pk) if self.integration else others).exists():
            raise forms.ValidationError("Another source has this name.")
        return name

    def clean_service(self) -> Service | None:
        """Let people choose only services they configure."""
        service: Service | None = self.cleaned_data["service"]
        if service is not None and not can(self.user, Verb.CONFIGURE, service.team):
            raise forms.ValidationError("Only a manager of its team may choose this service.")
        return service


class NewSourceForm(SourceForm):
    """A new source: what kind of sender it is besides."""

    kind = forms.ChoiceField(choices=Kind.choices, label="What sends", widget=forms.RadioSelect)
    field_order = ("kind", "name", "service")
