"""The mails about passwords. A link is made when the mail is sent; no table ever holds one that works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.http import urlsafe_base64_encode

from core.accounts.models import User
from core.outbox.models import Lane
from core.outbox.operations import NewMessage, put
from core.outbox.registry import Client, Content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.outbox.models import Message
    from core.outbox.registry import Outcome

CLIENT = "accounts.mail"
FALLBACK = {
    "subject": "Choose a new password",
    "text": "The link to choose a new password could not be made. Please ask for it once more.",
}


def put_reset(user: User) -> None:
    """Promise a person the link to a new password; in the caller's transaction."""
    _put(user.email, FALLBACK | {"kind": "reset"}, user=user)


def put_text(email: str, *, subject: str, text: str) -> None:
    """Promise a mail whose words are known already."""
    with transaction.atomic():
        _put(email, {"kind": "text", "subject": subject, "text": text})


def _put(email: str, content: dict[str, Any], user: User | None = None) -> None:
    put(
        [
            NewMessage(
                key=f"{CLIENT}:{get_random_string(22)}",
                client=CLIENT,
                subject_id=0 if user is None else user.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=email,
                user_id=None if user is None else user.pk,
                content=content,
                not_after_seconds=settings.PASSWORD_RESET_TIMEOUT,
            )
        ]
    )


def reset_link(user: User) -> str:
    """Give the address at which a person chooses a new password, for an hour and once."""
    uid = urlsafe_base64_encode(str(user.pk).encode())
    token = default_token_generator.make_token(user)
    return settings.BASE_URL + reverse("account_reset_password_from_key", args=[uid, token])


def guard(messages: Sequence[Message]) -> Mapping[int, str]:
    """Hold back mails to people who may not sign in."""
    asked = {message.pk: message.user_id for message in messages if message.user_id is not None}
    active = set(User.objects.active().filter(pk__in=asked.values()).values_list("pk", flat=True))
    return {pk: "the account is switched off" for pk, user_id in asked.items() if user_id not in active}


def render(message: Message) -> Content:
    """Write a mail."""
    if message.content["kind"] != "reset":
        return Content(subject=message.content["subject"], text=message.content["text"])
    user = User.objects.get(pk=message.subject_id)
    link = reset_link(user)
    text = (
        f"Hello {user.get_short_name() or user.email},\n\n"
        "somebody asked for a new password for your Watchbill account. Choose one here within an hour:\n\n"
        f"{link}\n\n"
        "If it was not you, nothing has changed and there is nothing to do.\n"
    )
    return Content(subject="Choose a new password", text=text, url=link)


def listener(outcomes: Sequence[Outcome]) -> None:
    """Nothing depends on these mails; who gets none asks again."""


client = Client(CLIENT, guard, render, listener)
