"""A webhook: a signed POST of JSON, with the same Idempotency-Key on every resend.

`X-Watchbill-Signature: t=<unix time>,v1=<hex>` holds the HMAC-SHA256 of "<unix time>.<body>" under the
secret.
"""

from __future__ import annotations

import json
import time

from core.channels import answers, calls, registry, signing
from core.channels.registry import Delivery, Sent


def send(delivery: Delivery) -> Sent:
    """Post the message; any 2xx is a success."""
    body = compose(delivery)
    headers = {"Content-Type": "application/json", "Idempotency-Key": delivery.key}
    if delivery.secret:
        headers[signing.SIGNATURE] = signing.sign(body, secret=delivery.secret, at=int(time.time()))
    answer = calls.call(delivery.address, headers=headers, body=body, timeout=delivery.timeout, repeats=True)
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


registry.register(
    registry.Channel(
        kind="webhook",
        name="Webhook",
        check_address=calls.check_address,
        hint=calls.hint,
        send=send,
        needs_secret=True,
        is_for_programs=True,
        asks="The web address that a signed message is posted to. The secret signs it; empty, one is made for you.",
    )
)
