from __future__ import annotations

from django.contrib import admin

from incidents.approvals.models import ApprovalRule


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(admin.ModelAdmin[ApprovalRule]):
    """Which updates somebody else looks at before they go out. Requests are not here: some are of private incidents."""

    list_display = ("audience", "severity", "by", "remind_seconds", "lapse_seconds", "is_active")
    list_editable = ("is_active",)
    list_display_links = ("audience",)
    ordering = ("audience", "severity__rank")
