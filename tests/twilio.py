"""A stand-in for Twilio: its REST API as documented, and call-backs signed as Twilio signs them."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from core.stack.processes import free_port
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


class Twilio:
    """The service on a free port. `refuse(400, 21211)`, `hang()` or `accept()` from now on."""

    def __init__(self) -> None:
        self.port = free_port()
        self.inbox: Inbox[Order] = Inbox()
        self.tries = 0
        self._refusal: tuple[int, int, dict[str, str]] | None = None
        self._released = threading.Event()
        self._released.set()
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def orders(self) -> list[Order]:
        return self.inbox.all()

    def refuse(self, status: int, code: int = 0, headers: dict[str, str] | None = None) -> None:
        """Refuse every request in this way."""
        self._refusal = (status, code, headers or {})

    def hang(self) -> None:
        """Take requests and answer nothing."""
        self._released.clear()

    def accept(self) -> None:
        """Take every well-formed request."""
        self._refusal = None
        self._released.set()

    def start(self) -> Twilio:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def stop(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, authorization: str, body: str) -> tuple[int, dict[str, object], dict[str, str]]:
        """Judge a request as Twilio does; the answer's status, body and headers."""
        self.tries += 1
        login = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if authorization != f"Basic {login}":
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}, {}
        if self._refusal:
            status, code, headers = self._refusal
            told = "The 'To' number +4915112345678 is not a valid phone number."
            return status, {"code": code, "message": told, "status": status}, headers
        resource = path.rsplit("/", 1)[-1].removesuffix(".json")
        if path != f"/2010-04-01/Accounts/{SID}/{resource}.json" or resource not in REQUIRED:
            return 404, {"code": 20404, "message": "not found", "status": 404}, {}
        fields = {name: values[0] for name, values in parse_qs(body, strict_parsing=True).items()}
        if lacking := REQUIRED[resource] - fields.keys():
            return 400, {"code": 21603, "message": f"lacks {sorted(lacking)}", "status": 400}, {}
        sid = f"{'SM' if resource == 'Messages' else 'CA'}{next(self._numbers):032}"
        self.inbox.add(Order(time.time(), resource, sid, fields))
        self._released.wait(600)
        return 201, {"sid": sid, "status": "queued", "error_code": None}, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                status, told, headers = service.take(self.path, self.headers.get("Authorization", ""), body)
                answer = json.dumps(told).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args: object) -> None:
                """Say nothing: the orders are in the inbox."""

        return Handler


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
