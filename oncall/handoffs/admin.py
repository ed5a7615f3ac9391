from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.handoffs.models import Handoff, HandoffTalk, HandoffTask, KnownDuty


@admin.register(KnownDuty)
class KnownDutyAdmin(ToRead[KnownDuty]):
    """Who was to have which schedule as far as its people were told, to read."""

    list_display = ("schedule", "until")
    list_select_related = ("schedule",)
    search_fields = ("schedule__name",)
    ordering = ("schedule__name", "schedule")


@admin.register(Handoff)
class HandoffAdmin(ToRead[Handoff]):
    """Hand-offs with their notes, to read: people write them on the schedule's page."""

    list_display = ("schedule", "at", "written_by", "acknowledged_by", "acknowledged_at")
    list_select_related = ("schedule", "written_by", "acknowledged_by")
    list_filter = ("schedule",)
    exclude = ("alerts", "incidents")
    ordering = ("-at", "-pk")


@admin.register(HandoffTask)
class HandoffTaskAdmin(ToRead[HandoffTask]):
    """What shifts hand on until it is done, to read."""

    list_display = ("text", "schedule", "kind", "created_by", "done_at")
    list_select_related = ("schedule", "created_by")
    list_filter = ("schedule", "kind")
    search_fields = ("text",)
    ordering = ("-pk",)


@admin.register(HandoffTalk)
class HandoffTalkAdmin(ToRead[HandoffTalk]):
    """How long people talk at a hand-off, to read: managers say it on its page."""

    list_display = ("schedule", "minutes")
    list_select_related = ("schedule",)
    ordering = ("schedule__name", "schedule")
