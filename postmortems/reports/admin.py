from django.contrib import admin

from postmortems.reports.models import Postmortem


@admin.register(Postmortem)
class PostmortemAdmin(admin.ModelAdmin[Postmortem]):
    """For rescue work: dates and author. Everything else has its own screen."""

    list_display = ("incident", "status", "author", "due_at", "published_at")
    list_filter = ("status",)
    fields = ("incident", "status", "author", "due_at", "published_at")
    readonly_fields = ("incident", "status", "published_at")

    def has_add_permission(self, request: object) -> bool:
        return False
