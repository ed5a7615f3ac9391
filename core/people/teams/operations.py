"""Make teams and say who belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from core import live
from core.accounts import events
from core.accounts.models import Membership, Team, TeamRole
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.events import bus

if TYPE_CHECKING:
    from core.accounts.models import User


class NameTaken(Refused):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is a team called {name} already.")


class NoName(Refused):
    def __init__(self) -> None:
        super().__init__("A team's name needs at least one letter or digit.")


class ViewersDoNotManage(Refused):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is a viewer. Change their role first: a manager of a team is a responder at least."
        )


class SwitchedOff(Refused):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name}'s account is switched off.")


def create(name: str, *, actor: User, slug: str = "") -> Team:
    """Make a team; admins only. Without an address its name makes one."""
    require(actor, Verb.ADMIN)
    slug = slug or slugify(name)[:60].strip("-")
    if not slug:
        raise NoName
    slug = f"team-{slug}" if slug == "new" else slug  # the address of the page that makes teams
    with transaction.atomic():
        team = _save(Team(name=name, slug=slug))
        bus.emit(events.TeamCreated(team.pk, name), actor=actor)
    return team


def rename(team: Team, *, name: str, actor: User) -> None:
    """Give a team another name; its address stays."""
    require(actor, Verb.CONFIGURE, team)
    with transaction.atomic():
        old, team.name = team.name, name
        _save(team)
        bus.emit(events.TeamRenamed(team.pk, old, name), actor=actor)


def _save(team: Team) -> Team:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        raise NameTaken(team.name) from error
    return team


def put_member(team: Team, *, user: User, role: str, actor: User) -> None:
    """Add a person to a team, or change their role in it: member or manager."""
    require(actor, Verb.CONFIGURE, team)
    if not user.is_active:
        raise SwitchedOff(str(user))
    if role == TeamRole.MANAGER and user.role == "viewer":
        raise ViewersDoNotManage(str(user))
    with transaction.atomic():
        Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})
        bus.emit(events.MemberAdded(team.pk, user.pk, role), actor=actor)
        live.changed("visibility")


def remove_member(team: Team, *, user: User, actor: User) -> None:
    """Take a person out of a team; once more changes nothing."""
    require(actor, Verb.CONFIGURE, team)
    with transaction.atomic():
        gone, _ = Membership.objects.filter(team=team, user=user).delete()
        if gone:
            bus.emit(events.MemberRemoved(team.pk, user.pk), actor=actor)
            live.changed("visibility")
