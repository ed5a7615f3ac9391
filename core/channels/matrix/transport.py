"""Matrix: a message in a room, put there by the organisation's own account, with our key as the transaction.

A homeserver that has seen a transaction answers with the event it made then, so a resend is no second message.
"""

from __future__ import annotations

import json
import re
import time
from html import escape
from typing import Any
from urllib.parse import quote

from django.conf import settings

from core.channels import answers, calls, registry, words
from core.channels.registry import Delivery, Permanent, Sent, Temporary

_ROOM = re.compile(r"![^\s:/]{1,200}(:[A-Za-z0-9.\-]+(:\d{1,5})?)?")
TOO_MANY = 429
LEAST_SECONDS = 0.1


def check_address(address: str) -> str:
    """The room's id. Raise ValueError when it is none."""
    room = address.strip()
    if not (room.isascii() and room.isprintable() and _ROOM.fullmatch(room)):
        raise ValueError("Enter the internal room ID, like !abcdef:example.org (room settings, Advanced).")
    return room


def hint(address: str) -> str:
    """The room for others to see: its beginning and its server."""
    name, _, server = address.partition(":")
    return f"{name[:3]}•••{':' if server else ''}{server}"


def send(delivery: Delivery) -> Sent:
    """Put the message into the room; an account that was only invited joins first."""
    return Sent(_put(delivery, compose(delivery), transaction=delivery.key))


def edit(delivery: Delivery) -> None:
    """Replace what the message says; a client that knows no replacements shows it with a star as a new one."""
    said = compose(delivery)
    _put(
        delivery,
        {
            **said,
            "body": f"* {said['body']}",
            "formatted_body": f"* {said['formatted_body']}",
            "m.new_content": said,
            "m.relates_to": {"rel_type": "m.replace", "event_id": delivery.provider_id},
        },
        transaction=delivery.key,
    )


def _put(delivery: Delivery, said: dict[str, Any], *, transaction: str) -> str:
    if not is_ready():
        raise Permanent("Matrix is not configured (MATRIX_URL, MATRIX_TOKEN)")
    until = time.monotonic() + delivery.timeout
    room = quote(delivery.address, safe="")
    path = f"rooms/{room}/send/m.room.message/{quote(transaction, safe='')}"
    try:
        told = call("PUT", path, said, until=until)
    except NotInRoom:
        call("POST", f"join/{room}", {}, until=until)
        told = call("PUT", path, said, until=until)
    return str(told.get("event_id") or "")


class NotInRoom(Permanent):
    """Our account is not in the room: it may be invited."""


class NothingThere(Permanent):
    """The room has no such thing yet."""


def call(method: str, path: str, said: dict[str, Any] | None, *, until: float) -> dict[str, Any]:
    """Ask the homeserver as our account; nothing is `said` where something is only read."""
    answer = calls.call(
        f"{settings.MATRIX_URL}/_matrix/client/v3/{path}",
        headers={"Authorization": f"Bearer {settings.MATRIX_TOKEN}", "Content-Type": "application/json"},
        body=b"" if said is None else json.dumps(said, separators=(",", ":")).encode(),
        timeout=max(LEAST_SECONDS, until - time.monotonic()),
        repeats=True,
        method=method,
        who="Matrix",
    )
    told = calls.read(answer)
    wait = told.get("retry_after_ms")
    if answer.status == TOO_MANY and isinstance(wait, int):
        raise Temporary(answers.words(answer), retry_after=wait / 1000)
    if told.get("errcode") == "M_FORBIDDEN":
        raise NotInRoom(answers.words(answer))
    if told.get("errcode") == "M_NOT_FOUND":
        raise NothingThere(answers.words(answer))
    answers.judge(answer)
    return told


def compose(delivery: Delivery) -> dict[str, Any]:
    """The message as it goes out."""
    content = delivery.content
    title, body = words.title(delivery), words.body(content)
    link = f"{words.invitation(content)}: {content.url}" if content.url else ""
    html = f"<p><strong>{escape(title)}</strong></p>"
    html += f"<p>{escape(body).replace(chr(10), '<br>')}</p>" if body else ""
    html += f'<p><a href="{escape(content.url)}">{words.invitation(content)}</a></p>' if content.url else ""
    return {
        "msgtype": "m.text",
        "body": "\n".join(filter(None, [title, body, link])),
        "format": "org.matrix.custom.html",
        "formatted_body": html,
        # Nobody is mentioned, whatever the words say.
        "m.mentions": {},
    }


def is_ready() -> bool:
    """Whether there is a homeserver and an account to send with."""
    return bool(settings.MATRIX_URL and settings.MATRIX_TOKEN)


registry.register(
    registry.Channel(
        kind="matrix",
        name="Matrix",
        check_address=check_address,
        hint=hint,
        send=send,
        is_ready=is_ready,
        is_chat=True,
        edit=edit,
        asks="The internal ID of a room without encryption (room settings, Advanced), like !abcdef:example.org. "
        "Invite the account that your organisation sends with.",
    )
)
