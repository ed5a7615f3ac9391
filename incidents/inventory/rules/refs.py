"""References to entities as Backstage writes them: `[kind:][namespace/]name`, or an object of these three."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT = "default"
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Ref:
    """One entity. Case does not matter, so all is kept in small letters."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"

    @property
    def slug(self) -> str:
        """Give the address that it would like: its name, after its namespace where that is not the usual one."""
        words = self.name if self.namespace == DEFAULT else f"{self.namespace}-{self.name}"
        return re.sub(r"[^a-z0-9-]+", "-", words).strip("-")[:60]


def parse_ref(given: Any, *, kind: str | None = None, namespace: str = DEFAULT) -> Ref:
    """Read a reference. ValueError says what is wrong; without a kind of its own it has the one given."""
    if isinstance(given, Mapping):
        parts = {key: given.get(key) for key in ("kind", "namespace", "name")}
    elif isinstance(given, str):
        before, colon, rest = given.strip().partition(":")
        own, rest = (before, rest) if colon else (None, before)
        space, slash, name = rest.partition("/")
        parts = {
            "kind": own,
            "namespace": space if slash else None,
            "name": name if slash else rest,
        }
        if own == "" or (slash and not space):
            raise ValueError(f"“{given[:80]}” is no reference: write kind:namespace/name.")
    else:
        raise ValueError("A reference is a text as component:default/payments.")  # noqa: TRY004 - it is the file that is wrong
    found = {
        "kind": parts["kind"] or kind,
        "namespace": parts["namespace"] or namespace,
        "name": parts["name"],
    }
    for what, text in found.items():
        if text is None or text == "":
            raise ValueError(f"“{str(given)[:80]}” names no {what}: write it as component:payments.")
        if not isinstance(text, str) or not _PART.fullmatch(text):
            raise ValueError(f"“{str(text)[:80]}” cannot be the {what} of an entity.")
    return Ref(*(str(text).lower() for text in found.values()))


def plain(slug: str) -> Ref:
    """Refer to a service by its address here."""
    return Ref(_SERVICE, DEFAULT, slug)


def is_plain(ref: Ref) -> bool:
    """Whether it refers to a service by its address here."""
    return ref.kind == _SERVICE
