from django.contrib import admin

from statuspage.components.forms import PageForm
from statuspage.components.models import Component, StatusPage


class ComponentInline(admin.TabularInline[Component, StatusPage]):
    model = Component
    fields = ("position", "name", "slug", "service", "state")
    readonly_fields = ("slug", "state")
    extra = 0

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        """Components are added on the page's own screen, which gives them their public id."""
        return False


@admin.register(StatusPage)
class StatusPageAdmin(admin.ModelAdmin[StatusPage]):
    form = PageForm
    list_display = ("name", "slug", "time_zone", "is_public")
    inlines = (ComponentInline,)
