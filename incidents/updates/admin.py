from django.contrib import admin

from incidents.updates.forms import TemplateForm
from incidents.updates.models import UpdateTemplate


@admin.register(UpdateTemplate)
class UpdateTemplateAdmin(admin.ModelAdmin[UpdateTemplate]):
    """Approved wording. Published updates are not here: they are never changed."""

    form = TemplateForm
    list_display = ("name", "audience", "status", "severity", "position")
    list_editable = ("position",)
    list_filter = ("audience",)
    ordering = ("audience", "position", "name")
