"""People and teams, as other apps and the screens ask for them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection
from django.db.models import Q

from core.accounts import policy
from core.accounts.models import Membership, Role, Team, TeamRole, User

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

Closed = tuple[datetime | None, datetime | None]
"""From when to when an account was closed; None has no end."""


def people() -> QuerySet[User]:
    """Give everybody who can sign in, by name."""
    return User.objects.active().order_by("name", "id")


def pageable() -> QuerySet[User]:
    """Give everybody who may be on call and paged, by name: who only reads may not answer."""
    return people().exclude(role=Role.VIEWER)


def person(pk: int) -> User | None:
    """Give somebody who can sign in."""
    return User.objects.active().filter(pk=pk).first()


def zone(name: str) -> ZoneInfo:
    """Give the zone of a name, UTC where it means nothing."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def active(ids: Collection[int]) -> frozenset[int]:
    """Give who of these has an account that is not closed."""
    if not ids:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute("select id from accounts_user where is_active and id = any(%s)", [list(ids)])
        return frozenset(pk for (pk,) in cursor.fetchall())


def closures(ids: Iterable[int]) -> dict[int, list[Closed]]:
    """Give when the accounts of these people were closed, or are.

    An account that is closed and of which nobody knows since when was never open.
    """
    found: defaultdict[int, list[Closed]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "select u.id, u.is_active, c.closed_at, c.reopened_at"
            " from accounts_user u left join accounts_closure c on c.user_id = u.id"
            " where u.id = any(%s) and (c.id is not null or not u.is_active) order by u.id, c.closed_at, c.id",
            [list(ids)],
        )
        for pk, is_active, closed_at, reopened_at in cursor.fetchall():
            found[pk] += [] if is_active and reopened_at is None else [(closed_at, reopened_at)]
    return found


def responders(team_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Give who responds in each of these teams: their active members but viewers. A team of none is left out."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    members = Membership.objects.filter(team__in=team_ids, user__is_active=True).exclude(
        user__role=Role.VIEWER
    )
    for team_id, user_id in members.order_by("user").values_list("team", "user") if team_ids else ():
        found[team_id].append(user_id)
    return {team_id: tuple(ids) for team_id, ids in found.items()}


def managers_or_admins(team_ids: Collection[int | None]) -> dict[int | None, list[User]]:
    """Give who answers for what belongs to each of these teams: its managers, else every admin."""
    found: defaultdict[int | None, list[User]] = defaultdict(list)
    part = Membership.objects.filter(team__in=team_ids, role=TeamRole.MANAGER, user__is_active=True)
    for membership in part.select_related("user").order_by("user"):
        found[membership.team_id].append(membership.user)
    lacking = set(team_ids) - found.keys()
    admins = list(User.objects.active().filter(role=Role.ADMIN).order_by("pk")) if lacking else []
    return {**found, **dict.fromkeys(lacking, admins)}


def overseen(viewer: User | AnonymousUser) -> QuerySet[User]:
    """Whose duty somebody may look at as a whole: their own, that of people of teams they manage; admins everybody's."""
    if getattr(viewer, "role", None) == Role.ADMIN:
        return User.objects.visible_to(viewer)
    managed = Membership.objects.filter(team__in=policy.managed_teams(viewer)).values("user")
    return User.objects.visible_to(viewer).filter(Q(pk=viewer.pk) | Q(pk__in=managed))


def teams(user: User | AnonymousUser) -> QuerySet[Team]:
    """Give the teams a person may know of, by name."""
    return Team.objects.visible_to(user).order_by("name", "id")
