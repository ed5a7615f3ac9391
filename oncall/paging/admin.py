from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.paging import addresses
from oncall.paging.models import ContactMethod, Page

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Page)
class PageAdmin(ToRead[Page]):
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


@admin.register(ContactMethod)
class ContactMethodAdmin(ToRead[ContactMethod]):
    """How people are reached, to read: each decides for themselves, and an address is shown masked."""

    list_display = ("user", "channel", "hint", "is_enabled", "verified_at", "last_ok_at", "last_error")
    list_display_links = None
    list_filter = ("channel", "is_enabled")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email")
    ordering = ("user__name", "id")
    fields = readonly_fields = (
        "user",
        "channel",
        "hint",
        "label",
        "is_enabled",
        "verified_at",
        "last_ok_at",
        "last_error",
        "created_at",
    )

    @admin.display(description="address")
    def hint(self, method: ContactMethod) -> str:
        """Show what is enough to recognise it."""
        return addresses.hint(method.channel, method.address)
