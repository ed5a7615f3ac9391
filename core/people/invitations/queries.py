"""Invitations that wait for an answer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from core.accounts.models import Invitation, Role
from core.accounts.policy import managed_teams

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User


def digest(token: str) -> str:
    """Give what is stored of an invitation's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def unanswered() -> QuerySet[Invitation]:
    """Give the invitations that were neither accepted nor revoked, expired ones as well."""
    return Invitation.objects.filter(accepted_at=None, revoked_at=None)


def manageable(user: User) -> QuerySet[Invitation]:
    """Give the unanswered invitations that a person may revoke: an admin all, a manager those of their teams."""
    waiting = unanswered().select_related("team", "invited_by").order_by("-id")
    return waiting if user.role == Role.ADMIN else waiting.filter(team__in=managed_teams(user))


def find(token: str) -> Invitation | None:
    """Give the invitation that this token still opens."""
    return (
        unanswered()
        .filter(token_hash=digest(token), expires_at__gt=Now(), invited_by__is_active=True)
        .select_related("team", "invited_by")
        .first()
    )


def roles_to_give(user: User) -> list[tuple[str, str]]:
    """Give the roles that a person may invite others to: nobody lets in somebody above themselves."""
    return [
        (value, label) for value, label in Role.choices if user.role == Role.ADMIN or value in BELOW_MANAGER
    ]


BELOW_MANAGER = (Role.VIEWER, Role.RESPONDER)
