"""People and teams in the admin site, for rescue work; the daily screens are /people/ and /teams/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from core.accounts import events
from core.accounts.models import Membership, Team, User
from core.events import bus

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """Names, addresses and zones. Roles and switching off are on the person's page, which records them."""

    list_display = ("name", "email", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("name", "email")
    ordering = ("name",)
    fields = ("name", "email", "time_zone", "role", "is_active", "last_login", "created_at")
    readonly_fields = ("role", "is_active", "last_login", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People come by invitation."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Accounts are switched off; what people did stays theirs."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        """Save, and tell of another zone."""
        super().save_model(request, obj, form, change)
        if "time_zone" in form.changed_data:
            old = str(form.initial["time_zone"])
            bus.emit(events.UserTimeZoneChanged(obj.pk, old, obj.time_zone), actor=request.user)


class MembershipInline(admin.TabularInline[Membership, Team]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    """A team and its people; every change is recorded as on the team's page."""

    list_display = ("name", "slug")
    search_fields = ("name",)
    ordering = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: Any) -> None:
        """Save, and record it."""
        super().save_model(request, obj, form, change)
        if not change:
            bus.emit(events.TeamCreated(obj.pk, obj.name), actor=request.user)
        elif "name" in form.changed_data:
            bus.emit(events.TeamRenamed(obj.pk, str(form.initial["name"]), obj.name), actor=request.user)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Save the members, and record who came and went."""
        super().save_formset(request, form, formset, change)
        put = [*formset.new_objects, *(member for member, _ in formset.changed_objects)]
        facts: list[object] = [events.MemberAdded(one.team_id, one.user_id, one.role) for one in put]
        facts += [events.MemberRemoved(one.team_id, one.user_id) for one in formset.deleted_objects]
        if facts:
            bus.emit_all(facts, actor=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """Services, schedules and policies belong to a team; it is renamed, not deleted."""
        return False
