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


def pattern(text: str) -> str:
    """Give what finds a text where no letter, digit or further part of an address stands around it."""
    around = r"[\w@]" if "@" not in text else r"[\w.+-]"
    after = r"[\w@]" if "@" not in text else r"[\w-]"
    return f"(?<!{around}){escaped(text)}(?!{after})"
