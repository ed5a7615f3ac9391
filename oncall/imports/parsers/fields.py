"""Reading JSON that somebody else wrote: each value by its type, and a sentence that names the place where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

MOST_ITEMS = 20_000
MOST_RULES = 100
YEARS = range(1990, 2100)


class Unreadable(ValueError):
    """The file is not such an export; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the file, and its place there."""

    value: dict[str, Any]
    where: str

    def __contains__(self, name: str) -> bool:
        return self.value.get(name) is not None

    def fail(self, name: str, wanted: str) -> Unreadable:
        """Make the error for a value that is not as it should be."""
        return Unreadable(f"{self.where}.{name} has to be {wanted}.")

    def node(self, name: str) -> Node:
        """Give an object inside this one; an empty one where there is none."""
        value = self.value.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.fail(name, "an object")
        return Node(value or {}, f"{self.where}.{name}")

    def nodes(self, name: str) -> list[Node]:
        """Give the objects of a list inside this one; none where there is no list."""
        return list(nodes(self._list(name), f"{self.where}.{name}"))

    def rules(self, name: str) -> list[Node]:
        """Give the objects of a list that are rules of one schedule: few enough for somebody to have written."""
        found = self.nodes(name)
        if len(found) > MOST_RULES:
            raise self.fail(name, f"a list of at most {MOST_RULES} items")
        return found

    def texts(self, name: str) -> list[str]:
        """Give the texts of a list inside this one; none where there is no list."""
        found = self._list(name)
        if not all(is_text(each) for each in found):
            raise self.fail(name, "a list of texts")
        return found

    def groups(self, name: str) -> list[list[str]]:
        """Give the lists of texts of a list inside this one."""
        found = self._list(name)
        if not all(isinstance(each, list) and all(is_text(key) for key in each) for each in found):
            raise self.fail(name, "a list of lists of texts")
        return found

    def text(self, name: str, default: str | None = None) -> str:
        """Give a text; the default, where there is one, for what is missing or null."""
        value = self.value.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not is_text(value):
            raise self.fail(name, "a text")
        return value

    def whole(self, name: str, default: int | None = None, *, least: int = 0, most: int = 10**9) -> int:
        """Give a whole number within its bounds."""
        value = self.value.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.fail(name, f"a whole number from {least} to {most}")
        return value

    def moment(self, name: str) -> datetime:
        """Give a moment with its offset, in UTC."""
        return moment(self.text(name), f"{self.where}.{name}")

    def moment_or_none(self, name: str) -> datetime | None:
        """Give a moment, or None where there is none."""
        return self.moment(name) if self.value.get(name) else None

    def clock(self, name: str) -> time:
        """Give a time of day."""
        try:
            found = time.fromisoformat(self.text(name))
        except ValueError:
            raise self.fail(name, "a time of day as 08:30:00") from None
        return found.replace(tzinfo=None, microsecond=0)

    def zone(self, name: str, default: str | None = None) -> str:
        """Give the name of a time zone that is known here."""
        found = self.text(name, default)
        if not known_zone(found):
            raise self.fail(name, f"the name of a time zone as Europe/Berlin, and {found!r} is none")
        return found

    def _list(self, name: str) -> list[Any]:
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise self.fail(name, f"a list of at most {MOST_ITEMS} items")
        return value


def nodes(values: list[Any], where: str) -> Iterator[Node]:
    """Yield the objects of a list."""
    for number, value in enumerate(values):
        if not isinstance(value, dict):
            raise Unreadable(f"{where}[{number}] has to be an object.")
        yield Node(value, f"{where}[{number}]")


def is_text(value: object) -> bool:
    """Say whether this is a text that a database keeps."""
    if not isinstance(value, str) or "\x00" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def moment(text: str, where: str, zone: tzinfo | None = None) -> datetime:
    """Read a moment as ISO 8601 writes it, in UTC; without an offset it is one of `zone`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"{where} has to be a moment as 2026-11-21T09:00:00Z.") from None
    if found.tzinfo is None:
        if zone is None:
            raise Unreadable(f"{where} has to say its offset, as in 2026-11-21T09:00:00Z.")
        found = found.replace(tzinfo=zone)
    if found.year not in YEARS:
        raise Unreadable(f"{where} has to lie between {YEARS[0]} and {YEARS[-1]}.")
    return found.astimezone(UTC).replace(microsecond=0)


def known_zone(name: str) -> bool:
    """Say whether this is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
