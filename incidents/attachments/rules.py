"""How files are called and how many there may be. What is given as a name is never believed to say what a file is."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

LONGEST_NAME = 120
PIXELS = 25_000_000
"""A screen of 5,120 by 2,880 has 15 million; drawing so many anew takes about 100 MB for a moment."""
PREVIEW = 480
"""The longer side of a preview."""
AT_ONCE = 10
TOTAL_FILES = 20
"""An incident holds so many files of the greatest size together."""


class Kind(StrEnum):
    """What a file is by its content."""

    PICTURE = "picture"
    PDF = "pdf"
    TEXT = "text"


ENDINGS = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    "text/plain": (
        ".txt", ".log", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".md", ".yaml", ".yml", ".toml", ".ini",
        ".conf", ".sql", ".diff", ".patch", ".trace", ".har", ".out", ".err",
    ),
}  # fmt: skip
"""How the name of a file of each type may end; of another one, or none, the first is put behind it."""
WRITTEN = frozenset("\t\n\r\f\b\x0b\x1b")
"""Control characters that logs and coloured output have."""


def clean_name(given: str, media_type: str) -> str:
    """Give the name under which a file is kept: no folders, nothing unseen, an ending that says what it is."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    name = " ".join(seen.split()).strip(". ") or "file"
    endings = ENDINGS[media_type]
    if not name.lower().endswith(endings):
        name = name[: LONGEST_NAME - len(endings[0])] + endings[0]
    if len(name) > LONGEST_NAME:
        ending = next(one for one in endings if name.lower().endswith(one))
        name = name[: LONGEST_NAME - len(ending)] + ending
    return name


def is_pdf(content: bytes) -> bool:
    """Say whether it begins and ends as a PDF does."""
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]


def is_text(content: bytes) -> bool:
    """Say whether it is text in UTF-8, with nothing in it that only programs write."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(one) == "Cc" and one not in WRITTEN for one in set(text))


def sentence(names: list[str]) -> str:
    """Give what the timeline says where nobody wrote anything with them."""
    return f"Attached {', '.join(names)}"


def size(count: int) -> str:
    """Give a size as people read it."""
    if count < 1000:
        return f"{count} bytes"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"
