"""The file that is given to the import: what an API answered, with or without the address that was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from oncall.imports.parsers.fields import Node, Unreadable, is_text

LARGEST = 5_000_000  # characters


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the API: its body, and the path and query that were asked where the file says so."""

    body: Node
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()

    def asked(self, name: str) -> str:
        """Give a parameter of the query; empty where it was not asked or is not known."""
        return dict(self.query).get(name, "")


def answers(text: str) -> list[Answer]:
    """Read the file: one answer, a list of them, or an object that gives each by the address that was asked."""
    if len(text) > LARGEST:
        raise Unreadable(f"The file is longer than {LARGEST:,} characters.")
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The file is not JSON: {error}.") from None
    if isinstance(read, dict) and read and all(_is_address(name) for name in read):
        return [_answer(address, body) for address, body in read.items()]
    return [_answer("", body, f"answer {number}") for number, body in enumerate(_listed(read), start=1)]


def _listed(read: object) -> list[object]:
    return read if isinstance(read, list) else [read]


def _is_address(name: str) -> bool:
    return name.startswith(("/", "http://", "https://"))


def _answer(address: str, body: object, where: str = "") -> Answer:
    if not is_text(address):
        raise Unreadable("An address in the file is no text.")
    if not isinstance(body, dict):
        raise Unreadable(f"What {address or where} answered has to be an object.")
    try:
        parts = urlsplit(address)
    except ValueError:
        raise Unreadable(f"{address} is no address.") from None
    # A plus sign in a moment's offset is often written as it is; it does not mean a space there.
    query = parse_qsl(parts.query.replace("+", "%2B"))
    if not all(is_text(value) for _, value in query):
        raise Unreadable(f"The query of {address} is no text.")
    return Answer(Node(body, parts.path or where), parts.path.rstrip("/"), tuple(query))
