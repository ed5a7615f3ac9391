from __future__ import annotations

from django.contrib import admin

from incidents.tasks.models import Checklist, ChecklistStep


class StepInline(admin.TabularInline[ChecklistStep, Checklist]):
    """Its steps, in their order."""

    model = ChecklistStep
    fields = ("position", "title", "hint", "done_when")
    ordering = ("position", "pk")
    extra = 1


@admin.register(Checklist)
class ChecklistAdmin(admin.ModelAdmin[Checklist]):
    """What comes up in rooms by itself. Tasks are not here: they are those of incidents, and some are private."""

    list_display = ("name", "occasion", "position", "is_active")
    list_filter = ("occasion", "is_active")
    list_editable = ("position", "is_active")
    filter_horizontal = ("severities",)
    ordering = ("position", "name")
    inlines = (StepInline,)
