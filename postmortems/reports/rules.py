"""What a postmortem holds, when it is due, what it still lacks, and how it reads as Markdown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Section(StrEnum):
    """The written sections, in the order in which they are read."""

    SUMMARY = "summary"
    IMPACT = "impact"
    FACTORS = "factors_text"
    WENT_WELL = "went_well"
    WENT_BADLY = "went_badly"
    LUCKY = "lucky"
    LESSONS = "lessons"


TITLES: dict[Section, str] = {
    Section.SUMMARY: "Summary",
    Section.IMPACT: "Impact",
    Section.FACTORS: "How was this possible?",
    Section.WENT_WELL: "What went well",
    Section.WENT_BADLY: "What was hard",
    Section.LUCKY: "Where we got lucky",
    Section.LESSONS: "Lessons",
}

HINTS: dict[Section, str] = {
    Section.SUMMARY: "Two paragraphs: what people experienced, for how long, and what ended it.",
    Section.IMPACT: "Who was affected, how many, for how long, and what it cost them. Numbers where there are some.",
    Section.FACTORS: "Ask why until the answer is about the system. There is never just one factor.",
    Section.WENT_WELL: "What to keep: the alert that fired, the rehearsed rollback, the clear hand-over.",
    Section.WENT_BADLY: "What slowed detection, decisions or the fix.",
    Section.LUCKY: "What would have made it worse, and did not happen by chance.",
    Section.LESSONS: "What the next person should know.",
}

# Entries of these kinds are part of the story from the start; the others can be picked.
KEY_KINDS = frozenset(
    {
        "declared",
        "status",
        "severity",
        "hypothesis",
        "decision",
        "action",
        "public_update",
        "alert",
        "acknowledged",
        "change",
    }
)

# Phrases that point at a person, with a question about the system instead (R249).
BLAME: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{pattern}\b", re.IGNORECASE), question)
    for pattern, question in (
        (r"forgot(?:ten)?|forgets", "What would have made it visible without remembering?"),
        (
            r"should(?:n't| not)? have|could have|failed to",
            "What did they know then, and what did the system show?",
        ),
        (
            r"human error|operator error|user error",
            "Which design made this mistake easy, and which would catch it?",
        ),
        (
            r"careless(?:ly)?|negligent|sloppy|lazy|incompetent",
            "What made this the reasonable thing to do at the time?",
        ),
        (r"(?:be )?more careful|pay more attention", "Which check would work on a tired day?"),
        (r"who (?:approved|broke|caused)|(?:his|her|their) fault|to blame", "How was this possible?"),
    )
)


@dataclass(frozen=True, slots=True)
class Hint:
    """A phrase that names a person's fault, and a better question. It never blocks."""

    section: str
    phrase: str
    question: str


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    title: str
    kind: str
    owner: str
    due: str
    status: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a responder changed in production; `undone` says when and by whom, or is empty."""

    at: datetime
    what: str
    place: str
    by: str
    result: str
    undone: str


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that an export shows; times in UTC."""

    number: str
    title: str
    severity: str
    status: str
    started_at: datetime | None
    resolved_at: datetime | None
    sections: dict[Section, str]
    timeline: Sequence[Line]
    factors: Sequence[tuple[str, str]]
    actions: Sequence[Action]
    decisions: Sequence[Line] = ()
    changes: Sequence[Change] = ()
    runbooks: Sequence[tuple[str, str, str]] = ()


def due_at(resolved_at: datetime, *, hours: int) -> datetime:
    """When the postmortem is due: so many hours after the incident was resolved."""
    return resolved_at + timedelta(hours=hours)


def hints(sections: dict[Section, str]) -> list[Hint]:
    """Find phrases that blame a person, each once per section."""
    return [
        Hint(section, match.group(0), question)
        for section, text in sections.items()
        for pattern, question in BLAME
        if (match := pattern.search(text))
    ]


def lacking(sections: dict[Section, str], *, factors: int) -> list[str]:
    """Name what must be there before publishing: summary, impact, what went well, and at least one factor."""
    needed = (Section.SUMMARY, Section.IMPACT, Section.WENT_WELL)
    missing = [TITLES[section] for section in needed if not sections.get(section, "").strip()]
    return missing if factors else [*missing, "Contributing factors"]


def duration(seconds: int) -> str:
    """Hours and minutes for people: 48 min, 2 h 05 min, 1 d 3 h."""
    minutes = max(0, seconds) // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def first_summary(*, title: str, severity: str, started_at: datetime, resolved_at: datetime) -> str:
    """A first paragraph out of what is known, for the author to improve."""
    lasted = duration(int((resolved_at - started_at).total_seconds()))
    return (
        f"{title}. It was handled as {severity} and lasted {lasted}, until {resolved_at:%d %b %Y %H:%M} UTC."
    )


def markdown(document: Document) -> str:
    """The whole postmortem as Markdown, with a heading per section and tables for timeline and actions."""
    parts = [f"# {document.number}: {_line(document.title)}", _facts(document)]
    for section in (Section.SUMMARY, Section.IMPACT):
        parts.append(
            f"## {TITLES[section]}\n\n{document.sections.get(section, '').strip() or '_Not written yet._'}"
        )
    parts.append(
        "## Timeline\n\n"
        + _table(("Time (UTC)", "What happened"), [_moment(line) for line in document.timeline])
    )
    if document.decisions:
        decided = [_moment(line) for line in document.decisions]
        parts.append("## Decisions\n\n" + _table(("Time (UTC)", "Decision"), decided))
    if document.changes:
        head = ("Time (UTC)", "Change", "Where", "By", "Result", "Undone")
        changed = [
            (f"{row.at:%Y-%m-%d %H:%M:%S}", row.what, row.place, row.by, row.result, row.undone)
            for row in document.changes
        ]
        parts.append("## Changed in production\n\n" + _table(head, changed))
    if document.runbooks:
        parts.append(
            "## Runbooks that were wrong\n\n" + _table(("Runbook", "Wrong", "Right"), document.runbooks)
        )
    if document.factors:
        parts.append(
            "## Contributing factors\n\n"
            + "\n".join(f"- **{kind}**: {_line(text)}" for kind, text in document.factors)
        )
    for section in list(Section)[2:]:
        if document.sections.get(section, "").strip():
            parts.append(f"## {TITLES[section]}\n\n{document.sections[section].strip()}")
    rows = [
        (action.title, action.kind, action.owner, action.due, action.status) for action in document.actions
    ]
    parts.append("## Action items\n\n" + _table(("Action", "Kind", "Owner", "Due", "Status"), rows))
    return "\n\n".join(parts) + "\n"


def _facts(document: Document) -> str:
    facts = [f"- Severity: {document.severity}", f"- Status: {document.status}"]
    if document.started_at and document.resolved_at:
        lasted = duration(int((document.resolved_at - document.started_at).total_seconds()))
        facts.append(
            f"- From {document.started_at:%Y-%m-%d %H:%M} to {document.resolved_at:%Y-%m-%d %H:%M} UTC ({lasted})"
        )
    return "\n".join(facts)


def _moment(line: Line) -> tuple[str, str]:
    return f"{line.at:%Y-%m-%d %H:%M:%S}", line.text


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return "_None._"
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_line(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())
