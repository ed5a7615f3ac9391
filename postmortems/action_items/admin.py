from django.contrib import admin

from postmortems.action_items.models import ActionItem


@admin.register(ActionItem)
class ActionItemAdmin(admin.ModelAdmin[ActionItem]):
    list_display = ("title", "owner", "due_on", "status", "priority")
    list_filter = ("status", "kind", "priority")
    search_fields = ("title",)
    readonly_fields = ("status", "done_at", "created_by", "postmortem")

    def has_add_permission(self, request: object) -> bool:
        return False
