"""Who may do what. Everything that asks this question asks here; what nobody allows is refused.

A viewer reads, a responder acts, a manager configures the things of their own teams, an admin everything.
Somebody who manages one team without being a manager of the install configures that team's things as well.
"""

from __future__ import annotations

from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied

from core.accounts.models import Role, Team, TeamRole

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from core.accounts.models import User

V = TypeVar("V", bound="Callable[..., Any]")


class Verb(StrEnum):
    """What somebody wants to do; each includes those before it."""

    VIEW = "view"
    RESPOND = "respond"
    CONFIGURE = "configure"
    ADMIN = "administer"


def can(user: User | AnonymousUser, verb: Verb, team: Team | None = None) -> bool:
    """Say whether a person may do this, for CONFIGURE to the things of `team`.

    Without a team CONFIGURE means "configures something at all"; what belongs to no team is theirs together.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    if user.role == Role.ADMIN or verb is Verb.VIEW:
        return True
    if verb is Verb.RESPOND:
        return user.role != Role.VIEWER
    return verb is Verb.CONFIGURE and _configures(user, team)


def require(user: User | AnonymousUser, verb: Verb, team: Team | None = None) -> None:
    """Raise PermissionDenied where `can` says no."""
    if not can(user, verb, team):
        raise PermissionDenied(f"Your role does not allow to {verb}.")


def managed_teams(user: User | AnonymousUser) -> QuerySet[Team]:
    """Give the teams whose things a person configures."""
    if not user.is_authenticated or not user.is_active or user.role == Role.VIEWER:
        return Team.objects.none()
    if user.role == Role.ADMIN:
        return Team.objects.all()
    if user.role == Role.MANAGER:
        return Team.objects.filter(memberships__user=user)
    return Team.objects.filter(memberships__user=user, memberships__role=TeamRole.MANAGER)


def _configures(user: User, team: Team | None) -> bool:
    if team is None:
        return user.role == Role.MANAGER or managed_teams(user).exists()
    return managed_teams(user).filter(pk=team.pk).exists()


def public(view: V) -> V:
    """Open a view to people who are not signed in. Each has its reason in tests/security/test_sweeps.py."""
    return login_not_required(view)


def _only(verb: Verb) -> Callable[[V], V]:
    def decorate(view: V) -> V:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request.user, verb)
            answer: HttpResponseBase = view(request, *args, **kwargs)
            return answer

        guarded.policy = verb  # type: ignore[attr-defined]
        return cast("V", guarded)

    return decorate


may_respond = _only(Verb.RESPOND)
may_configure = _only(Verb.CONFIGURE)
admin_only = _only(Verb.ADMIN)
