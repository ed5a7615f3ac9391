from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from postmortems.reports.models import Postmortem

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Postmortem)
class PostmortemAdmin(admin.ModelAdmin[Postmortem]):
    """For rescue work: dates and author. Everything else has its own screen."""

    list_display = ("incident", "status", "author", "due_at", "published_at")
    list_filter = ("status",)
    fields = ("incident", "status", "author", "due_at", "published_at")
    readonly_fields = ("incident", "status", "published_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Postmortem]:
        """Leave out what an admin may not know of either: that of a private incident of others."""
        return Postmortem.objects.visible_to(request.user)

    def has_add_permission(self, request: object) -> bool:
        return False
