"""People and teams, as other apps and the screens ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts.models import Team, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet


def people() -> QuerySet[User]:
    """Give everybody who can sign in, by name."""
    return User.objects.active().order_by("name", "id")


def person(pk: int) -> User | None:
    """Give somebody who can sign in."""
    return User.objects.active().filter(pk=pk).first()


def teams(user: User | AnonymousUser) -> QuerySet[Team]:
    """Give the teams a person may know of, by name."""
    return Team.objects.visible_to(user).order_by("name", "id")
