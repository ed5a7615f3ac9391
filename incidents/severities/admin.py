from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages

from core.errors import Refused
from incidents.severities import operations, queries, rules
from incidents.severities.forms import QuestionForm, SeverityForm
from incidents.severities.models import Question, ReasonToDeclare, Severity, TierRule

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


@admin.register(Severity)
class SeverityAdmin(admin.ModelAdmin[Severity]):
    """The scale. Its order is changed with the actions above the list."""

    form = SeverityForm
    list_display = (
        "rank",
        "label",
        "name",
        "update_every_seconds",
        "paging",
        "needs_postmortem",
        "is_active",
    )
    list_display_links = ("label",)
    ordering = ("rank",)
    actions = ("make_worse", "make_milder")
    prepopulated_fields = {"slug": ("label",)}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the scale, and say when it is too long or too short to choose from quickly."""
        warning = rules.scale_warning(queries.levels().count())
        if warning and request.method == "GET":
            self.message_user(request, warning, messages.WARNING)
        return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: Severity, form: Any, change: bool) -> None:  # noqa: FBT001
        """Put a new level at the mild end of the scale."""
        if change:
            super().save_model(request, obj, form, change)
        else:
            operations.add(obj)

    def delete_model(self, request: HttpRequest, obj: Severity) -> None:
        """Close the gap that a deleted level leaves."""
        try:
            operations.delete(obj)
        except Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Severity]) -> None:
        """Delete one after the other, so that the ranks stay whole."""
        for level in queryset:
            self.delete_model(request, level)

    @admin.action(description="Move up: worse than the level above it")
    def make_worse(self, request: HttpRequest, queryset: QuerySet[Severity]) -> None:
        """Let each chosen level change places with the one above it."""
        for level in queryset.order_by("rank"):
            operations.move(level, by=-1)

    @admin.action(description="Move down: milder than the level below it")
    def make_milder(self, request: HttpRequest, queryset: QuerySet[Severity]) -> None:
        """Let each chosen level change places with the one below it."""
        for level in queryset.order_by("-rank"):
            operations.move(level, by=1)


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin[Question]):
    """The questions of the declare screen, in order."""

    form = QuestionForm
    list_display = ("position", "text", "if_yes", "if_no")
    list_display_links = ("text",)
    ordering = ("position",)


@admin.register(ReasonToDeclare)
class ReasonAdmin(admin.ModelAdmin[ReasonToDeclare]):
    """What is enough to declare an incident, as the form shows it."""

    list_display = ("text", "position", "is_active")
    list_editable = ("position", "is_active")
    ordering = ("position", "pk")


@admin.register(TierRule)
class TierRuleAdmin(admin.ModelAdmin[TierRule]):
    """What the tier of a service means."""

    list_display = ("tier", "coverage", "at_least")
    list_editable = ("coverage", "at_least")
    readonly_fields = ("tier",)
    ordering = ("tier",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: there is one for each tier."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TierRule | None = None) -> bool:
        """Refuse: a tier without a rule would mean nothing."""
        return False
