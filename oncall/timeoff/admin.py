from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.timeoff.models import TimeOff, TimeOffTerms

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(TimeOffTerms)
class TimeOffTermsAdmin(ToRead[TimeOffTerms]):
    """How much time off being on call earns, to read: it is set under On-call, Time off."""

    list_display = (
        "__str__",
        "per_night",
        "per_weekend",
        "per_incident",
        "woken_minutes",
        "severity",
        "days",
    )
    list_select_related = ("team", "severity")
    ordering = ("team__name", "pk")


@admin.register(TimeOff)
class TimeOffAdmin(ToRead[TimeOff]):
    """What people have earned, to read: they plan it themselves."""

    list_display = ("user", "why", "day", "hours", "take_by", "state")
    list_select_related = ("user",)
    list_filter = ("why", "state")
    search_fields = ("user__name", "user__email")
    ordering = ("user__name", "-day", "pk")
    exclude = ("pages",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimeOff]:
        """Leave out what an admin may not know of either: what stems from a private incident of others."""
        return super().get_queryset(request) & TimeOff.objects.public_to(request.user)
