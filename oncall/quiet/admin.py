from __future__ import annotations

from typing import Any

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.quiet.models import Holiday, QuietHours


class _Own(ToRead[Any]):
    """What people say about themselves, to read: only they change it."""

    list_select_related = ("user",)


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
