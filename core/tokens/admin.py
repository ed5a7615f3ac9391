from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin

from core.tokens import operations
from core.tokens.models import ApiToken

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from core.accounts.models import User


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Whose tokens there are and when they were used; an admin can revoke them, nobody can read them."""

    list_display = ("name", "user", "prefix", "scopes", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__name", "user__email", "prefix")
    ordering = ("-id",)
    fields = ("name", "user", "prefix", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    readonly_fields = fields
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A person makes their own tokens."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """A revoked token stays on record."""
        return False

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Stop tokens at once."""
        for token in queryset.select_related("user"):
            operations.revoke(token.user, token_id=token.pk, actor=cast("User", request.user))
