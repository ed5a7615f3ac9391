"""The structure of a runbook: its sections, the steps that are ticked, options, and the way up. Pure.

The text is Markdown with second-level headings (004 Pattern 4, 002 "Runbook Structure"). A list item is a step; a block
of code in it is a command to copy, `Expect:` what should be seen, `Automated:` what does it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token


class Section(StrEnum):
    """What a heading of the second level may begin."""

    TRIGGER = "trigger"
    PREREQUISITES = "prerequisites"
    BACKGROUND = "background"
    IMPACT = "impact"
    DIAGNOSIS = "diagnosis"
    MITIGATION = "mitigation"
    VERIFICATION = "verification"
    ROLLBACK = "rollback"
    ESCALATION = "escalation"
    AUTOMATION = "automation"
    STEPS = "steps"
    OTHER = "other"


TITLES = {
    Section.TRIGGER: "Trigger",
    Section.PREREQUISITES: "Prerequisites",
    Section.BACKGROUND: "Background",
    Section.IMPACT: "Impact",
    Section.DIAGNOSIS: "Diagnosis",
    Section.MITIGATION: "Mitigation",
    Section.VERIFICATION: "Verification",
    Section.ROLLBACK: "Rollback",
    Section.ESCALATION: "Escalation",
    Section.AUTOMATION: "Automation",
    Section.STEPS: "Steps",
}
"""The name of each, in the order in which a heading is looked up: “Rollback steps” is a rollback."""
RUN = (
    Section.PREREQUISITES,
    Section.DIAGNOSIS,
    Section.MITIGATION,
    Section.STEPS,
    Section.VERIFICATION,
    Section.ROLLBACK,
)
"""The sections whose list items are ticked in an incident."""

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_SAID = re.compile(
    r"^\**(expect(?:ed)?(?: result)?|automated|success(?: criteria| criterion)?)\**\s*:\**\s*(.*)$", re.I
)
_COMMAND = re.compile(r"^`([^`]+)`$")
_LIMIT = re.compile(r"(\d{1,4})\s*(min|m\b|hour|h\b)", re.I)
_LEVEL = re.compile(r"\b(?:severity\s*:|(?:escalate|raise)\w*\s+(?:it\s+)?to)\s*([\w-]+)", re.I)
_PAGE = re.compile(r"^page\s*:\s*(user|schedule|team|policy)\s+([\w.@+-]+)\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: words, commands to copy, what should be seen, and what does it by itself."""

    section: Section
    option: str
    text: str
    commands: Sequence[str] = ()
    expect: str = ""
    automated: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to mitigate, and how one sees that it worked."""

    title: str
    success: str = ""
    steps: Sequence[Step] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens when it takes longer than the limit: a level, whom to page, whether customers are told."""

    limit: timedelta | None = None
    severity: str = ""
    pages: Sequence[tuple[str, str]] = ()
    tells_customers: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A section as it was written: words that are no step, and its steps in groups."""

    section: Section
    title: str
    text: str
    options: Sequence[Option] = ()

    @property
    def steps(self) -> list[Step]:
        """Give all of its steps."""
        return [step for option in self.options for step in option.steps]


@dataclass(frozen=True, slots=True)
class Structure:
    """A runbook as its text says it."""

    parts: Sequence[Part] = ()
    escalation: Escalation = field(default_factory=Escalation)

    @property
    def steps(self) -> list[Step]:
        """Give what is ticked, in order."""
        return [step for part in self.parts if part.section in RUN for step in part.steps]

    @property
    def options(self) -> list[Option]:
        """Give the named ways to mitigate."""
        found = [part for part in self.parts if part.section is Section.MITIGATION]
        return [option for part in found for option in part.options if option.title]

    def has(self, section: Section) -> bool:
        """Say whether a section is written."""
        return any(part.section is section and (part.text or part.steps) for part in self.parts)


def read(text: str) -> Structure:
    """Read a runbook. Whatever it is, it is read: headings that mean nothing stay as text."""
    parts = [_part(title, body) for title, body in _sections(text)]
    ways = [body for title, body in _sections(text) if _meant(title) is Section.ESCALATION]
    return Structure([part for part in parts if part.text or part.steps], _escalation("\n".join(ways)))


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Give each section's heading and its lines; what stands before the first heading has none."""
    lines = text.splitlines()
    tokens = _parser.parse(text)
    heads = [
        (token.map[0], token.map[1], tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0 and token.map
    ]
    first = heads[0][0] if heads else len(lines)
    yield "", "\n".join(lines[:first]).strip()
    for number, (_, begin, title) in enumerate(heads):
        end = heads[number + 1][0] if number + 1 < len(heads) else len(lines)
        yield title, "\n".join(lines[begin:end]).strip("\n")


def _meant(title: str) -> Section:
    low = title.lower()
    return next((section for section in TITLES if section.value in low), Section.OTHER)


def _part(title: str, body: str) -> Part:
    section = _meant(title)
    if section not in RUN:
        return Part(section, title, body.strip())
    options, loose = _grouped(section, body)
    return Part(section, title, loose, options)


def _grouped(section: Section, body: str) -> tuple[list[Option], str]:
    """Give the steps under their third-level headings, and the words before the first of them that are no step."""
    lines, tokens = body.splitlines(), _parser.parse(body)
    heads = [n for n, token in enumerate(tokens) if token.level == 0 and token.type == "heading_open"]
    ends = [*heads, len(tokens)]
    first = _option(section, "", tokens[: ends[0]], lines)
    named = [
        _option(section, tokens[begin + 1].content, tokens[begin + 3 : end], lines)
        for begin, end in zip(heads, ends[1:], strict=True)
    ]
    return [*([first] if first.steps else []), *named], first.text


def _option(section: Section, title: str, tokens: Sequence[Token], lines: Sequence[str]) -> Option:
    success, steps, words = "", list[Step](), list[str]()
    for place, token in enumerate(tokens):
        if token.type == "list_item_open" and token.level == 1:
            step = _step(section, title, tokens, place)
            if _success(step.text):
                success = _success(step.text)
            elif step.text or step.commands:
                steps.append(step)
        elif token.level == 0 and token.map and not token.type.endswith(("list_open", "_close")):
            text = "\n".join(lines[token.map[0] : token.map[1]])
            success = success or _success(text)
            words += [] if _success(text) else [text]
    return Option(title, success, tuple(steps), "\n\n".join(words))


def _success(text: str) -> str:
    """Give what the text says one sees when it worked; "" where it speaks of something else."""
    said = _SAID.match(text)
    return said[2].strip() if said and said[1].lower().startswith("success") else ""


def _step(section: Section, option: str, tokens: Sequence[Token], place: int) -> Step:
    words, commands, said = list[str](), list[str](), {"expect": list[str](), "automated": list[str]()}
    for token in _inside(tokens, place):
        if token.type in {"fence", "code_block"}:
            commands.append(token.content.rstrip("\n"))
        elif token.type == "inline":
            _take(token, commands, words, said)
    return Step(
        section,
        option,
        "\n".join(words),
        tuple(commands),
        " ".join(said["expect"]),
        " ".join(said["automated"]),
    )


def _take(token: Token, commands: list[str], words: list[str], said: dict[str, list[str]]) -> None:
    """Sort the lines of a paragraph into words, commands, and what is expected or automated."""
    for line in token.content.splitlines():
        found = _SAID.match(line)
        key = found[1].lower() if found else ""
        if words and (command := _COMMAND.match(line)):
            commands.append(command[1])
        elif found and key.startswith("expect"):
            said["expect"].append(found[2].strip() or "as before")
        elif found and key == "automated":
            said["automated"].append(found[2].strip() or "yes")
        else:
            words.append(line if token.level <= 3 else f"- {line}")  # deeper is a list in the step


def _inside(tokens: Sequence[Token], place: int) -> Iterator[Token]:
    for token in tokens[place + 1 :]:
        if token.type == "list_item_close" and token.level == tokens[place].level:
            return
        yield token


def _escalation(body: str) -> Escalation:
    limit = _LIMIT.search(body)
    level = _LEVEL.search(body)
    items = [line.strip(" *-+\t").lstrip("0123456789.) ") for line in body.splitlines()]
    pages = [(found[1].lower(), found[2]) for line in items if (found := _PAGE.match(line))]
    span = int(limit[1]) * (60 if limit[2].lower().startswith("h") else 1) if limit else 0
    return Escalation(
        limit=timedelta(minutes=span) if span else None,
        severity=level[1] if level else "",
        pages=pages,
        tells_customers="status page" in body.lower(),
    )


def plain(text: str) -> str:
    """Give the first line without the marks of Markdown."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return re.sub(r"[*`]+", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line)).strip()


def lacking(structure: Structure) -> list[str]:
    """Say in half sentences what a good runbook has and this one has not."""
    missing = [
        f"no {TITLES[section].lower()}"
        for section in (Section.TRIGGER, Section.VERIFICATION, Section.ROLLBACK)
        if not structure.has(section)
    ]
    if not any(step.section is not Section.PREREQUISITES for step in structure.steps):
        missing.insert(0, "no steps to tick")
    blind = sum(bool(step.commands) and not step.expect for step in structure.steps)
    if blind:
        missing.append(f"{blind} command{'' if blind == 1 else 's'} without the expected result")
    vague = [option.title for option in structure.options if not option.success]
    if vague:
        missing.append(f"no success criteria for {', '.join(vague)}")
    if structure.has(Section.ESCALATION) and structure.escalation.limit is None:
        missing.append("an escalation path without a time limit")
    return missing
