"""What those read who do not repair: where it stands in a sentence, and the executive summary. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STANDS = {
    "triage": "It is reported, and somebody is about to take it.",
    "investigating": "The cause is being looked for.",
    "identified": "The cause is known, and the repair is under way.",
    "mitigating": "The pain is being taken away; the cause may follow later.",
    "monitoring": "It works again. It is watched until it has stayed so.",
    "resolved": "It is over: everything works again.",
    "closed": "It is over and closed.",
}
ENDED = {
    "false_alarm": "It was a false alarm.",
    "accepted_risk": "The business goes on with a known risk.",
    "duplicate": "It is the same as another incident. What comes next is said there.",
}


def stands(status: str, outcome: str) -> str:
    """Say in a sentence where an incident stands."""
    return ENDED.get(outcome) or STANDS[status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an executive summary is written from; "" and 0 for what nobody knows or said."""

    name: str
    title: str
    severity: str
    stands: str
    impact: str
    services: Sequence[str]
    began: str
    lasted: str
    is_over: bool
    reports: int
    business: str
    doing: str
    next_steps: str
    restored_by: str
    next_update: str
    ended_by: str
    commander: str
    decisions: Sequence[str]
    told_customers: str
    risk: str
    postmortem: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, a sentence or point each."""

    title: str
    lines: Sequence[str]


def summary(facts: Facts) -> list[Section]:
    """Write the summary for whoever has a minute: what it is, what it means, what is done, what comes next."""
    found = [
        Section("In short", _short(facts)),
        Section("What customers feel", _impact(facts)),
        Section("What it means for the business", [facts.business] if facts.business else []),
        Section("How it ended" if facts.is_over else "What is being done", _done(facts)),
        Section("Decisions", facts.decisions),
        Section("What comes next", _next(facts)),
    ]
    return [section for section in found if section.lines]


def _short(facts: Facts) -> list[str]:
    span = (
        f"It lasted {facts.lasted}, from {facts.began} on."
        if facts.is_over
        else f"It began {facts.began}, {facts.lasted} ago."
    )
    commands = f"{facts.commander} commands." if facts.commander and not facts.is_over else ""
    return [line for line in (f"{facts.title} ({facts.severity}).", facts.stands, span, commands) if line]


def _impact(facts: Facts) -> list[str]:
    services = f"Affected: {', '.join(facts.services)}." if facts.services else ""
    told = (
        f"Customers were last told {facts.told_customers}."
        if facts.told_customers
        else "Customers were not told publicly."
    )
    count = "customer" if facts.reports == 1 else "customers"
    reports = f"{facts.reports:,} {count} reported it by themselves." if facts.reports else ""
    return [line for line in (facts.impact or "Not written down yet.", services, reports, told) if line]


def _done(facts: Facts) -> list[str]:
    if facts.is_over:
        risk = f"Accepted risk: {facts.risk}" if facts.risk else ""
        return [line for line in (facts.ended_by, risk) if line]
    return [facts.doing] if facts.doing else []


def _next(facts: Facts) -> list[str]:
    if facts.is_over:
        return ["A postmortem is written, and what it asks for is followed up."] if facts.postmortem else []
    restored = f"Expected to work again by about {facts.restored_by}." if facts.restored_by else ""
    word = f"The next update comes by {facts.next_update}." if facts.next_update else ""
    return [line for line in (facts.next_steps, restored, word) if line]


def markdown(name: str, sections: Sequence[Section]) -> str:
    """Write the sections as Markdown, for a mail or a document."""
    parts = [f"# {name}: executive summary"]
    for section in sections:
        lines = section.lines if len(section.lines) == 1 else [f"- {line}" for line in section.lines]
        parts.append("\n".join([f"## {section.title}", "", *lines]))
    return "\n\n".join(parts) + "\n"
