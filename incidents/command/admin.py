from __future__ import annotations

from django.contrib import admin

from incidents.command.models import TrainedCommander


@admin.register(TrainedCommander)
class TrainedCommanderAdmin(admin.ModelAdmin[TrainedCommander]):
    """Who is trained to command. Hand-overs are not here: some are of private incidents."""

    list_display = ("user", "note", "added_at", "added_by")
    list_select_related = ("user", "added_by")
    raw_id_fields = ("user",)
    exclude = ("added_by",)
    search_fields = ("user__name", "user__email")
    ordering = ("user__name",)
