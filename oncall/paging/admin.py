from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from oncall.paging.models import Page

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Page)
class PageAdmin(admin.ModelAdmin[Page]):
    """The ledger, to read: who was asked, when, why, and what became of it."""

    list_display = ("id", "user", "status", "urgency", "planned_at", "sent_at", "acknowledged_at", "why")
    list_filter = ("status", "urgency")
    list_select_related = ("user",)
    date_hierarchy = "planned_at"
    ordering = ("-id",)
    show_full_result_count = False
    exclude = ("nonce",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Page]:
        """Leave out what an admin may not know of either: a private incident of others."""
        return super().get_queryset(request) & Page.objects.visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes into the ledger."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes the ledger."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody takes from the ledger."""
        return False
