"""What a person means who answers a page in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    HAND_ON = "pass"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do, and the code of the page it is about, "" where the way it came names the page."""

    verb: Verb
    code: str = ""


KEYS = {"1": Verb.ACKNOWLEDGE, "2": Verb.HAND_ON}
"""On a telephone."""

_VERBS = {
    "ack": Verb.ACKNOWLEDGE,
    "acknowledge": Verb.ACKNOWLEDGE,
    "acknowledged": Verb.ACKNOWLEDGE,
    "pass": Verb.HAND_ON,
    "escalate": Verb.HAND_ON,
}
_TEXT = re.compile(r"\W*([a-z]+)\W*([0-9]{6})\b", re.IGNORECASE)
_WORD = re.compile(r"\W*([a-z]+)\b", re.IGNORECASE)


def from_text(words: str) -> Wish | None:
    """Read "ack 471100", None where it is something else."""
    found = _TEXT.match(words)
    verb = _VERBS.get(found[1].lower()) if found else None
    return Wish(verb, found[2]) if found and verb else None


def from_mail(words: str) -> Wish | None:
    """Read a mail that begins with "ack", None where it is something else."""
    found = _WORD.match(words)
    verb = _VERBS.get(found[1].lower()) if found else None
    return Wish(verb) if verb else None


def from_key(words: str) -> Wish | None:
    """Read a key that was pressed, None for one without a meaning."""
    verb = KEYS.get(words)
    return Wish(verb) if verb else None
