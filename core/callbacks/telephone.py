"""What a provider of texts or calls reports, whichever it is: what became of one, and keys pressed in a call."""

from __future__ import annotations

from dataclasses import dataclass

from core.callbacks import operations, replies
from core.callbacks.replies import Reply
from core.channels.voice import rules as voice
from core.channels.voice.providers import words_of
from core.outbox import receipts, sending

ARRIVED = {
    "sms": {"delivered": True, "read": True, "undelivered": False, "failed": False},
    "voice": {"completed": True, "busy": False, "no-answer": False, "failed": False, "canceled": False},
}
"""What the words for a text say of its arrival, for a call of whether it was answered; others are steps on the way."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a call goes on with: words, and whether another key is then waited for."""

    words: str
    asks: bool


def report(key: str, *, channel: str, word: str, detail: str) -> None:
    """Note what a provider says became of a message; said twice or out of order it changes nothing."""
    arrived = ARRIVED[channel].get(word)
    if arrived is not None:
        receipts.record(key, channel=channel, delivered=arrived, detail=detail)


def text(service: str, name: str, *, sender: str, words: str) -> str:
    """What came of a text, "" where it meant nothing or was heard before, however often its service hands it over."""
    reply = Reply(channel="sms", sender=sender, words=words)
    result = operations.once(service, name.encode(errors="replace"), lambda: replies.hear(reply))
    return result.words if result else ""


def press(key: str, digits: str) -> Said:
    """Act on a key that was pressed in the call with this key."""
    if digits == voice.REPEAT and (words := _words(key)):
        return Said(voice.repeated(words), asks=True)
    result = replies.hear(Reply(channel="voice", key=key, words=digits))
    return Said(result.words, asks=False) if result else Said(voice.WRONG_KEY, asks=True)


def press_once(key: str, digits: str, *, call: str) -> Said:
    """Act on a key that answers once in each call, by the service's name of the call: what it signs has no time."""
    if digits not in voice.ANSWERS:
        return press(key, digits)
    said = operations.once(
        "key", f"{key} {call} {digits}".encode(errors="replace"), lambda: press(key, digits)
    )
    return said or Said(voice.TAKEN, asks=False)


def _words(key: str) -> str:
    content = sending.content_by_key(key, channel="voice")
    return words_of(content) if content and content.code else ""
