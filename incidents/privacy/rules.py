"""What is taken out of a text, and how long the look of one person counts as one."""

from __future__ import annotations

import json
from typing import Any

MARK = "[redacted]"
SHORTEST = 4
"""Fewer characters would be found in every other word."""
REASON_SHORTEST = 10
WINDOW_MINUTES = 15
"""However often somebody looks, or their browser asks again, in so many minutes it is one entry."""


def spellings(text: str) -> list[str]:
    """Give how a text may be written: as it is, and inside of JSON as programs send it, the longest first."""
    inside = [json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (True, False)]
    return sorted({text, *inside}, key=lambda one: (-len(one), one))


def without(value: Any, text: str) -> Any:
    """Give a value of a column with a text taken out of it, however deep it lies; the same where it is not in it.

    Names of fields stay: programs go by them.
    """
    if isinstance(value, str):
        for one in spellings(text):
            value = value.replace(one, MARK)
        return value
    if isinstance(value, bytes | memoryview):
        found = bytes(value)
        for one in spellings(text):
            found = found.replace(one.encode(), MARK.encode())
        return found
    if isinstance(value, list):
        return [without(one, text) for one in value]
    if isinstance(value, dict):
        return {key: without(one, text) for key, one in value.items()}
    return value


def without_inside(value: str, text: str) -> str:
    """Give JSON that is kept as a string with a text taken out of its values alone: it is read as JSON again."""
    try:
        found = json.loads(value)
    except ValueError:
        return str(without(value, text))
    return json.dumps(without(found, text)) if holds(found, text) else value


def holds(value: Any, text: str) -> bool:
    """Say whether a text is in a value of a column."""
    return bool(without(value, text) != (bytes(value) if isinstance(value, memoryview) else value))
