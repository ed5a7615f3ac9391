"""What somebody typed to find something: words, and operators such as `is:open sev:1 service:payments`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

OPERATORS = {
    "is": "open or over",
    "sev": "a severity, as 1 or SEV1",
    "service": "a service by its name or address",
    "team": "a team by its name or address",
    "who": "a person by a part of their name",
    "before": "a date, as 2026-11-01",
    "after": "a date, as 2026-11-01",
}
STATES = ("open", "over")
MOST = 8
LONGEST = 200
_PART = re.compile(r'(?:([a-z]+):)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Query:
    """Words that all have to be found, operators by name, and a sentence for each that means nothing."""

    text: str = ""
    words: tuple[str, ...] = ()
    operators: Mapping[str, str] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.words and not self.operators

    def day(self, operator: str) -> date | None:
        """The date that `before` or `after` names."""
        given = self.operators.get(operator)
        return date.fromisoformat(given) if given else None


def parse(text: str) -> Query:
    """Read what was typed; what looks like an operator and is none is a word. Longer texts are cut."""
    text = text.replace("\x00", " ").strip()[:LONGEST]
    words: list[str] = []
    operators: dict[str, str] = {}
    wrong: list[str] = []
    for name, quoted, plain in _PART.findall(text):
        operator, value = name.lower(), quoted or plain
        if operator not in OPERATORS:
            words.append(f"{name}:{value}" if name else value)
        elif not _means(operator, value):
            wrong.append(f"{operator}: wants {OPERATORS[operator]}.")
        else:
            operators[operator] = value.lower() if operator == "is" else value
    return Query(text, tuple(words[:MOST]), operators, tuple(dict.fromkeys(wrong)))


def _means(operator: str, value: str) -> bool:
    if operator == "is":
        return value.lower() in STATES
    if operator in {"before", "after"}:
        try:
            return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)) and bool(date.fromisoformat(value))
        except ValueError:
            return False
    return bool(value)


def tokens(word: str) -> list[str]:
    """The letters and digits of a word, as a full-text index knows them: connection-pool has two."""
    return _TOKEN.findall(word.lower())


Marked = list[tuple[str, bool]]


def marked(text: str, words: Sequence[str]) -> Marked:
    """Part a text into what was looked for and what was not, in order; nothing is left out."""
    wanted = sorted({token for word in words for token in tokens(word)}, key=len, reverse=True)
    if not wanted:
        return [(text, False)] if text else []
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, wanted))})", re.IGNORECASE)
    return [(part, number % 2 == 1) for number, part in enumerate(pattern.split(text)) if part]


def excerpt(texts: Sequence[str], words: Sequence[str], *, width: int = 140) -> str:
    """Give the stretch around the first word that is found in the first text that has one; nothing where none has."""
    for text in texts:
        at = next(_found(text, words), None)
        if at is not None:
            return _cut(text, at, width)
    return ""


def _found(text: str, words: Sequence[str]) -> Iterator[int]:
    for word in words:
        for token in tokens(word):
            found = re.search(rf"\b{re.escape(token)}", text, re.IGNORECASE)
            if found:
                yield found.start()


def _cut(text: str, at: int, width: int) -> str:
    begin = max(0, at - width // 3)
    piece = " ".join(text[begin : begin + width].split())
    before = "…" if begin else ""
    after = "…" if begin + width < len(text) else ""
    return f"{before}{piece}{after}"
