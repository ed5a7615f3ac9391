from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from incidents.catalog.forms import ServiceForm
from incidents.catalog.models import Service, ServiceLink

if TYPE_CHECKING:
    from django.http import HttpRequest


class LinkInline(admin.TabularInline[ServiceLink, Service]):
    model = ServiceLink
    extra = 1


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin[Service]):
    """Services with their links and dependencies. One that has incidents is retired, not deleted."""

    form = ServiceForm
    list_display = ("name", "kind", "tier", "team", "is_active")
    list_editable = ("tier", "is_active")
    list_filter = ("team", "kind", "tier", "is_active")
    search_fields = ("name", "slug", "description")
    filter_horizontal = ("experts", "depends_on")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (LinkInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        """Let a service go only while no incident and no change speaks of it."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not (obj.incidents.exists() or obj.changes.exists()))
