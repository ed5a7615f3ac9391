"""The words in which a team hears of a night that was too much for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

MOST = 30
"""So many pages are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """A page of a night: when it was due, what it was about, and what became of it."""

    at: datetime
    title: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A schedule that the person has after that night, until when, and where somebody else can take it."""

    name: str
    end: datetime
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A person's night: how many pages reached them, which there were, and what they have to do after it."""

    name: str
    zone: ZoneInfo
    end: datetime
    limit: int
    count: int
    lines: tuple[Line, ...]
    duties: tuple[Duty, ...]
    url: str


def subject(report: Report) -> str:
    """Give one line: who was woken how often."""
    return f"{report.name} was paged {_times(report.count)} in the night to {report.end.astimezone(report.zone):%A}"


def text(report: Report) -> str:
    """Put a night into words, with the proposal that the person rests."""
    parts = [
        f"{subject(report)}. The limit is {report.limit}.",
        "\n".join([*(_line(line, report.zone) for line in report.lines[:MOST]), *_more(report.lines)]),
        _proposal(report),
        f"Every page with its tries: {report.url}",
    ]
    return "\n\n".join(parts)


def _line(line: Line, zone: ZoneInfo) -> str:
    return f"{line.at.astimezone(zone):%H:%M} {line.title}: {line.outcome}"


def _more(lines: Sequence[Line]) -> list[str]:
    return [f"And {len(lines) - MOST} more."] if len(lines) > MOST else []


def _proposal(report: Report) -> str:
    rest = f"Proposal: {report.name} rests today, and is given back the hours of the night."
    taken = [
        f"Let somebody else take {duty.name}, which is theirs until "
        f"{duty.end.astimezone(report.zone):%A %H:%M %Z}: {duty.url}"
        for duty in report.duties
    ]
    return "\n".join([rest, *taken])


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"
