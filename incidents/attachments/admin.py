from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from incidents.attachments.models import Attachment

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Attachment)
class AttachmentAdmin(admin.ModelAdmin[Attachment]):
    """Files of the incidents that one may know of, and what became of them. Only to be read; the room removes them."""

    list_display = ("name", "incident", "kind", "size", "by", "at", "removed_at")
    list_select_related = ("incident", "by")
    list_filter = ("kind",)
    search_fields = ("name",)
    ordering = ("-at",)
    exclude = ("file", "key", "place")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        """Leave out what an admin may not know of either: a private incident of others."""
        return Attachment.objects.visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: it is attached in the room, which looks at what it is."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody: the room leaves a tombstone."""
        return False
