"""Invite people, take invitations back, and let the invited in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import get_random_string

from core.accounts import events
from core.accounts.models import Invitation, Membership, Role, TeamRole, User
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.events import bus
from core.people.invitations import mail, queries

if TYPE_CHECKING:
    from core.accounts.models import Team

VALID = timedelta(days=7)


class HasAccount(Refused):
    def __init__(self, email: str) -> None:
        super().__init__(f"{email} has an account already.")


class NotYours(Refused):
    def __init__(self) -> None:
        super().__init__("Only an admin can invite managers, admins and people without a team.")


class Gone(Refused):
    def __init__(self) -> None:
        super().__init__("This invitation was accepted, revoked or is too old. Ask for a new one.")


def invite(email: str, *, role: str, team: Team | None, actor: User) -> Invitation:
    """Invite somebody by mail for a week. An earlier invitation to the same address ends."""
    require(actor, Verb.CONFIGURE, team)
    if actor.role != Role.ADMIN and (team is None or role not in queries.BELOW_MANAGER):
        raise NotYours
    address = email.strip().lower()
    with transaction.atomic():
        if User.objects.filter(email__iexact=address).exists():
            raise HasAccount(address)
        for earlier in queries.unanswered().filter(email__iexact=address).select_for_update():
            _end(earlier)
        invitation = Invitation(
            email=address,
            role=role,
            team=team,
            nonce=get_random_string(22),
            invited_by=actor,
            expires_at=timezone.now() + VALID,
        )
        invitation.token_hash = queries.digest(mail.token_of(invitation))
        invitation.save()
        mail.put_invitation(invitation)
        bus.emit(events.UserInvited(invitation.pk, address, role, team.pk if team else None), actor=actor)
    return invitation


def revoke(invitation: Invitation, *, actor: User) -> None:
    """Take an unanswered invitation back; its link is dead at once."""
    with transaction.atomic():
        fresh = queries.unanswered().select_for_update().filter(pk=invitation.pk).first()
        if fresh is None:
            raise Gone
        _end(fresh)
        bus.emit(events.InvitationRevoked(fresh.pk, fresh.email), actor=actor)


def _end(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(revoked_at=Now())
    mail.take_back(invitation)


def accept(invitation: Invitation, *, name: str, password: str, time_zone: str) -> User:
    """Make the account that was promised; of two at once one wins, the other gets Gone."""
    with transaction.atomic():
        taken = queries.unanswered().filter(pk=invitation.pk, expires_at__gt=Now()).update(accepted_at=Now())
        if not taken:
            raise Gone
        if User.objects.filter(email__iexact=invitation.email).exists():
            raise HasAccount(invitation.email)
        user = User.objects.create_user(
            invitation.email, password, name=name, role=invitation.role, time_zone=time_zone
        )
        if invitation.team is not None:
            part = TeamRole.MANAGER if invitation.role == Role.MANAGER else TeamRole.MEMBER
            Membership.objects.create(user=user, team=invitation.team, role=part)
        bus.emit(events.UserJoined(user.pk, invitation.pk, user.role), actor=user)
    return user
