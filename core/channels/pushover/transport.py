"""Pushover: a notification that is repeated until somebody acknowledges it on a phone, which is reported back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from django.conf import settings

from core.channels import answers, callback, calls, registry, words
from core.channels.registry import Content, Delivery, Permanent, Sent

if TYPE_CHECKING:
    from core.net import http

EMERGENCY, NORMAL = 2, 0
REPEAT_SECONDS = 60
GIVE_UP_SECONDS = 3600
LONGEST_TITLE, LONGEST_URL = 250, 512
OVER = {400, 404}
"""What is said of a receipt whose notification is repeated no more."""

_KEY = re.compile(r"[A-Za-z0-9]{30}")


def check_address(address: str) -> str:
    """The person's key. Raise ValueError when it is none."""
    key = address.strip()
    if not (key.isascii() and _KEY.fullmatch(key)):
        raise ValueError("Enter your user key from pushover.net: 30 letters and digits.")
    return key


def hint(address: str) -> str:
    """The key for others to see: its end."""
    return f"•••{address[-4:]}"


def send(delivery: Delivery) -> Sent:
    """Hand the notification over; the receipt of one that is repeated is its name."""
    if not is_ready():
        raise Permanent("Pushover is not configured (PUSHOVER_TOKEN)")
    answer = _post("messages.json", compose(delivery), timeout=delivery.timeout, repeats=False)
    answers.judge(answer)
    return Sent(str(calls.read(answer).get("receipt") or ""))


def edit(delivery: Delivery) -> None:
    """Let the notification be repeated no more once nobody needs to acknowledge it; its words stay."""
    if delivery.content.code:
        return
    receipt = quote(delivery.provider_id, safe="")
    answer = _post(
        f"receipts/{receipt}/cancel.json",
        {"token": settings.PUSHOVER_TOKEN},
        timeout=delivery.timeout,
        repeats=True,
    )
    if answer.status not in OVER:
        answers.judge(answer)


def _post(path: str, form: Mapping[str, str], *, timeout: float, repeats: bool) -> http.Response:
    return calls.call(
        f"{settings.PUSHOVER_URL}/1/{path}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
        timeout=timeout,
        repeats=repeats,
        who="Pushover",
    )


def compose(delivery: Delivery) -> dict[str, str]:
    """The form as it goes out."""
    content = delivery.content
    said = {
        "token": settings.PUSHOVER_TOKEN,
        "user": delivery.address,
        "title": words.title(delivery)[:LONGEST_TITLE],
        "message": words.body(content) or content.subject,
        **_urgency(delivery.key, content),
    }
    if content.url and len(content.url) <= LONGEST_URL:
        said |= {"url": content.url, "url_title": words.invitation(content)}
    return said


def _urgency(key: str, content: Content) -> dict[str, str]:
    if not (words.is_loud(content) and content.code):
        return {"priority": str(NORMAL)}
    return {
        "priority": str(EMERGENCY),
        "retry": str(REPEAT_SECONDS),
        "expire": str(GIVE_UP_SECONDS),
        "callback": callback.address("pushover", key),
    }


def is_ready() -> bool:
    """Whether there is an application to send as."""
    return bool(settings.PUSHOVER_TOKEN)


registry.register(
    registry.Channel(
        kind="pushover",
        name="Pushover",
        check_address=check_address,
        hint=hint,
        send=send,
        is_ready=is_ready,
        edit=edit,
        asks="Your user key: 30 letters and digits that pushover.net shows once you sign in.",
    )
)
