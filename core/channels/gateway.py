"""Any service that takes an HTTP request for a text or a call, and that reports by requests that it signs.

An operator says what its requests look like. Where one names `{callback}`, that is the address of this very message at
which the gateway reports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings

from core.channels import answers, callback, calls, numbers, signing
from core.channels.registry import Delivery, ProviderRefused, Sent

WHO = "the gateway"
CALLBACK = "{callback}"
LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway for one kind of channel, as the settings that begin with its name have it."""

    kind: str

    def setting(self, name: str) -> str:
        """One of its settings."""
        return str(getattr(settings, f"{self.kind.upper()}_GATEWAY_{name}"))

    @property
    def is_configured(self) -> bool:
        """Whether there is an address to ask."""
        return bool(self.setting("URL"))

    @property
    def names_callback(self) -> bool:
        """Whether a request tells the gateway where to report."""
        return CALLBACK in self.setting("URL") + self._body

    @property
    def tells(self) -> bool:
        """Whether it is to tell us something: reports, keys, or the texts that it gets."""
        return self.names_callback or (self.kind == "sms" and settings.SMS_GATEWAY_REPLIES)

    @property
    def reports(self) -> bool:
        """Whether it is told where to report, and is believed."""
        return self.names_callback and bool(self.setting("SECRET"))

    @property
    def _body(self) -> str:
        return "" if self.setting("METHOD") == "GET" else self.setting("BODY")

    def order(self, delivery: Delivery, values: Mapping[str, str], *, timeout: float, wait: int) -> Sent:
        """Ask for a text or a call; give what it is called there, and within how many seconds it is reported on.

        Any 2xx is a success. Raise ProviderRefused, Temporary, or Unknown when no answer came.
        """
        told = self.address(delivery.key) if self.reports else ""
        filled = {"to": delivery.address, "id": delivery.key, "callback": told, **values}
        headers = _headers(self.setting("HEADERS"))
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        answer = calls.call(
            _filled(self.setting("URL"), filled, _in_form).decode(),
            method=self.setting("METHOD"),
            headers={"Idempotency-Key": delivery.key, **headers},
            body=_filled(self._body, filled, _in_json if "json" in kind else _in_form),
            timeout=timeout,
            repeats=False,
            who=WHO,
            refused=ProviderRefused,
        )
        answers.judge(answer, refused=ProviderRefused)
        receipt = wait if self.reports and wait else None
        return Sent(answer.headers.get("x-request-id", ""), receipt_seconds=receipt)

    def address(self, key: str) -> str:
        """Where it reports on the message with this key."""
        return callback.address(f"gateway/{self.kind}", key)

    def proof(self, body: bytes, given: str) -> str:
        """Its signature of a body, lately and with the secret that we share; "" where there is none."""
        return signing.proof(body, given, secret=self.setting("SECRET"))


SMS, VOICE = Gateway("sms"), Gateway("voice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a gateway says of a message: what became of it in a word and in more, or a key that was pressed."""

    id: str
    status: str = ""
    detail: str = ""
    key: str | None = None

    @property
    def words(self) -> str:
        """What it says, for people."""
        return f"{WHO}: {self.status} {self.detail}".strip()


@dataclass(frozen=True, slots=True)
class Text:
    """A text that somebody sent to the gateway's number; `id` is the gateway's own name for it."""

    id: str
    sender: str
    words: str


def read_report(body: bytes) -> Report | None:
    """A report on a message, None where the body is none."""
    told = _object(body)
    name, status, detail = told.get("id"), told.get("status", ""), told.get("detail", "")
    key = _key(told)
    if not (isinstance(name, str) and isinstance(status, str) and isinstance(detail, str)):
        return None
    if not status and key is None:
        return None
    return Report(id=name, status=_plain(status), detail=_plain(detail), key=key)


def read_text(body: bytes) -> Text | None:
    """An incoming text, None where the body is none. The sender is "" where it is no number that we may answer."""
    told = _object(body)
    name, sender, words = (told.get(field) for field in ("id", "from", "text"))
    if not (isinstance(name, str) and name and isinstance(sender, str) and isinstance(words, str)):
        return None
    try:
        return Text(name, numbers.check(sender), words)
    except ValueError:
        return Text(name, "", words)


def _key(told: Mapping[str, Any]) -> str | None:
    """The key that was pressed, "" for none in time; gateways write a digit as a number too."""
    key = told.get("key")
    if isinstance(key, str):
        return key
    return str(key) if isinstance(key, int) and not isinstance(key, bool) else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _plain(words: str) -> str:
    """Printable words in one line, without the numbers that they may repeat."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return numbers.without(line)[:LONGEST_WORDS]


def _headers(text: str) -> dict[str, str]:
    """The headers of "Name: value; Name: value", JSON by default."""
    pairs = [line.partition(":") for line in re.split(r"[;\n]", text) if ":" in line]
    given = {name.strip(): value.strip() for name, _, value in pairs}
    named = {name.lower() for name in given}
    return given if "content-type" in named else {"Content-Type": "application/json", **given}


def _filled(template: str, values: Mapping[str, str], escaped: Callable[[str], str]) -> bytes:
    names = "|".join(values)
    return re.sub(f"{{({names})}}", lambda found: escaped(values[found[1]]), template).encode()


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _in_form(value: str) -> str:
    return quote(value, safe="")
