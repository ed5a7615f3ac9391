"""The invitation by mail. Its link is worked out again when the mail is sent: no table holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from core.accounts.models import Invitation
from core.outbox.models import Lane
from core.outbox.operations import NewMessage, put, suppress
from core.outbox.registry import Client, Content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.outbox.models import Message
    from core.outbox.registry import Outcome

CLIENT = "people.invitation"
REVOKED = "the invitation was answered, revoked or is too old"


def token_of(invitation: Invitation) -> str:
    """Give the token of an invitation, which only this install can work out."""
    return salted_hmac(CLIENT, invitation.nonce, algorithm="sha256").hexdigest()


def link_of(invitation: Invitation) -> str:
    """Give the address at which an invitation is accepted."""
    return settings.BASE_URL + reverse("people:accept", args=[token_of(invitation)])


def put_invitation(invitation: Invitation) -> None:
    """Promise the invitation; in the caller's transaction."""
    put(
        [
            NewMessage(
                key=f"{CLIENT}:{invitation.pk}",
                client=CLIENT,
                subject_id=invitation.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=invitation.email,
                content={
                    "subject": "You are invited to Watchbill",
                    "text": "Somebody invited you to Watchbill, but the link could not be made. Please ask them.",
                },
            )
        ]
    )


def take_back(invitation: Invitation) -> None:
    """Do not send what was not sent yet; in the caller's transaction."""
    suppress(CLIENT, [invitation.pk], reason=REVOKED)


def guard(messages: Sequence[Message]) -> Mapping[int, str]:
    """Hold back invitations that can no longer be accepted."""
    open_ones = set(
        Invitation.objects.filter(
            pk__in=[message.subject_id for message in messages],
            accepted_at=None,
            revoked_at=None,
            expires_at__gt=timezone.now(),
        ).values_list("pk", flat=True)
    )
    return {message.pk: REVOKED for message in messages if message.subject_id not in open_ones}


def render(message: Message) -> Content:
    """Write the mail."""
    invitation = Invitation.objects.select_related("invited_by", "team").get(pk=message.subject_id)
    link = link_of(invitation)
    team = f" in the team {invitation.team.name}" if invitation.team else ""
    text = (
        f"{invitation.invited_by} invites you to Watchbill as {invitation.get_role_display().lower()}{team}.\n\n"
        "Watchbill is where alerts reach the person on call and incidents are worked on. Set your name and "
        "password here within a week:\n\n"
        f"{link}\n"
    )
    return Content(subject=f"{invitation.invited_by} invites you to Watchbill", text=text, url=link)


def listener(outcomes: Sequence[Outcome]) -> None:
    """The list of open invitations shows who has not answered; nothing else depends on the mail."""


client = Client(CLIENT, guard, render, listener)
