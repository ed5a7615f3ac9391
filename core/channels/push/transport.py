"""Web Push: a notification in a browser or in the installed app, readable by that browser alone."""

from __future__ import annotations

import hashlib
import json

from django.conf import settings

from core.channels import answers, calls, registry, words
from core.channels.push import encryption, vapid
from core.channels.registry import Delivery, Permanent, Sent

KEEP_SECONDS = 4 * 3600
"""How long a push service keeps a message for a device that is off."""
LONGEST_BODY = 600
GONE = {404, 410}


def hint(address: str) -> str:
    """The endpoint for others to see: the service's host, for the path is the device."""
    return calls.hint(address).removeprefix("https://")


def send(delivery: Delivery) -> Sent:
    """Encrypt the message for the browser and hand it to its push service."""
    if not is_ready():
        raise Permanent("Web Push is not configured (VAPID_PRIVATE_KEY)")
    try:
        body = encryption.encrypt(compose(delivery), encryption.from_json(delivery.secret))
    except (TypeError, ValueError) as error:
        raise Permanent("the keys of the browser cannot be read: subscribe again") from error
    # A second one replaces the first on the device, so no answer is no reason to hold back.
    answer = calls.call(
        delivery.address, headers=_headers(delivery), body=body, timeout=delivery.timeout, repeats=True
    )
    if answer.status in GONE:
        raise Permanent("the browser no longer takes notifications: subscribe again")
    answers.judge(answer)
    return Sent()


def _headers(delivery: Delivery) -> dict[str, str]:
    topic = hashlib.sha256(delivery.key.encode()).digest()[:18]
    return {
        "Authorization": vapid.authorization(delivery.address),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEEP_SECONDS),
        "Urgency": "high",
        "Topic": encryption.to_text(topic),
    }


def compose(delivery: Delivery) -> bytes:
    """What the service worker is told, in at most what one message holds."""
    content = delivery.content
    told = {
        "title": words.title(delivery),
        "body": words.body(content, longest=LONGEST_BODY),
        "url": content.url,
        "tag": content.thread or delivery.key,
        "actions": bool(content.code),
    }
    whole = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    return whole if len(whole) <= encryption.MOST_BYTES else json.dumps({**told, "body": ""}).encode()


def is_ready() -> bool:
    """Whether browsers can subscribe."""
    return bool(settings.VAPID_PRIVATE_KEY)


registry.register(
    registry.Channel(
        kind="push",
        name="Push notification",
        check_address=calls.check_address,
        hint=hint,
        send=send,
        needs_secret=True,
        is_typed=False,
        is_ready=is_ready,
    )
)
