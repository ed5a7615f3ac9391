from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.imports.models import ImportedFrom, ScheduleImport


@admin.register(ScheduleImport)
class ScheduleImportAdmin(ToRead[ScheduleImport]):
    """Which files of other tools were planned or imported, by whom and when."""

    list_display = ("__str__", "created_by", "created_at", "confirmed_at")
    list_select_related = ("created_by",)
    exclude = ("export",)
    ordering = ("-pk",)


@admin.register(ImportedFrom)
class ImportedFromAdmin(ToRead[ImportedFrom]):
    """Which schedule came from where."""

    list_display = ("schedule", "vendor", "key", "imported_at")
    list_select_related = ("schedule",)
    ordering = ("schedule__name",)
