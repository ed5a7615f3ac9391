"""The lines of an iCalendar file (RFC 5545, 3.1), taken apart into components and properties."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MOST_BYTES = 1_000_000
MOST_EVENTS = 5_000
DEEPEST = 5

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:])*)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:])*)')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Unreadable(ValueError):
    """A file that is no calendar, or too much of one; the message says which."""


@dataclass(frozen=True, slots=True)
class Property:
    """One line: its value as it stands there, and its parameters by upper-case name."""

    value: str
    parameters: Mapping[str, str]

    @property
    def text(self) -> str:
        """The value as words on one line."""
        plain = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)
        return _CONTROL.sub(" ", plain).strip()


@dataclass(slots=True)
class Component:
    """What stands between BEGIN and END."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        """The first property of a name."""
        return self.properties[name][0] if name in self.properties else None

    def all(self, name: str) -> list[Property]:
        """Every property of a name."""
        return self.properties.get(name, [])

    def text(self, name: str) -> str:
        """The words of a property, "" where there is none."""
        found = self.first(name)
        return found.text if found else ""


def calendar(data: bytes) -> Component:
    """Take a file apart. Lines that are none are passed over, as other readers do."""
    if len(data) > MOST_BYTES:
        raise Unreadable("The calendar is larger than 1 MB.")
    lines = _lines(data)
    top = next(lines, None)
    if top is None or top[0] != "BEGIN" or top[1].value.strip().upper() != "VCALENDAR":
        raise Unreadable("This is no calendar: it does not begin with BEGIN:VCALENDAR.")
    whole = Component("VCALENDAR")
    opened, events = [whole], 0
    for name, line in lines:
        if name == "BEGIN":
            part = Component(line.value.strip().upper())
            events += part.name == "VEVENT"
            _limit(events, len(opened))
            opened[-1].parts.append(part)
            opened.append(part)
        elif name == "END":
            if line.value.strip().upper() != opened.pop().name:
                raise Unreadable(f"The calendar is damaged: END:{line.value.strip()[:30]} closes nothing.")
            if not opened:
                return whole
        else:
            opened[-1].properties.setdefault(name, []).append(line)
    raise Unreadable("The calendar is cut off: it does not end with END:VCALENDAR.")


def _limit(events: int, depth: int) -> None:
    if events > MOST_EVENTS:
        raise Unreadable(f"The calendar has more than {MOST_EVENTS:,} events.")
    if depth >= DEEPEST:
        raise Unreadable("The calendar is damaged: its parts lie too deep within one another.")


def _lines(data: bytes) -> Iterator[tuple[str, Property]]:
    for line in _FOLD.sub("", data.decode("utf-8-sig", "replace")).split("\n"):
        found = _LINE.fullmatch(line.rstrip("\r"))
        if found:
            given = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(found[2])}
            yield found[1].upper(), Property(found[3], given)
