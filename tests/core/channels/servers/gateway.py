"""A stand-in for an HTTP gateway for texts and calls: takes orders, and reports by requests that it signs."""

from __future__ import annotations

import hmac
import itertools
import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.channels.sms import providers as sms
from core.channels.voice import providers as voice
from core.net.breaker import Breaker
from tests.core.channels.servers.service import Answer, Call, Service

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.test import Client
    from pytest_django import Settings

TOKEN = "the-gateway-token"
SMS_SECRET, VOICE_SECRET = "the-secret-of-the-texts-0123456789", "the-secret-of-the-calls-0123456789"
BODY = '{"to": "{to}", "text": "{text}", "id": "{id}", "callback": "{callback}"}'
_numbers = itertools.count(1)
FIELDS = {"/sms": {"to", "text", "id", "callback"}, "/calls": {"to", "text", "keys", "id", "callback"}}


class Gateway(Service):
    """`texts` and `rings` are what it was asked for; the same order twice is two."""

    def take(self, call: Call) -> Answer:
        if call.authorization != f"Bearer {TOKEN}":
            return 401, {"error": "who are you"}, {}
        if FIELDS.get(call.path) != set(call.said):
            return 400, {"error": "lacks something"}, {}
        return 202, {}, {"X-Request-Id": f"order-{len(self.calls)}"}

    @property
    def texts(self) -> list[dict[str, str]]:
        return [call.said for call in self.calls if call.path == "/sms"]

    @property
    def rings(self) -> list[dict[str, str]]:
        return [call.said for call in self.calls if call.path == "/calls"]


def lead_to(server: Gateway, settings: Settings) -> None:
    """Set it up for texts with answers and for calls, with nothing known yet of any provider."""
    for provider in (*sms.ALL.values(), *voice.ALL.values()):
        object.__setattr__(provider, "breaker", Breaker())
    settings.SMS_GATEWAY_URL, settings.VOICE_GATEWAY_URL = f"{server.url}/sms", f"{server.url}/calls"
    settings.SMS_GATEWAY_HEADERS = settings.VOICE_GATEWAY_HEADERS = f"Authorization: Bearer {TOKEN}"
    settings.SMS_GATEWAY_BODY, settings.SMS_GATEWAY_REPLIES = BODY, True
    settings.SMS_GATEWAY_SECRET, settings.VOICE_GATEWAY_SECRET = SMS_SECRET, VOICE_SECRET


def signature(body: bytes, *, secret: str, at: int) -> str:
    """What it puts into X-Watchbill-Signature."""
    mac = hmac.new(secret.encode(), str(at).encode() + b"." + body, sha256).hexdigest()
    return f"t={at},v1={mac}"


def report(client: Client, address: str, said: Any, *, secret: str = "", at: int = 0) -> HttpResponseBase:
    """Number what it says, sign it now and post it to an address that an order named."""
    said = {**said, "n": next(_numbers)} if isinstance(said, dict) else said
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    path = urlsplit(address).path
    known = VOICE_SECRET if "/voice/" in path else SMS_SECRET
    return post(client, path, body, signature(body, secret=secret or known, at=at or int(time.time())))


def post(client: Client, path: str, body: bytes, signed: str) -> HttpResponseBase:
    """Post bytes with a signature as it is, as who plays a request again does."""
    headers = {"X-Watchbill-Signature": signed} if signed else {}
    return client.post(path, body, content_type="application/json", headers=headers)
