from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from oncall.nights import operations
from oncall.nights.models import NightLimit

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(NightLimit)
class NightLimitAdmin(admin.ModelAdmin[NightLimit]):
    """How many pages a person gets per night: one row, or the default."""

    list_display = ("__str__",)
    fields = ("pages",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one."""
        return not NightLimit.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: NightLimit | None = None) -> bool:
        """No limit is a limit of 0."""
        return False

    def save_model(self, request: HttpRequest, obj: NightLimit, form: Any, change: bool) -> None:  # noqa: FBT001
        """Let the operation write it, and tell of the change."""
        operations.set_limit(obj.pages, actor=_person(request))


def _person(request: HttpRequest) -> Any:
    return request.user
