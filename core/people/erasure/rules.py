"""What an erased person is called, and how their name is found in texts."""

from __future__ import annotations

import json
import re

LONGEST_NAME_PART = 4
SHORTEST = 4
"""Fewer characters would be found in every other word."""
REASON_SHORTEST = 10
MOST_WORDS = 20


def pseudonym(digits: str) -> str:
    """Give the name under which what an erased person did goes on."""
    return f"Person {digits}"


def address(digits: str) -> str:
    """Give the address of an erased person: RFC 2606 lets nobody have it."""
    return f"person-{digits}@erased.invalid"


def is_findable(name: str) -> bool:
    """Say whether a name can be looked for in texts: one word alone may mean anything."""
    return len(name.split()) > 1 and len(name) >= SHORTEST


def spellings(text: str) -> list[str]:
    """Give how a text is written: as it is, and inside of JSON as programs send it, the longest first."""
    inside = [json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (True, False)]
    return sorted({text, *inside}, key=lambda one: (-len(one), one))


def escaped(text: str) -> str:
    """Give a text as a regular expression of Postgres finds it, and nothing else."""
    return re.sub(r"([^\w\s])", r"\\\1", text)


def _around(text: str, *, is_further: bool) -> tuple[str, str]:
    """Give what may not stand before and behind a text: what makes it a part of another word, address or name."""
    if "@" in text:
        return r"(?<![\w.+-])", r"(?![\w-])"
    if is_further:  # “Berlin” is no part of Europe/Berlin, nor “Payments” of payments-api
        return r"(?<![\w@/._-])", r"(?![\w@/_-]|\.\w)"
    return r"(?<![\w@])", r"(?![\w@])"


def pattern(text: str, *, is_further: bool = False) -> str:
    """Give what finds a text by itself, as Postgres reads it."""
    before, behind = _around(text, is_further=is_further)
    return f"{before}{escaped(text)}{behind}"


def in_bytes(text: str, *, as_written: bool = True, is_further: bool = False) -> re.Pattern[bytes]:
    """Give what finds a text by itself in the bytes of a file or a signal."""
    before, behind = _around(text, is_further=is_further)
    found = before.encode() + re.escape(text.encode()) + behind.encode()
    return re.compile(found, re.NOFLAG if as_written else re.IGNORECASE)


def is_plain(text: str) -> bool:
    """Say whether a text is of people's words alone: programs write small letters, people's names do not."""
    return not re.fullmatch(r"[a-z0-9_.:/-]*", text) and not re.fullmatch(r"[A-Z]{2,}[0-9-]*", text)
