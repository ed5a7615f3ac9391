from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.alerts import operations
from oncall.alerts.models import Integration, SpoolReceipt

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Integration)
class IntegrationAdmin(admin.ModelAdmin[Integration]):
    """Sources are made on their own page, where the key is shown once; they are turned off, never deleted."""

    list_display = ("name", "kind", "service", "is_active", "last_signal_at")
    list_filter = ("kind", "is_active")
    search_fields = ("name",)
    fields = ("kind", "name", "service", "is_active", "created_by", "created_at", "last_signal_at")
    readonly_fields = ("kind", "is_active", "created_by", "created_at", "last_signal_at")
    actions = ("activate", "deactivate")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Send people to the page that shows the key."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Integration | None = None) -> bool:
        """Keep what alerts refer to."""
        return False

    def save_model(self, request: HttpRequest, obj: Integration, form: Any, change: bool) -> None:  # noqa: FBT001
        """Change it by the operation, so that the change is told."""
        operations.change_integration(obj, name=obj.name, service=obj.service, actor=request.user)  # type: ignore[arg-type]

    @admin.action(description="Take signals of the chosen sources again")
    def activate(self, request: HttpRequest, chosen: QuerySet[Integration]) -> None:
        """Turn them on."""
        for integration in chosen:
            operations.activate(integration, actor=request.user)  # type: ignore[arg-type]

    @admin.action(description="Refuse signals of the chosen sources")
    def deactivate(self, request: HttpRequest, chosen: QuerySet[Integration]) -> None:
        """Turn them off."""
        for integration in chosen:
            operations.deactivate(integration, actor=request.user)  # type: ignore[arg-type]


@admin.register(SpoolReceipt)
class SpoolReceiptAdmin(ToRead[SpoolReceipt]):
    """What became of the signals that came while Postgres was away; to be read alone."""

    list_display = ("name", "outcome", "received_at", "drained_at", "detail")
    list_filter = ("outcome",)
    search_fields = ("name",)
