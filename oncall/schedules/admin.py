from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages

from core.errors import Refused
from oncall.schedules import operations
from oncall.schedules.models import Override, Schedule, ScheduleVersion

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class Recorded:
    """What is made and ended by operations alone, because the past hangs on it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is made on the screens of schedules and in the API."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It stays, so that the past can be told."""
        return False


class VersionInline(Recorded, admin.TabularInline[ScheduleVersion, Schedule]):
    """What was saved, and when it counts."""

    model = ScheduleVersion
    fk_name = "schedule"
    fields = ("number", "effective_from", "effective_until", "time_zone", "summary", "created_by")
    readonly_fields = fields
    ordering = ("-number",)


@admin.register(Schedule)
class ScheduleAdmin(Recorded, admin.ModelAdmin[Schedule]):
    """Names, teams and words; rotations are edited on the schedule's page, as a new version.

    A deleted one is renamed here where another is to have its name.
    """

    list_display = ("name", "team", "time_zone", "version", "deleted_at")
    list_filter = (("deleted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("team",)
    fields = ("name", "slug", "description", "team", "time_zone", "version", "deleted_at")
    readonly_fields = ("time_zone", "version", "deleted_at")
    search_fields = ("name", "slug")
    ordering = ("name",)
    inlines = (VersionInline,)
    actions = ("delete_schedules", "restore_schedules")

    @admin.action(description="Delete", permissions=["change"])
    def delete_schedules(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Delete those that nothing relies on, and say what the others are used by."""
        self._each(request, queryset.filter(deleted_at=None), operations.delete, "deleted")

    @admin.action(description="Restore", permissions=["change"])
    def restore_schedules(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Restore those that were deleted."""
        self._each(request, queryset.filter(deleted_at__isnull=False), operations.undelete, "restored")

    def _each(self, request: HttpRequest, rows: QuerySet[Schedule], do: Any, word: str) -> None:
        done = 0
        for row in rows.order_by("name"):
            try:
                do(row, actor=_person(request))
            except Refused as refusal:
                self.message_user(request, str(refusal), level=messages.ERROR)
            else:
                done += 1
        self.message_user(request, f"{done} {word}.")

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:  # noqa: FBT001
        """Let the operation write it, and tell of the change."""
        given = {field: form.cleaned_data[field] for field in form.changed_data}
        operations.describe(obj, actor=_person(request), **given)


@admin.register(Override)
class OverrideAdmin(Recorded, admin.ModelAdmin[Override]):
    """Who steps in for whom; one that is not over can be taken back."""

    list_display = ("schedule", "start", "end", "user", "replaces", "reason", "created_by", "cancelled_at")
    list_select_related = ("schedule", "user", "replaces", "created_by")
    list_filter = ("schedule",)
    ordering = ("-start", "-pk")
    actions = ("take_back",)

    def has_change_permission(self, request: HttpRequest, obj: Override | None = None) -> bool:
        """What was entered stays; another one is entered instead."""
        return False

    @admin.action(description="Take back", permissions=["view"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[Override]) -> None:
        """End these; one that has begun ends now, one that is over stays."""
        taken = 0
        for override in queryset.filter(cancelled_at=None).order_by("pk"):
            try:
                operations.cancel_override(override, actor=_person(request))
            except operations.AlreadyOver:
                continue
            taken += 1
        self.message_user(request, f"{taken} taken back.")


def _person(request: HttpRequest) -> Any:
    return request.user
