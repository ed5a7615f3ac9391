"""The words of a text message, and how many parts it is sent and paid in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

MOST_PARTS = 2
MOST_PARTS_WIDE = 3
"""Of a text with letters outside the GSM alphabet, of which a part holds less than half."""

_PLAIN = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = set("^{}\\[~]|€")
_FOLDED = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u2039\u203a\u2032`\u00b4", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2022\u00b7\u25aa", "*"),
        "\u2026": "...",
        "\u2192": "->",
        "\u00d7": "x",
    }
)
"""Quotation marks, dashes, bullets, the ellipsis, the arrow and the times sign, as a telephone writes them."""


def compose(subject: str, *, code: str, url: str, resent: bool) -> str:
    """The text: what is wrong, then how to answer. The first is cut so that the whole fits the parts."""
    endings = [f"Reply ACK {code}"] if code else []
    endings += [url] if url else []
    head = folded(" ".join("".join(letter if letter.isprintable() else " " for letter in subject).split()))
    head = f"(resent) {head}" if resent else head
    whole = "\n".join([head, *endings])
    for length in range(len(head), 0, -1):
        if fits(whole):
            break
        whole = "\n".join([f"{head[: length - 1].rstrip()}...", *endings])
    return whole


def fits(text: str) -> bool:
    """Whether a text takes no more parts than it may."""
    return parts(text) <= (MOST_PARTS if is_gsm(text) else MOST_PARTS_WIDE)


def folded(text: str) -> str:
    """The text with what the GSM alphabet lacks written in its letters, where that reads the same."""
    return "".join(_folded(letter) for letter in text.translate(_FOLDED))


def _folded(letter: str) -> str:
    if is_gsm(letter):
        return letter
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return plain if plain and is_gsm(plain) else letter


def is_gsm(text: str) -> bool:
    """Whether every letter is in the alphabet of which 160 fit one message."""
    return all(letter in _PLAIN or letter in _ESCAPED for letter in text)


def parts(text: str) -> int:
    """In how many messages a text is sent: 160 letters in one, 153 in each of several; others 70 and 67."""
    sizes = list(_sizes(text))
    one, each = (160, 153) if is_gsm(text) else (70, 67)
    if sum(sizes) <= one:
        return 1
    count, used = 1, 0
    for size in sizes:
        # A letter of two units is not torn apart.
        if used + size > each:
            count, used = count + 1, 0
        used += size
    return count


def _sizes(text: str) -> Iterator[int]:
    gsm = is_gsm(text)
    for letter in text:
        if gsm:
            yield 2 if letter in _ESCAPED else 1
        else:
            yield len(letter.encode("utf-16-le")) // 2
