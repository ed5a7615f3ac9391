"""Take one value of an entry, and note what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from incidents.inventory.rules.entries import Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.inventory.rules.entries import Entry

KINDS = ("runbook", "dashboard", "metrics", "events", "logs", "traces", "repository", "chat", "document")
MOST_LINKS = 50
YES, NO = ("true", "yes", "on"), ("false", "no", "off")


def text(entry: Entry, given: Any, what: str, *, most: int) -> str | None:
    """Take a text of at most so many characters."""
    if given is None:
        return None
    if not isinstance(given, str):
        entry.wrong.append(f"The {what} is a text.")
        return None
    if len(given.strip()) > most:
        entry.wrong.append(f"The {what} is longer than {most} characters.")
        return None
    return given.strip()


def tier(entry: Entry, given: Any) -> int | None:
    """Take a tier: 1, 2 or 3."""
    if given is None:
        return None
    if given not in {"1", "2", "3"}:
        entry.wrong.append(f"A tier is 1, 2 or 3, not “{str(given)[:20]}”.")
        return None
    return int(given)


def choice(entry: Entry, given: Any, what: str, *, among: Sequence[str]) -> str | None:
    """Take one of several words."""
    if given is None or given in among:
        return given  # type: ignore[no-any-return]
    entry.wrong.append(f"The {what} is one of {', '.join(among)}, not “{str(given)[:20]}”.")
    return None


def yes(entry: Entry, given: Any, what: str) -> bool | None:
    """Take a yes or no."""
    word = str(given).lower()
    if given is None or word in YES or word in NO:
        return None if given is None else word in YES
    entry.wrong.append(f"“{what}” is true or false, not “{str(given)[:20]}”.")
    return None


def listed(entry: Entry, given: Any, what: str) -> list[Any]:
    """Take a list."""
    if given is None or isinstance(given, list):
        return given or []
    entry.wrong.append(f"“{what}” is a list.")
    return []


def section(entry: Entry, given: Any, what: str) -> Mapping[str, Any]:
    """Take an object."""
    if given is None or isinstance(given, Mapping):
        return given or {}
    entry.wrong.append(f"“{what}” is an object.")
    return {}


def link(entry: Entry, *, kind: str, label: Any, url: Any) -> None:
    """Add a link to the web; anything else would be a trap to press."""
    address = str(url or "").strip()
    if (
        not address.startswith(("https://", "http://"))
        or len(address) > 500
        or any(map(str.isspace, address))
    ):
        entry.left_out.append(f"the link “{str(label or url)[:40]}”, as “{address[:60]}” is no web address")
    elif len(entry.links) >= MOST_LINKS:
        entry.left_out.append(f"the link “{str(label or url)[:40]}”, as it has {MOST_LINKS} already")
    elif address not in {row.url for row in entry.links}:
        words = label.strip() if isinstance(label, str) else ""
        entry.links.append(Link(kind, (words or kind.capitalize())[:80], address))
