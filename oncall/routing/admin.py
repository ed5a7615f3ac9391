from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin

from oncall.matching import rules as matching
from oncall.routing import operations
from oncall.routing.models import Route, ServicePolicy

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class RouteForm(forms.ModelForm[Route]):
    position = forms.IntegerField(
        min_value=0,
        required=False,
        help_text="Routes are tried in this order; the first that holds decides. Empty: after all others.",
    )

    class Meta:
        model = Route
        fields = ("position", "name", "integration", "match", *operations.GIVES, "is_active")
        help_texts = {
            "match": 'A list such as [{"label": "team", "op": "equals", "value": "payments"}]; every condition'
            " must hold, and an empty list holds for everything. Operators: equals, not_equals, contains,"
            " matches (a pattern for the whole value), exists.",
        }

    def clean_position(self) -> int | None:
        """Leave a route where it is when no place was given."""
        given: int | None = self.cleaned_data["position"]
        return self.instance.position if given is None and self.instance.pk else given

    def clean_match(self) -> list[dict[str, str]]:
        """Refuse conditions that could never hold or take too long."""
        try:
            conditions = matching.check(self.cleaned_data["match"] or [])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return [{"label": c.label, "op": c.op, "value": c.value} for c in conditions]

    def clean(self) -> dict[str, Any]:
        """Ask for something that the route gives."""
        data = super().clean() or {}
        if not any(data.get(name) for name in operations.GIVES):
            raise forms.ValidationError(operations.NOTHING)
        return data


@admin.register(Route)
class RouteAdmin(admin.ModelAdmin[Route]):
    """Which service and policy an alert belongs to, tried from top to bottom."""

    form = RouteForm
    list_display = (
        "__str__",
        "position",
        "integration",
        "service",
        "policy",
        "urgency",
        "nature",
        "is_active",
    )
    list_filter = ("is_active", "nature", "pages_causes", "integration", "service")
    ordering = ("position", "id")

    def save_model(self, request: HttpRequest, obj: Route, form: Any, change: bool) -> None:  # noqa: FBT001
        """Write it by the operation, so that the change is told and the order stays whole."""
        fields = {name: getattr(obj, name) for name in operations.CHANGEABLE}
        actor: Any = request.user
        if change:
            operations.change_route(obj, actor=actor, position=obj.position, **fields)
        else:
            made = operations.create_route(actor=actor, position=form.cleaned_data["position"], **fields)
            obj.pk, obj._state.adding = made.pk, False  # noqa: SLF001 - the admin goes on with its own object

    def delete_model(self, request: HttpRequest, obj: Route) -> None:
        """Remove one."""
        actor: Any = request.user
        operations.remove_route(obj, actor=actor)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        """Remove several."""
        for route in queryset:
            self.delete_model(request, route)


@admin.register(ServicePolicy)
class ServicePolicyAdmin(admin.ModelAdmin[ServicePolicy]):
    """Which policy wakes people for a service."""

    list_display = ("service", "policy")
    list_select_related = ("service", "policy")

    def get_readonly_fields(self, request: HttpRequest, obj: ServicePolicy | None = None) -> tuple[str, ...]:
        """Another service is another row."""
        return ("service",) if obj else ()

    def save_model(self, request: HttpRequest, obj: ServicePolicy, form: Any, change: bool) -> None:  # noqa: FBT001
        """Write it by the operation, so that the change is told."""
        actor: Any = request.user
        operations.set_service_policy(obj.service, policy=obj.policy, actor=actor)
        obj.pk, obj._state.adding = ServicePolicy.objects.get(service=obj.service).pk, False  # noqa: SLF001

    def delete_model(self, request: HttpRequest, obj: ServicePolicy) -> None:
        """Leave a service to the default policy."""
        actor: Any = request.user
        operations.set_service_policy(obj.service, policy=None, actor=actor)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ServicePolicy]) -> None:
        """Leave several to the default policy."""
        for row in queryset:
            self.delete_model(request, row)
