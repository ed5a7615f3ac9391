"""A stand-in for Telegram: its bot API as documented, and updates as Telegram posts them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from core.channels.telegram import updates
from tests.core.channels.servers.service import Answer, Call, Service

if TYPE_CHECKING:
    from django.test import Client

TOKEN = "123456:the-token"
CHAT, GROUP = "4711000", "-1001234567"
_numbers = itertools.count(1)


class Telegram(Service):
    """`webhook` is where it was told to report, with the secret."""

    def __init__(self) -> None:
        super().__init__()
        self.webhook: dict[str, Any] = {}

    def refusal(self, status: int) -> Any:
        told = {"ok": False, "error_code": status, "description": "Too Many Requests: retry after 30"}
        return {**told, "parameters": {"retry_after": 30}} if status == 429 else told

    def take(self, call: Call) -> Answer:
        if not call.path.startswith(f"/bot{TOKEN}/"):
            return _no(401, "Unauthorized")
        method = call.path.rsplit("/", 1)[-1]
        if method == "setWebhook":
            self.webhook = call.said
            return 200, {"ok": True, "result": True}, {}
        if call.said["chat_id"] not in (CHAT, GROUP):
            return _no(400, "Bad Request: chat not found")
        return self._message(call, method)

    def _message(self, call: Call, method: str) -> Answer:
        if method == "sendMessage":
            return self._keep(str(len(self.posts) + 1), call)
        before = self.posts.get(str(call.said["message_id"]))
        if method != "editMessageText" or before is None:
            return _no(400, "Bad Request: message to edit not found")
        if before["text"] == call.said["text"]:
            return _no(400, "Bad Request: message is not modified")
        return self._keep(str(call.said["message_id"]), call)

    def _keep(self, number: str, call: Call) -> Answer:
        self.posts[number] = call.said
        result = {"message_id": int(number), "chat": {"id": int(CHAT), "type": "private"}, "date": 1}
        return 200, {"ok": True, "result": result}, {}


def _no(status: int, words: str) -> Answer:
    return status, {"ok": False, "error_code": status, "description": words}, {}


def buttons(post: dict[str, Any]) -> dict[str, str]:
    """What the buttons of a message carry, by their words."""
    rows = post.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["text"]: button["callback_data"] for row in rows for button in row}


def update(client: Client, *, secret: str | None = None, number: int = 0, **told: Any) -> Any:
    """Post an update to us, as Telegram does."""
    return client.post(
        "/callbacks/telegram/",
        {"update_id": number or next(_numbers), **told},
        content_type="application/json",
        headers={"X-Telegram-Bot-Api-Secret-Token": updates.secret() if secret is None else secret},
    )


def press(client: Client, data: str, *, by: str = CHAT, **how: Any) -> Any:
    """Post to us that somebody pressed a button."""
    query = {"id": "q1", "from": {"id": int(by), "first_name": "Alice"}, "data": data}
    return update(client, callback_query=query, **how)
