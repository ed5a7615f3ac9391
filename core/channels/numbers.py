"""Phone numbers: one form for each (E.164), and which of them the operator pays for."""

from __future__ import annotations

import re

from django.conf import settings

ASKS = "A number with its country code, like +49 151 23456789."
_ANY = re.compile(r"\+?\d(?:[\s().\-/]{0,2}\d){6,}")
_FILLING = re.compile(r"[\s().\-/\u00a0]")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


def check(address: str) -> str:
    """The number in its normal form. Raise ValueError when it is none, or leads where nothing may be sent."""
    number = _FILLING.sub("", address.strip())
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not (number.isascii() and _NUMBER.fullmatch(number)):
        raise ValueError("Enter a phone number with its country code, like +49 151 23456789.")
    if not may_reach(number):
        allowed = ", ".join(settings.PHONE_PREFIXES)
        raise ValueError(f"Only numbers that begin with {allowed} can be used here (PHONE_PREFIXES).")
    return number


def may_reach(number: str) -> bool:
    """Whether the operator lets messages go there; without a list, anywhere."""
    return not settings.PHONE_PREFIXES or number.startswith(tuple(settings.PHONE_PREFIXES))


def without(words: str) -> str:
    """Words without the numbers that they may repeat."""
    return _ANY.sub("<number>", words)


def hint(number: str) -> str:
    """The number for others to see: its country and its last two digits."""
    return f"{number[:3]}•••{number[-2:]}"
