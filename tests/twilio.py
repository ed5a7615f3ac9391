"""A stand-in for Twilio: its REST API as documented, and call-backs signed as Twilio signs them."""

from __future__ import annotations

import base64
import hmac
import itertools
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from hashlib import sha1
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.http_peer import Answer, HttpPeer, Request
from tests.peers import Inbox

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.test import Client

SID, TOKEN = "AC00000000000000000000000000000001", "the-auth-token"
REQUIRED = {"Messages": {"To", "Body"}, "Calls": {"To", "From", "Twiml"}}


@dataclass(frozen=True, slots=True)
class Order:
    """What we were asked to send: a text ("Messages") or a call ("Calls")."""

    at: float
    resource: str
    sid: str
    fields: dict[str, str]

    @property
    def callback(self) -> str:
        """The path at which to report."""
        return urlsplit(self.fields["StatusCallback"]).path


class Twilio(HttpPeer):
    """The service on a free port. `refuse(400, 21211)`, `hang()` or `accept()` from now on."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox: Inbox[Order] = Inbox()
        self.tries = 0
        self._refusal: tuple[int, int, dict[str, str]] | None = None
        self._numbers = itertools.count(1)

    @property
    def orders(self) -> list[Order]:
        return self.inbox.all()

    def refuse(self, status: int, code: int = 0, headers: dict[str, str] | None = None) -> None:
        """Refuse every request in this way."""
        self._refusal = (status, code, headers or {})

    def accept(self) -> None:
        """Take every well-formed request."""
        self._refusal = None
        self.release()

    def respond(self, request: Request) -> Answer:
        """Judge a request as Twilio does."""
        self.tries += 1
        login = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return Answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
        if self._refusal:
            status, code, headers = self._refusal
            told = "The 'To' number +4915112345678 is not a valid phone number."
            return Answer(status, {"code": code, "message": told, "status": status}, headers)
        resource = request.path.rsplit("/", 1)[-1].removesuffix(".json")
        if request.path != f"/2010-04-01/Accounts/{SID}/{resource}.json" or resource not in REQUIRED:
            return Answer(404, {"code": 20404, "message": "not found", "status": 404})
        fields = {
            name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()
        }
        if lacking := REQUIRED[resource] - fields.keys():
            return Answer(400, {"code": 21603, "message": f"lacks {sorted(lacking)}", "status": 400})
        sid = f"{'SM' if resource == 'Messages' else 'CA'}{next(self._numbers):032}"
        self.inbox.add(Order(request.at, resource, sid, fields))
        self.held()
        return Answer(201, {"sid": sid, "status": "queued", "error_code": None})


def signature(url: str, fields: dict[str, str], *, token: str = TOKEN) -> str:
    """What Twilio puts into X-Twilio-Signature for a form posted to this address."""
    text = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), sha1).digest()).decode()


def twiml(text: str | bytes) -> ET.Element:
    """What we tell Twilio to do, parsed."""
    return ET.fromstring(text)  # noqa: S314 - our own words


def call_back(
    client: Client, path: str, *, base: str = "http://127.0.0.1:8000", token: str = TOKEN, **fields: str
) -> HttpResponseBase:
    """Post a form to us as Twilio does."""
    signed = signature(base + path, fields, token=token)
    return client.post(path, fields, headers={"X-Twilio-Signature": signed})
