from __future__ import annotations

from django.contrib import admin

from incidents.audiences.models import AudienceList, AudienceMember, AudienceRule


class RuleInline(admin.TabularInline[AudienceRule, AudienceList]):
    """What it hears, by severity."""

    model = AudienceRule
    extra = 0


class MemberInline(admin.TabularInline[AudienceMember, AudienceList]):
    """Who is on it: a person, a team or a mail address; channels are put on in the product."""

    model = AudienceMember
    fields = ("user", "team", "email")
    extra = 0


@admin.register(AudienceList)
class AudienceListAdmin(admin.ModelAdmin[AudienceList]):
    """Who is told of incidents. Everybody who configures does that in the product: *Who is told*."""

    list_display = ("name", "hears", "page", "least_seconds", "position", "is_active")
    list_editable = ("position", "is_active")
    readonly_fields = ("version",)
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("position", "name")
    inlines = (RuleInline, MemberInline)
