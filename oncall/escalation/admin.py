from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet

from oncall.escalation import operations
from oncall.escalation.models import LastResort, Level, Policy, Target
from oncall.escalation.rules.reach import CHOOSE, NOT_FLAGGED

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class LevelInline(admin.TabularInline[Level, Policy]):
    """The levels in order; whom each asks is on its own page."""

    model = Level
    extra = 0
    show_change_link = True


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin[Policy]):
    """Who is asked, in which order. What runs keeps the plan it was started with."""

    list_display = ("name", "team", "repeat", "is_default")
    list_select_related = ("team",)
    fields = (
        "name",
        "slug",
        "description",
        "team",
        "repeat",
        "ack_timeout_seconds",
        "acks_needed",
        "is_default",
    )
    readonly_fields = ("is_default",)
    search_fields = ("name",)
    inlines = (LevelInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Write the levels, and tell of the change."""
        super().save_related(request, form, formsets, change)
        operations.note_policy(form.instance, actor=_person(request))

    def delete_model(self, request: HttpRequest, obj: Policy) -> None:
        """Remove one on which nothing relies."""
        operations.remove_policy(obj, actor=_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        """Remove several on which nothing relies."""
        for policy in queryset:
            self.delete_model(request, policy)


class TargetFormSet(BaseInlineFormSet[Target, Level, Any]):
    """The targets of a level: a whole team only where the level says so."""

    def clean(self) -> None:
        """Refuse a whole team that nobody says is meant."""
        super().clean()
        kept = [form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data")]
        teams = [given for given in kept if given.get("team") and not given.get("DELETE")]
        if teams and not self.instance.pages_everyone:
            raise ValidationError(f"{NOT_FLAGGED} {CHOOSE}")


class TargetInline(admin.TabularInline[Target, Level]):
    """A person, a turn of a schedule, or a team."""

    model = Target
    formset = TargetFormSet
    extra = 0


@admin.register(Level)
class LevelAdmin(admin.ModelAdmin[Level]):
    """Whom one level asks; it is reached from its policy."""

    fields = (
        "policy",
        "position",
        "description",
        "timeout_seconds",
        "round_robin",
        "acks_needed",
        "pages_everyone",
    )
    readonly_fields = ("policy",)
    inlines = (TargetInline,)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Keep it off the first page."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Levels are added on their policy's page."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Write the targets, and tell of the change."""
        super().save_related(request, form, formsets, change)
        operations.note_policy(form.instance.policy, actor=_person(request))


@admin.register(LastResort)
class LastResortAdmin(admin.ModelAdmin[LastResort]):
    """Who is asked when nobody of a policy answered: one row, or none."""

    list_display = ("__str__", "policy", "user")
    list_select_related = ("policy", "user")
    fields = ("policy", "user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one."""
        return not LastResort.objects.exists()

    def save_model(self, request: HttpRequest, obj: LastResort, form: Any, change: bool) -> None:  # noqa: FBT001
        """Let the operation write it, and tell of the change."""
        operations.set_last_resort(actor=_person(request), policy=obj.policy, user=obj.user)

    def delete_model(self, request: HttpRequest, obj: LastResort) -> None:
        """Ask nobody beside the admins."""
        operations.set_last_resort(actor=_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[LastResort]) -> None:
        """Ask nobody beside the admins."""
        operations.set_last_resort(actor=_person(request))


def _person(request: HttpRequest) -> Any:
    return request.user
