"""Tokens, by the secret itself or by their person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Now

from core.tokens import rules
from core.tokens.models import ApiToken

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet


def usable() -> QuerySet[ApiToken]:
    """Give the tokens that work now: not revoked, not expired, of people who may sign in."""
    return ApiToken.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None, user__is_active=True
    )


def find(token: str) -> ApiToken | None:
    """Give the working token with this secret, and its person."""
    if not rules.looks_like_one(token):
        return None
    return usable().filter(token_hash=rules.digest(token)).select_related("user").first()


def of(user: AbstractBaseUser) -> QuerySet[ApiToken]:
    """Give the tokens of a person that were not revoked, newest first."""
    return ApiToken.objects.filter(user_id=user.pk, revoked_at=None).order_by("-id")
