"""Change what people may do, and switch accounts off and on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core import live
from core.accounts import events
from core.accounts.models import Role, User
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.events import bus
from core.people.directory import registry
from core.tokens import operations as tokens

if TYPE_CHECKING:
    from collections.abc import Iterator


class LastAdmin(Refused):
    def __init__(self) -> None:
        super().__init__("This is the last admin. Make somebody else an admin first.")


class Yourself(Refused):
    def __init__(self) -> None:
        super().__init__("You cannot switch off your own account. Another admin can.")


class Gone(Refused):
    def __init__(self) -> None:
        super().__init__("This person was erased. Invite them anew.")


class LeavesGaps(Refused):
    def __init__(self) -> None:
        super().__init__(
            "Nobody would be on call at the times below. Cover them first, or say that you know."
        )


def change_role(user: User, *, role: str, actor: User) -> None:
    """Give a person another role in the whole install; the same role changes nothing."""
    require(actor, Verb.ADMIN)
    with transaction.atomic():
        fresh = _locked(user)
        if fresh.role == role:
            return
        if fresh.role == Role.ADMIN:
            _keep_an_admin(fresh)
        old, fresh.role = fresh.role, role
        fresh.save(update_fields=["role"])
        bus.emit(events.UserRoleChanged(fresh.pk, old, role), actor=actor)
        live.changed("visibility", f"home-{fresh.pk}")


def leave(user: User, *, accepts_gaps: bool = False, actor: User) -> None:
    """Switch an account off; refuse where that leaves nobody on call and the actor does not say that they know."""
    require(actor, Verb.ADMIN)
    if not accepts_gaps and any(each.is_gap for each in registry.consequences(user)):
        raise LeavesGaps
    deactivate(user, actor=actor)


def deactivate(user: User, *, actor: User) -> None:
    """Switch an account off: its sessions and tokens end in the same moment."""
    require(actor, Verb.ADMIN)
    if user.pk == actor.pk:
        raise Yourself
    with transaction.atomic():
        fresh = _locked(user)
        if not fresh.is_active:
            return
        if fresh.role == Role.ADMIN:
            _keep_an_admin(fresh)
        fresh.is_active = False
        fresh.save(update_fields=["is_active"])
        fresh.closures.create(closed_at=timezone.now())
        fresh.sessions.all().delete()
        tokens.revoke_all(fresh, actor=actor)
        bus.emit(events.UserDeactivated(fresh.pk), actor=actor)
        live.changed("visibility")


def reactivate(user: User, *, actor: User) -> None:
    """Switch an account on again; its tokens stay revoked. One that was erased stays off: nobody knows whose it was."""
    require(actor, Verb.ADMIN)
    with transaction.atomic():
        fresh = _locked(user)
        if fresh.erased_at is not None:
            raise Gone
        if not fresh.is_active:
            fresh.is_active = True
            fresh.save(update_fields=["is_active"])
            fresh.closures.filter(reopened_at=None).update(reopened_at=timezone.now())
            bus.emit(events.UserReactivated(fresh.pk), actor=actor)


def end_sessions(user: User, *, actor: User) -> int:
    """Sign a person out everywhere; give how many browsers it were."""
    require(actor, Verb.ADMIN)
    gone, _ = user.sessions.all().delete()
    return gone


def _locked(user: User) -> User:
    return User.objects.select_for_update().get(pk=user.pk)


def _keep_an_admin(leaving: User) -> None:
    """Lock all admins in one order, so that two of them cannot remove each other."""
    admins: Iterator[int] = (
        User.objects.active()
        .filter(role=Role.ADMIN)
        .order_by("pk")
        .select_for_update()
        .values_list("pk", flat=True)
        .iterator()
    )
    if set(admins) <= {leaving.pk}:
        raise LastAdmin
