"""A stand-in for Mattermost: its API and webhooks as documented, and its integration actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.core.channels.servers.service import Answer, Call, Service

if TYPE_CHECKING:
    from django.test import Client

TOKEN = "the-bot-token"
CHANNEL = "4xp9fdt77pncbef59f4k1qe83o"


class Mattermost(Service):
    """It knows the user alice and one channel, whose topic is its `header`."""

    header = ""

    def refusal(self, status: int) -> Any:
        return {"id": "api.context.refused", "message": "It was refused.", "status_code": status}

    def take(self, call: Call) -> Answer:
        if call.path == "/hooks/secret":
            self.posts[f"hook-{len(self.posts) + 1}"] = call.said
            return 200, "ok", {}
        if call.authorization != f"Bearer {TOKEN}":
            return 401, self.refusal(401), {}
        path = call.path.removeprefix("/api/v4")
        known = {
            "/users/username/alice": {"id": "alice0000000000000000000id"},
            "/users/me": {"id": "bot0000000000000000000000id"},
        }
        if call.method == "GET" and path != f"/channels/{CHANNEL}":
            return (200, known[path], {}) if path in known else (404, self.refusal(404), {})
        if path == "/channels/direct":
            pair = {each["id"] for each in known.values()}
            return (201, {"id": CHANNEL}, {}) if set(call.said) == pair else (400, self.refusal(400), {})
        return self._post(call, path)

    def _post(self, call: Call, path: str) -> Answer:
        if path.startswith(f"/channels/{CHANNEL}"):
            self.header = call.said["header"] if call.method == "PUT" else self.header
            return 200, {"id": CHANNEL, "header": self.header}, {}
        if path == "/posts" and call.said["channel_id"] == CHANNEL:
            name = f"post-{len(self.posts) + 1}"
            self.posts[name] = call.said
            return 201, {"id": name, **call.said}, {}
        name = path.removeprefix("/posts/").removesuffix("/patch")
        if call.method != "PUT" or name not in self.posts:
            return 404, self.refusal(404), {}
        self.posts[name] = call.said
        return 200, {"id": name, **call.said}, {}


def attachment(post: dict[str, Any]) -> dict[str, Any]:
    """The one attachment of a post."""
    (found,) = (post.get("props") or post)["attachments"]
    return dict(found)


def actions(post: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons of a post by what they mean."""
    return {action["id"]: action for action in attachment(post).get("actions", [])}


def press(client: Client, action: dict[str, Any], *, by: str = "alice", at: str = "") -> Any:
    """Post to the button's address that somebody pressed it, as the server does."""
    integration = action["integration"]
    told = {"user_id": "x", "user_name": by, "post_id": "post-1", "context": integration["context"]}
    path = at or urlsplit(integration["url"]).path
    return client.post(path, told, content_type="application/json")
