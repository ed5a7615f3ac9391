"""Buttons pressed in Slack: that Slack says so, what was pressed by whom, and an answer that only they see."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core.channels import calls, chat, signing
from core.channels.registry import Permanent, Temporary
from core.channels.slack.transport import escaped
from core.net import targets

ANSWER_SECONDS = 2.0
HOSTS = {"hooks.slack.com", "hooks.slack-gov.com"}


@dataclass(frozen=True, slots=True)
class Press(chat.Press):
    """A button that was pressed, and where to answer whoever did."""

    answer_at: str


def is_signed(body: bytes, *, stamp: str, signature: str) -> bool:
    """Whether Slack signed this body lately: v0, HMAC-SHA256 over "v0:<time>:<body>" with the signing secret."""
    secret = settings.SLACK_SIGNING_SECRET
    if not secret or not signing.is_fresh(stamp):
        return False
    mac = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    return hmac.compare_digest(f"v0={mac}".encode(), signature.encode())


def read(payload: str) -> Press | None:
    """What was pressed, None for anything that is no button of ours."""
    try:
        told = json.loads(payload)
        action = told["actions"][0]
        return Press(
            sender=str(told["user"]["id"]),
            words=str(action["action_id"]),
            token=str(action["value"]),
            answer_at=_ours(told),
        )
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _ours(told: dict[str, Any]) -> str:
    """The address that Slack gave for an answer, "" where it is not Slack's."""
    address = str(told.get("response_url") or "")
    known = HOSTS | {urlsplit(settings.SLACK_URL).hostname}
    try:
        return address if targets.parse(address).host in known else ""
    except targets.Blocked:
        return ""


def answer(press: Press, words: str) -> None:
    """Tell whoever pressed, and nobody else; a failure changes nothing of what was done."""
    if not press.answer_at:
        return
    said = {"response_type": "ephemeral", "replace_original": False}
    try:
        calls.call(
            press.answer_at,
            headers={"Content-Type": "application/json"},
            body=json.dumps(said | {"text": escaped(chat.plain(words))}).encode(),
            timeout=ANSWER_SECONDS,
            repeats=True,
        )
    except (Permanent, Temporary):
        return
