"""A stand-in for Discord: its API and webhooks as documented, and interactions signed as Discord signs them."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.core.channels.servers.service import Answer, Call, Service

if TYPE_CHECKING:
    from django.test import Client

TOKEN = "the-bot-token"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC_KEY = KEY.public_key().public_bytes_raw().hex()
USER, DIRECT = "80351110224678912", "90000000000000001"
ROOM = "90000000000000002"
_numbers = itertools.count(1)
HOOK = "/api/webhooks/1/secret"


class Discord(Service):
    """It knows one user, the channel in which the bot and they are alone, and a room; a nonce is taken once."""

    def __init__(self) -> None:
        super().__init__()
        self._nonces: dict[str, str] = {}

    def refusal(self, status: int) -> Any:
        return {"message": "You are being rate limited.", "retry_after": 30.0, "code": 0}

    def take(self, call: Call) -> Answer:
        path = urlsplit(call.path).path
        if path.startswith(HOOK):
            return self._message(call, path.removeprefix(f"{HOOK}/messages/"), is_new=path == HOOK)
        if call.authorization != f"Bot {TOKEN}":
            return 401, {"message": "401: Unauthorized", "code": 0}, {}
        if path == "/users/@me/channels":
            if call.said["recipient_id"] != USER:
                return 400, {"message": "Cannot send messages to this user", "code": 50007}, {}
            return 200, {"id": DIRECT, "type": 1}, {}
        is_new = path in (f"/channels/{DIRECT}/messages", f"/channels/{ROOM}/messages")
        return self._message(call, path.rsplit("/", 1)[-1], is_new=is_new)

    def _message(self, call: Call, name: str, *, is_new: bool) -> Answer:
        if is_new and call.method == "POST":
            name = self._nonces.setdefault(call.said.get("nonce") or str(call.at), str(len(self.posts) + 1))
        elif call.method != "PATCH" or name not in self.posts:
            return 404, {"message": "Unknown Message", "code": 10008}, {}
        self.posts[name] = call.said
        return 200, {"id": name}, {}


def buttons(post: dict[str, Any]) -> dict[str, str]:
    """What the buttons of a message carry, by their words."""
    return {
        button["label"]: button["custom_id"] for row in post["components"] for button in row["components"]
    }


def interact(
    client: Client, told: dict[str, Any], *, at: float | None = None, change: bytes = b"", signature: str = ""
) -> Any:
    """Post an interaction to us, as Discord does."""
    body = json.dumps(told).encode()
    stamp = str(int(time.time() if at is None else at))
    signed = signature or KEY.sign(stamp.encode() + body).hex()
    return client.post(
        "/callbacks/discord/",
        body + change,
        content_type="application/json",
        headers={"X-Signature-Ed25519": signed, "X-Signature-Timestamp": stamp},
    )


def press(
    client: Client, custom_id: str, *, by: str = USER, number: int = 0, in_server: bool = False, **how: Any
) -> Any:
    """Post to us that somebody pressed a button, in a direct message or in a server's room."""
    user = {"id": by, "username": "alice"}
    told = {
        "id": number or next(_numbers),
        "type": 3,
        **({"member": {"user": user}} if in_server else {"user": user}),
        "data": {"component_type": 2, "custom_id": custom_id},
    }
    return interact(client, told, **how)
