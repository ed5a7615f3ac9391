from __future__ import annotations

from django.contrib import admin

from incidents.nudges.models import NudgeRule


@admin.register(NudgeRule)
class NudgeRuleAdmin(admin.ModelAdmin[NudgeRule]):
    """After how long rooms are told something, for every level or for one."""

    list_display = ("kind", "rank", "after_seconds", "every_seconds", "is_active")
    list_editable = ("after_seconds", "every_seconds", "is_active")
    list_filter = ("kind", "is_active")
    ordering = ("kind", "rank")
