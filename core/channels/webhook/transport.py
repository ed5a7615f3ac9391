"""A webhook: a signed POST of JSON, with the same Idempotency-Key on every resend.

`X-Watchbill-Signature: t=<unix time>,v1=<hex>` holds the HMAC-SHA256 of "<unix time>.<body>" under the
secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from django.conf import settings

from core.channels import answers, registry
from core.channels.registry import Delivery, Permanent, Sent, Temporary
from core.net import http, targets

SIGNATURE = "X-Watchbill-Signature"


def check_address(address: str) -> str:
    """The address in its normal form. Raise ValueError when it may not be called."""
    try:
        target = targets.parse(address)
        targets.check_literal(target, targets.networks(settings.PRIVATE_TARGETS))
    except targets.Blocked as error:
        raise ValueError(str(error)) from error
    return target.url


def hint(address: str) -> str:
    """The address for others to see: its host alone, for the path may be a secret."""
    try:
        target = targets.parse(address)
    except targets.Blocked:
        return "•••"
    return f"{target.scheme}://{target.authority}/•••"


def send(delivery: Delivery) -> Sent:
    """Post the message; any 2xx is a success."""
    body = compose(delivery)
    headers = {"Content-Type": "application/json", "Idempotency-Key": delivery.key}
    if delivery.secret:
        headers[SIGNATURE] = signature(body, secret=delivery.secret, at=int(time.time()))
    try:
        answer = http.request("POST", delivery.address, headers=headers, body=body, timeout=delivery.timeout)
    except http.Blocked as error:
        raise Permanent(str(error)) from error
    except http.Failed as error:
        raise Temporary(str(error)) from error
    answers.judge(answer)
    return Sent(answer.headers.get("x-request-id", "")[:200])


def compose(delivery: Delivery) -> bytes:
    """The body as it goes out."""
    content = delivery.content
    return json.dumps(
        {
            "id": delivery.key,
            "resent": delivery.resent,
            "subject": content.subject,
            "text": content.text,
            "url": content.url,
            "thread": content.thread,
            "data": content.data,
        },
        separators=(",", ":"),
    ).encode()


def signature(body: bytes, *, secret: str, at: int) -> str:
    """The value of the signature's header for a body sent `at` this unix time."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


registry.register(
    registry.Channel(
        kind="webhook",
        name="Webhook",
        check_address=check_address,
        hint=hint,
        send=send,
        needs_secret=True,
    )
)
