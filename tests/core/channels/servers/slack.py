"""A stand-in for Slack: its Web API and webhooks as documented, and buttons signed as Slack signs them."""

from __future__ import annotations

import hmac
import html
import itertools
import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.core.channels.servers.service import Answer, Call, Service

if TYPE_CHECKING:
    from django.test import Client

TOKEN, SECRET = "xoxb-1-the-token", "the-signing-secret"
MEMBER, ROOM = "U012AB3CD", "C012AB3CD"
_numbers = itertools.count(1)


class Slack(Service):
    """`members` and channels it knows; `answers` are what those who pressed were told."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {MEMBER: "D00000001", ROOM: ROOM}
        self.answers: list[str] = []
        self.error = ""
        self.topics = {ROOM: ""}
        self.groups: dict[str, list[str]] = {}
        self.errors: dict[str, str] = {}

    def take(self, call: Call) -> Answer:
        if call.path == "/services/T0/B0/secret":
            self.posts[f"hook/{len(self.posts) + 1}"] = call.said
            return 200, "ok", {}
        if call.path == "/actions/answer":
            self.answers.append(call.said["text"])
            return 200, "ok", {}
        return 200, self._api(call), {}

    def _api(self, call: Call) -> dict[str, Any]:
        refused = "" if call.authorization == f"Bearer {TOKEN}" else "invalid_auth"
        if error := refused or self.error:
            return {"ok": False, "error": error}
        parts = urlsplit(call.path)
        method, asked = parts.path.removeprefix("/api/"), dict(parse_qsl(parts.query))
        if method in self.errors:
            return {"ok": False, "error": self.errors[method]}
        if method.startswith("conversations."):
            return self._topic(method, asked or call.said or {})
        if method.startswith("usergroups."):
            return self._group(method, asked or call.said or {})
        return self._post(call.said) if call.path == "/api/chat.postMessage" else self._update(call)

    def _topic(self, method: str, said: dict[str, Any]) -> dict[str, Any]:
        channel = said.get("channel", "")
        if channel not in self.topics:
            return {"ok": False, "error": "channel_not_found"}
        if method == "conversations.setTopic":
            if len(html.unescape(said["topic"])) > 250:
                return {"ok": False, "error": "too_long"}
            self.topics[channel] = said["topic"]
        return {"ok": True, "channel": {"id": channel, "topic": {"value": self.topics[channel]}}}

    def _group(self, method: str, said: dict[str, Any]) -> dict[str, Any]:
        group = said.get("usergroup", "")
        if group not in self.groups:
            return {"ok": False, "error": "no_such_subteam"}
        if method == "usergroups.users.update":
            if not said["users"]:
                return {"ok": False, "error": "no_users_provided"}
            self.groups[group] = said["users"].split(",")
        return {"ok": True, "users": self.groups[group]}

    def _post(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["channel"] not in self.known:
            return {"ok": False, "error": "channel_not_found"}
        channel, ts = self.known[said["channel"]], f"1700000000.{len(self.posts):06}"
        self.posts[f"{channel}/{ts}"] = said
        return {"ok": True, "channel": channel, "ts": ts}

    def _update(self, call: Call) -> dict[str, Any]:
        name = f"{call.said['channel']}/{call.said['ts']}"
        if call.path != "/api/chat.update" or name not in self.posts:
            return {"ok": False, "error": "message_not_found"}
        self.posts[name] = call.said
        return {"ok": True, "channel": call.said["channel"], "ts": call.said["ts"]}


def words(post: dict[str, Any]) -> str:
    """Everything that a post shows."""
    texts = [block["text"]["text"] for block in post["blocks"] if "text" in block]
    return "\n".join(texts)


def buttons(post: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons of a post by what they mean."""
    rows = [block["elements"] for block in post["blocks"] if block["type"] == "actions"]
    return {button["action_id"]: button for row in rows for button in row}


def press(
    client: Client,
    button: dict[str, Any],
    *,
    by: str = MEMBER,
    answer_at: str = "",
    secret: str = SECRET,
    at: float | None = None,
    change: bytes = b"",
    number: int = 0,
) -> Any:
    """Post to us that a member pressed a button, as Slack does."""
    told = {
        "type": "block_actions",
        "trigger_id": number or next(_numbers),
        "user": {"id": by, "username": "alice"},
        "actions": [{key: value for key, value in button.items() if key != "text"}],
        "response_url": answer_at,
    }
    body = urlencode({"payload": json.dumps(told)}).encode()
    stamp = str(int(time.time() if at is None else at))
    mac = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    return client.post(
        "/callbacks/slack/",
        body + change,
        content_type="application/x-www-form-urlencoded",
        headers={"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"},
    )
