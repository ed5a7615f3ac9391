"""A runbook as one Markdown file, for Git and for comparing its versions. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import unified_diff

from incidents.runbooks.rules.alerts import matchers_in_words, read_matchers

_FACT = re.compile(
    r"^[-*]\s*(Severity|Services|Alerts|Team|Owner|Last updated|Last tested)\s*:\s*(.*)$", re.I
)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the sections: the name, and facts by the words that name them in other places."""

    name: str = ""
    severity: str = ""
    services: Sequence[str] = ()
    alerts: Sequence[dict[str, str]] = field(default_factory=tuple)
    team: str = ""
    owner: str = ""
    updated_on: date | None = None
    tested_on: date | None = None


def write_document(head: Head, text: str) -> str:
    """Write the file: a heading, a list of facts, then the sections as they were written."""
    facts = [
        ("Severity", head.severity),
        ("Services", ", ".join(head.services)),
        ("Alerts", matchers_in_words(head.alerts)),
        ("Team", head.team),
        ("Owner", head.owner),
        ("Last updated", head.updated_on.isoformat() if head.updated_on else ""),
        ("Last tested", head.tested_on.isoformat() if head.tested_on else ""),
    ]
    said = "\n".join(f"- {name}: {value}" for name, value in facts if value)
    return "\n\n".join(part for part in (f"# {head.name}", said, text.strip()) if part) + "\n"


def read_document(document: str) -> tuple[Head, str]:
    """Read a file: the facts of its head, and the rest as it stands."""
    lines = document.replace("\r\n", "\n").lstrip("\ufeff").splitlines()
    facts: dict[str, str] = {}
    name, place = "", 0
    for place, line in enumerate(lines):  # noqa: B007 - where the head ends
        found = _FACT.match(line.strip())
        if found:
            facts[found[1].lower()] = found[2].strip()
        elif line.startswith("# ") and not name:
            name = line[2:].strip().rstrip("#").strip()
        elif line.strip():
            break
    else:
        place = len(lines)
    head = Head(
        name=name,
        severity=facts.get("severity", ""),
        services=[word.strip() for word in facts.get("services", "").split(",") if word.strip()],
        alerts=read_matchers(facts.get("alerts", "")),
        team=facts.get("team", ""),
        owner=facts.get("owner", ""),
        updated_on=_day(facts.get("last updated", "")),
        tested_on=_day(facts.get("last tested", "")),
    )
    return head, "\n".join(lines[place:]).strip()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def difference(old: str, new: str) -> list[tuple[str, str]]:
    """Give the lines that differ, with three around them: "+", "-", " ", and "@" where something is left out."""
    rows = list(unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3))[2:]
    return [("@", "") if row.startswith("@@") else (row[0], row[1:]) for row in rows]
