"""What a signal says once it is understood, how urgent that is, and how many signals become one change."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

import orjson

POISON_AFTER = 5
"""How often a signal is tried before it becomes an alert of its own."""
TEST_LABEL = "watchbill_test"
"""The label of an alert that somebody sent to try out a source."""


class Action(StrEnum):
    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to look: `kind` is runbook, dashboard, graph, source, image or link."""

    kind: str
    label: str
    url: str


def web_links(links: object, *, most: int = 5) -> list[dict[str, str]]:
    """Give the stored links that lead to a web page, as `label` and `url`: a room shows nothing else of them."""
    found = []
    for link in links if isinstance(links, list) else ():
        url = str(link.get("url") or link.get("href") or "") if isinstance(link, dict) else ""
        if url.startswith(("http://", "https://")):
            label = str(link.get("label") or link.get("kind") or "Link")[:80]
            found.append({"label": label, "url": url[:2000]})
    return found[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One alert as its source tells it. `problems` are shown to people as ingest errors."""

    action: Action
    dedup_key: str
    title: str
    description: str = ""
    severity: str = ""
    urgency: str = "high"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[Link] = ()
    started_at: datetime | None = None
    problems: Sequence[str] = ()


class Unreadable(Exception):
    """The body is not what its source should send; the message says why, without quoting the body."""


_SEVERITIES: dict[str, str] = {
    "critical": "critical crit fatal emergency emerg disaster page high highest sev0 sev1 p0 p1",
    "error": "error err major alert sev2 p2",
    "warning": "warning warn minor average medium moderate sev3 p3",
    "info": "info information informational notice low lowest debug none sev4 sev5 p4 p5",
}
_SEVERITY_OF = {word: name for name, words in _SEVERITIES.items() for word in words.split()}


def severity(word: str) -> str:
    """The severity as critical, error, warning or info; an unknown word stays, cut to 20 characters."""
    plain = word.strip().lower().replace("-", "").replace(" ", "")
    return _SEVERITY_OF.get(plain, plain[:20])


def urgency(severity_name: str) -> str:
    """Whether people are woken: warning and info are low; all else, the unknown too, is high."""
    return "low" if severity_name in {"warning", "info"} else "high"


CHECKLISTS = ("checklist", "steps")
"""Annotations that hold what to do, one step a line or as a JSON list."""
MOST_STEPS = 30
_MARK = re.compile(r"^(?:\d{1,2}[.)]|[-*\u2022])?\s*(?:\[[ xX]?\])?\s*")


def checklist(annotations: object) -> list[str]:
    """Give the steps in the annotations of an alert, without their numbers and boxes, at most 30."""
    told = annotations if isinstance(annotations, Mapping) else {}
    written = next((str(told[name]) for name in CHECKLISTS if told.get(name)), "")
    steps = (_MARK.sub("", line.strip(), count=1)[:500] for line in _lines(written))
    return [step for step in steps if step][:MOST_STEPS]


def _lines(written: str) -> list[str]:
    try:
        found = orjson.loads(written) if written.lstrip().startswith("[") else None
    except orjson.JSONDecodeError:
        found = None
    return [str(step) for step in found] if isinstance(found, list) else written.splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a signal says about one alert, with where it belongs; `count` signals in a row said the same.

    Of a quiet one nobody is told: it is the product's own test.
    """

    signal_id: int
    integration_id: int
    parsed: Parsed
    service_id: int | None = None
    urgency: str = "high"
    routed_by: str = ""
    nature: str = ""
    not_paged: str = ""
    count: int = 1
    is_quiet: bool = False

    @property
    def once(self) -> tuple[int, str]:
        """What makes an open alert unique."""
        return self.integration_id, self.parsed.dedup_key


def rounds(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries in batches that each hold an alert at most once, keeping the order of each alert's entries.

    Triggers of one alert in a row are one entry with a count, so a flood of one key is one row to write.
    """
    batches: list[list[Entry]] = []
    latest: dict[tuple[int, str], int] = {}
    seen: defaultdict[tuple[int, str], int] = defaultdict(int)
    for entry in entries:
        n = seen[entry.once]
        if (
            n
            and (before := batches[n - 1][latest[entry.once]]).parsed.action
            is entry.parsed.action
            is Action.TRIGGER
        ):
            batches[n - 1][latest[entry.once]] = replace(entry, count=before.count + entry.count)
            continue
        if n == len(batches):
            batches.append([])
        latest[entry.once] = len(batches[n])
        seen[entry.once] += 1
        batches[n].append(entry)
    return batches


def back_off(attempts: int) -> int:
    """Seconds until a signal that failed `attempts` times is tried again: 1, 2, 4, 8."""
    return int(2 ** min(attempts - 1, 3))
