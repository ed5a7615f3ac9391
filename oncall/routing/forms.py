from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q

from incidents.catalog.models import Service
from incidents.severities.models import Severity
from oncall.alerts import parsers
from oncall.alerts.models import Integration, Kind, Nature, Urgency
from oncall.alerts.rules import Action, Parsed, Unreadable, severity, urgency
from oncall.escalation.models import Policy
from oncall.matching.rules import labels_of
from oncall.routing import queries

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.routing.models import Route


class RouteForm(forms.Form):
    """A route without its conditions; a new one also says before which other it is tried."""

    name = forms.CharField(
        max_length=80, required=False, help_text="Alerts that it takes will say it: “Payments by team label”."
    )
    integration = forms.ModelChoiceField(
        Integration.objects.none(), required=False, label="From", empty_label="Any source"
    )
    service = forms.ModelChoiceField(
        Service.objects.none(),
        required=False,
        empty_label="Leave it open",
        help_text="Left open it is that of the source, or the one that a label names.",
    )
    policy = forms.ModelChoiceField(
        Policy.objects.none(),
        required=False,
        empty_label="Leave it open",
        help_text="Left open it is that of the service, or the default one.",
    )
    urgency = forms.ChoiceField(
        choices=[("", "As the alert says"), *((value, label) for value, label in Urgency.choices)],
        required=False,
    )
    nature = forms.ChoiceField(
        choices=[("", "As its label says"), *((value, label) for value, label in Nature.choices)],
        required=False,
        label="Symptom or cause",
        help_text="A cause, as high CPU, is recorded with its checklist and pages nobody.",
    )
    pages_causes = forms.BooleanField(required=False, label="Pages for a cause all the same")
    declares = forms.ModelChoiceField(
        Severity.objects.none(),
        required=False,
        label="Declare an incident",
        empty_label="No, people decide",
        help_text="A new alert becomes an incident of this level that waits for whoever takes it, or joins the one that"
        " is open for its service.",
    )
    position = forms.TypedChoiceField(
        coerce=int, empty_value=None, required=False, label="Tried", help_text="The first that holds decides."
    )

    def __init__(self, *args: Any, user: User, route: Route | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = queries.rights(user)
        kept = route.service_id if route else None
        services = Service.objects.visible_to(user).filter(Q(is_active=True) | Q(pk=kept))
        self._offer("integration", Integration.objects.visible_to(user).order_by("name"))
        self._offer("service", mine.among(services).order_by("name"))
        self._offer("policy", mine.among(Policy.objects.visible_to(user)).order_by("name"))
        self._offer("declares", Severity.objects.active())
        if route is not None:
            del self.fields["position"]
            return
        position = self.fields["position"]
        assert isinstance(position, forms.ChoiceField)  # noqa: S101 - declared above
        before = [(n, f"Before {other}") for n, other in enumerate(queries.routes(user))]
        position.choices = [("", "After all others"), *before]

    def _offer(self, name: str, offered: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = offered

    def as_typed(self, user: User, route: Route | None) -> RouteForm:
        """Give the form with what was typed and no complaint: a button of the editor saves nothing."""
        return RouteForm(
            user=user, route=route, initial={name: self.data.get(name, "") for name in self.fields}
        )


class TryForm(forms.Form):
    """An alert to ask about: as its source sends it, or its labels alone."""

    source = forms.ModelChoiceField(
        Integration.objects.none(), required=False, empty_label="A source without a service of its own"
    )
    alert = forms.CharField(
        max_length=100_000,
        label="Labels, or JSON",
        widget=forms.Textarea(
            attrs={"rows": 6, "class": "mono", "placeholder": "team = payments\nseverity = critical"}
        ),
        help_text="One label on each line, or the JSON as the source sends it. Nothing is written and nobody is asked.",
        error_messages={"required": "Paste an alert, or one label on each line."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ModelChoiceField)  # noqa: S101 - declared above
        source.queryset = Integration.objects.visible_to(user).order_by("name")

    def clean(self) -> dict[str, Any]:
        """Read the alert as its source would be read."""
        given: dict[str, Any] = super().clean() or {}
        if "alert" not in given or "source" not in given:
            return given
        try:
            given["parsed"] = _read(given["alert"], given["source"])
        except (Unreadable, ValueError) as error:
            self.add_error("alert", str(error))
        return given


def _read(written: str, source: Integration | None) -> list[Parsed]:
    if written.lstrip()[:1] not in "{[":
        return [_labelled(written)]
    kind = source.kind if source else Kind.GENERIC
    return parsers.parse(kind, written.encode(), source=source.name if source else "")


def _labelled(written: str) -> Parsed:
    labels = labels_of(written)
    level = severity(labels.get("severity", ""))
    return Parsed(
        action=Action.TRIGGER,
        dedup_key="",
        title=labels.get("title", ""),
        severity=level,
        urgency=urgency(level),
        labels=labels,
    )
