from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from oncall.quiet.models import Holiday, QuietHours

if TYPE_CHECKING:
    from django.http import HttpRequest


class _Own(admin.ModelAdmin[Any]):
    """What people say about themselves, to read: only they change it."""

    list_select_related = ("user",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only the person adds it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the person changes it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the person takes it back."""
        return False


@admin.register(QuietHours)
class QuietHoursAdmin(_Own):
    """When pages of low urgency wait for whom."""

    list_display = ("user", "__str__")
    ordering = ("user__name", "start")


@admin.register(Holiday)
class HolidayAdmin(_Own):
    """On which dates pages of low urgency wait for whom."""

    list_display = ("user", "day", "name")
    date_hierarchy = "day"
    ordering = ("day", "user__name")
