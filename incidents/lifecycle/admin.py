from django.contrib import admin

from incidents.lifecycle.models import RoleDefinition


@admin.register(RoleDefinition)
class RoleDefinitionAdmin(admin.ModelAdmin[RoleDefinition]):
    """The roles people take. Incidents are not here: they have their own screens, and some are private."""

    list_display = ("position", "name", "slug", "is_commander", "is_exclusive", "reports_to")
    list_display_links = ("name",)
    list_editable = ("position",)
    ordering = ("position", "id")
    prepopulated_fields = {"slug": ("name",)}
