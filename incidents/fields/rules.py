"""What a tag is, and what may stand in a field that a company made itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

TAG_LONGEST = 40
MOST_TAGS = 20
TEXT_LONGEST = 2000
LARGEST = Decimal(10) ** 15


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    MANY = "many"
    DATE = "date"
    LINK = "link"
    USER = "user"


class Unreadable(Exception):
    """A sentence that says what was expected."""


def tag(text: str) -> str:
    """Write a tag the one way in which it is kept: small letters, words joined by a hyphen; "" where nothing is left."""
    joined = re.sub(r"[\s_/,]+", "-", text.strip().lstrip("#").casefold())
    kept = re.sub(r"[^\w.:-]", "", joined, flags=re.UNICODE)
    return re.sub(r"-{2,}", "-", kept)[:TAG_LONGEST].strip("-.:")


def tags(texts: Iterable[str]) -> list[str]:
    """Write several, each once, in the order in which they are sorted."""
    return sorted({name for text in texts if (name := tag(text))})


def parted(text: str) -> list[str]:
    """Part what somebody typed at commas and new lines."""
    return [part for part in re.split(r"[,\n;]+", text) if part.strip()]


@dataclass(frozen=True, slots=True)
class Spec:
    """A field: what may stand in it."""

    slug: str
    name: str
    kind: str
    choices: Sequence[str] = ()


Value = str | int | list[str] | None


def choices(spec: Spec, held: Value = None) -> list[str]:
    """Give what can be chosen: what is held already too, though it is no choice any more."""
    kept = held if isinstance(held, list) else [held] if isinstance(held, str) else []
    return [*spec.choices, *(one for one in kept if one not in spec.choices)]


def read(spec: Spec, given: Any, *, held: Value = None) -> Value:
    """Give what is kept of what was entered, None for nothing; refused with what was expected.

    What is `held` already may stay, whatever can be chosen today.
    """
    if given in (None, "", []):
        return None
    kept = _READ[Kind(spec.kind)](replace(spec, choices=choices(spec, held)), given)
    same = isinstance(kept, list) and isinstance(held, list) and set(kept) == set(held)
    return held if same else kept


def _text(spec: Spec, given: Any) -> Value:
    if not isinstance(given, str) or "\x00" in given:
        raise Unreadable("Enter a text.")
    text = given.strip()
    if len(text) > TEXT_LONGEST:
        raise Unreadable(f"Enter at most {TEXT_LONGEST} characters.")
    return text or None


def _number(spec: Spec, given: Any) -> Value:
    try:
        number = Decimal(str(given).strip().replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(given, bool) or not number.is_finite() or abs(number) > LARGEST:
        raise Unreadable("Enter a number, as 12 or 2.5.")
    plain = f"{number.quantize(Decimal('0.000001')):f}" if number % 1 else f"{number:.0f}"
    return plain.rstrip("0") if "." in plain else plain


def _choice(spec: Spec, given: Any) -> Value:
    if given not in spec.choices:
        raise Unreadable(f"Choose one of: {', '.join(spec.choices)}.")
    return str(given)


def _many(spec: Spec, given: Any) -> Value:
    if not isinstance(given, list) or any(one not in spec.choices for one in given):
        raise Unreadable(f"Choose among: {', '.join(spec.choices)}.")
    return [one for one in spec.choices if one in given]


def _date(spec: Spec, given: Any) -> Value:
    try:
        return (given if isinstance(given, date) else date.fromisoformat(str(given).strip())).isoformat()[:10]
    except ValueError:
        raise Unreadable("Enter a date, as 2026-11-22.") from None


def _link(spec: Spec, given: Any) -> Value:
    text = str(given).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in {"https", "http"}
        or not parts.hostname
        or len(text) > TEXT_LONGEST
        or re.search(r"\s", text)
    ):
        raise Unreadable("Enter an address that begins with https://.")
    return text


def _user(spec: Spec, given: Any) -> Value:
    text = str(given)
    if isinstance(given, bool) or not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Unreadable("Name a person by id.")
    return int(text)


_READ = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.MANY: _many,
    Kind.DATE: _date,
    Kind.LINK: _link,
    Kind.USER: _user,
}


def words(value: Value, people: dict[int, str]) -> str:
    """Write what stands in a field; people by their names."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value)
    return people.get(value, "somebody who left") if isinstance(value, int) else value
