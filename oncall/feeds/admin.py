from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.feeds import operations
from oncall.feeds.models import FeedAddress, PublishedShift

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from core.accounts.models import User


@admin.register(FeedAddress)
class FeedAddressAdmin(ToRead[FeedAddress]):
    """Whose secret addresses there are and when they were read; an admin can revoke them, nobody can read them."""

    list_display = ("user", "kind", "shown", "name", "created_at", "last_read_at", "revoked_at")
    list_select_related = ("user", "schedule", "team")
    list_filter = ("kind",)
    search_fields = ("user__name", "user__email", "name")
    ordering = ("-id",)
    exclude = ("token_hash",)
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen addresses")
    def revoke(self, request: HttpRequest, queryset: QuerySet[FeedAddress]) -> None:
        """Let addresses lead nowhere at once."""
        for address in queryset:
            operations.revoke(address, actor=cast("User", request.user))


@admin.register(PublishedShift)
class PublishedShiftAdmin(ToRead[PublishedShift]):
    """What calendars were told."""

    list_display = ("schedule", "user", "start", "end", "sequence", "cancelled_at", "uid")
    list_select_related = ("schedule", "user")
    search_fields = ("uid", "user__name", "schedule__name")
    ordering = ("-start", "-id")
