from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.schedules.admin import Recorded
from oncall.swaps.models import Swap, SwapEntry, SwapRule, SwapShift


class ShiftInline(Recorded, admin.TabularInline[SwapShift, Swap]):
    """Its shifts."""

    model = SwapShift
    fields = ("start", "end", "is_return", "lapsed_at")
    readonly_fields = fields
    ordering = ("start", "pk")


class EntryInline(Recorded, admin.TabularInline[SwapEntry, Swap]):
    """What happened to it."""

    model = SwapEntry
    fields = ("at", "text", "actor")
    readonly_fields = fields
    ordering = ("pk",)


@admin.register(Swap)
class SwapAdmin(ToRead[Swap]):
    """Swaps with their shifts and their log, to read: they are answered on their pages."""

    list_display = ("schedule", "beneficiary", "taker", "status", "expires_at", "asked_by")
    list_select_related = ("schedule", "beneficiary", "taker", "asked_by")
    list_filter = ("status", "schedule")
    search_fields = ("beneficiary__name", "taker__name", "reason")
    ordering = ("-pk",)
    exclude = ("nonce",)
    inlines = (ShiftInline, EntryInline)


@admin.register(SwapRule)
class SwapRuleAdmin(ToRead[SwapRule]):
    """Who may take shifts, by schedule, to read: managers change it on the schedule's page of swaps."""

    list_display = ("schedule", "takers", "needs_approval")
    list_select_related = ("schedule",)
    ordering = ("schedule__name", "pk")
