from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from postmortems.action_items.models import ActionItem

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(ActionItem)
class ActionItemAdmin(admin.ModelAdmin[ActionItem]):
    list_display = ("title", "owner", "due_on", "status", "priority")
    list_filter = ("status", "kind", "priority")
    search_fields = ("title",)
    readonly_fields = ("status", "done_at", "created_by", "postmortem")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ActionItem]:
        """Leave out what an admin may not know of either: what came of a private incident of others."""
        return ActionItem.objects.visible_to(request.user)

    def has_add_permission(self, request: object) -> bool:
        return False
