"""Stand-ins for the services of channels: each takes what the real one takes, and fails on command."""

from __future__ import annotations

import itertools
import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests import http_peer
from tests.http_peer import HttpPeer, Request
from tests.peers import Inbox

Answer = tuple[int, dict[str, Any]]
TOKEN = "t0k3n-of-the-service"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was understood: `said` is its JSON or its form, `query` what stands behind the path."""

    method: str
    path: str
    query: dict[str, str]
    said: dict[str, Any]


class Service(HttpPeer):
    """A service on a free port. `refuse(429, headers)` or `hang()` from now on."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox: Inbox[Call] = Inbox()
        self.numbers = itertools.count(1)
        self._refusal: tuple[int, dict[str, str]] | None = None

    @property
    def calls(self) -> list[Call]:
        return self.inbox.all()

    def refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Refuse every request in this way."""
        self._refusal = (status, headers or {})

    @abstractmethod
    def is_known(self, headers: dict[str, str], call: Call) -> bool:
        """Whether a request proves who sent it."""

    @abstractmethod
    def take(self, call: Call) -> Answer:
        """Do what a request asks for."""

    def respond(self, request: Request) -> http_peer.Answer:
        parts = urlsplit(request.path)
        is_json = "json" in request.headers["content-type"] and request.body
        said = request.json if is_json else _form(request.body.decode())
        call = Call(request.method, unquote(parts.path), _form(parts.query), said)
        if self._refusal:
            status, headers = self._refusal
            return http_peer.Answer(status, {"error": "refused on command"}, headers)
        if not self.is_known(request.headers, call):
            return http_peer.Answer(401, {"error": "unauthorized"})
        status, told = self.take(call)
        if status < 300:
            self.inbox.add(call)
        self.held()
        return http_peer.Answer(status, told)


def _form(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}


class Ntfy(Service):
    """ntfy's "publish as JSON", on a server that asks who publishes. `shown` are notifications by sequence id."""

    FIELDS = frozenset({"topic", "title", "message", "priority", "click", "actions", "sequence_id"})

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, dict[str, Any]] = {}

    def is_known(self, headers: dict[str, str], call: Call) -> bool:
        return headers.get("authorization") == f"Bearer {TOKEN}"

    def take(self, call: Call) -> Answer:
        said = call.said
        good = (
            call.path == "/"
            and said.keys() <= self.FIELDS
            and re.fullmatch(r"[-_A-Za-z0-9]{1,64}", said["topic"])
            and re.fullmatch(r"[-_A-Za-z0-9]{1,64}", said["sequence_id"])
            and said["priority"] in range(1, 6)
            and len(said["message"].encode()) <= 4096
        )
        if not good:
            return 400, {
                "code": 40024,
                "http": 400,
                "error": "invalid request: request body must be valid JSON",
            }
        self.shown[said["sequence_id"]] = said
        return 200, {"id": f"msg{next(self.numbers):09}", "event": "message", "topic": said["topic"]}


class Gotify(Service):
    """Gotify's "create message" below a path of its own, as behind a proxy."""

    def is_known(self, headers: dict[str, str], call: Call) -> bool:
        return headers.get("x-gotify-key") == TOKEN

    def take(self, call: Call) -> Answer:
        if call.path != "/push/message" or not call.said["message"] or call.said["priority"] not in range(11):
            return 400, {"error": "Bad Request", "errorCode": 400}
        return 200, {"id": next(self.numbers), "appid": 1, **call.said}


class Pushover(Service):
    """Pushover's messages and receipts. `cancelled` are receipts that are repeated no more."""

    KEY = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"

    def __init__(self) -> None:
        super().__init__()
        self.cancelled: list[str] = []

    def is_known(self, headers: dict[str, str], call: Call) -> bool:
        return call.said.get("token") == TOKEN

    def take(self, call: Call) -> Answer:
        said = call.said
        if cancel := re.fullmatch(r"/1/receipts/([A-Za-z0-9]{30})/cancel\.json", call.path):
            self.cancelled.append(cancel[1])
            return 200, {"status": 1}
        if call.path != "/1/messages.json":
            return 404, {"status": 0}
        if said["user"] != self.KEY:
            return 400, {"user": "invalid", "errors": ["user identifier is not a valid user"], "status": 0}
        is_emergency = said["priority"] == "2"
        if is_emergency and int(said["retry"]) < 30:
            return 400, {"errors": ["retry must be at least 30"], "status": 0}
        receipt = {"receipt": f"r{next(self.numbers):029}"} if is_emergency else {}
        return 200, {"status": 1, "request": "647d2300-702c-4b38-8b2f-d56326ae460b", **receipt}


class Teams(Service):
    """A workflow of Teams: its address is the proof, and it posts nothing but Adaptive Cards."""

    PATH = "/workflows/0a1b/triggers/manual/paths/invoke"

    def is_known(self, headers: dict[str, str], call: Call) -> bool:
        return call.query.get("sig") == TOKEN

    def take(self, call: Call) -> Answer:
        (attachment,) = call.said["attachments"]
        card = attachment["content"]
        good = (
            call.path == self.PATH
            and call.said["type"] == "message"
            and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            and (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
        )
        return (202, {}) if good else (400, {"error": {"code": "TriggerInputSchemaMismatch"}})


class GoogleChat(Service):
    """An incoming webhook of a space: a request with an id it has seen makes no second message."""

    PATH = "/v1/spaces/AAAAB3/messages"

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str] = {}

    def is_known(self, headers: dict[str, str], call: Call) -> bool:
        return (call.query.get("key"), call.query.get("token")) == ("k3y", TOKEN)

    def take(self, call: Call) -> Answer:
        fallback = call.query.get("messageReplyOption") == "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
        if call.path != self.PATH or not fallback or not call.said["text"]:
            return 400, {"error": {"code": 400, "status": "INVALID_ARGUMENT"}}
        request = call.query["requestId"]
        name = self.names.setdefault(request, f"spaces/AAAAB3/messages/m{len(self.names) + 1}")
        return 200, {"name": name, "thread": call.said.get("thread", {})}


class Matrix(Service):
    """A homeserver with one room, to which our account is only invited. `events` are its messages in order."""

    ROOM = "!ops:example.org"

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any]] = {}
        self.joined = False
        self.topic: str | None = None
        self._of: dict[str, str] = {}

    def is_known(self, headers: dict[str, str], call: Call) -> bool:
        return headers.get("authorization") == f"Bearer {TOKEN}"

    def take(self, call: Call) -> Answer:
        api = "/_matrix/client/v3"
        if (call.method, call.path) == ("POST", f"{api}/join/{self.ROOM}"):
            self.joined = True
            return 200, {"room_id": self.ROOM}
        if call.path == f"{api}/rooms/{self.ROOM}/state/m.room.topic" and self.joined:
            return self._topic(call)
        head = f"{api}/rooms/{self.ROOM}/send/m.room.message/"
        if call.method != "PUT" or not call.path.startswith(head) or not self.joined:
            return 403, {"errcode": "M_FORBIDDEN", "error": "User is not in the room."}
        transaction = call.path.removeprefix(head)
        if (related := call.said.get("m.relates_to")) and related["event_id"] not in self.events:
            return 400, {"errcode": "M_UNKNOWN", "error": "No such event."}
        event = self._of.setdefault(transaction, f"$event{len(self._of) + 1}")
        self.events.setdefault(event, call.said)
        return 200, {"event_id": event}

    def _topic(self, call: Call) -> Answer:
        if call.method == "PUT":
            self.topic = call.said["topic"]
            return 200, {"event_id": "$topic"}
        if self.topic is None:
            return 404, {"errcode": "M_NOT_FOUND", "error": "Event not found."}
        return 200, {"topic": self.topic}
