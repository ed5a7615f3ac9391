"""What an update says by itself: templates, and the words for "no news"."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDERS = (
    "title",
    "severity",
    "services",
    "started",
    "status",
    "impact",
    "hypothesis",
    "next_decision",
    "recent_changes",
    "commander",
    "next_update",
    "restored_by",
    "duration",
    "link",
)
PUBLIC = ("impact", "started", "status", "next_update", "restored_by", "duration")
"""What may stand in a public text by itself. Everything else is internal until a person writes it."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_UNKNOWN = "not known yet"
_EMPTY_IMPACT = "Some of our customers are affected."


def fill(text: str, facts: Mapping[str, str], *, public: bool) -> str:
    """Put facts into the placeholders of a template; what is unknown says so, what is internal stays out."""
    allowed = PUBLIC if public else PLACEHOLDERS

    def put(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in allowed:
            return "" if name in PLACEHOLDERS else found.group(0)
        if public and name == "impact":
            return sentence(facts.get(name, "")) or _EMPTY_IMPACT
        return facts.get(name, "") or _UNKNOWN

    return _PLACEHOLDER.sub(put, text).strip()


EXAMPLE = {
    "title": "Card payments fail",
    "severity": "SEV1 Critical",
    "services": "Checkout",
    "started": "14:02 UTC",
    "status": "investigating",
    "impact": "About 3 in 10 card payments fail",
    "hypothesis": "a change of 13:55",
    "next_decision": "whether to roll it back",
    "recent_changes": "checkout 2.3.4 at 13:55",
    "commander": "Sam",
    "next_update": "14:30 UTC",
    "restored_by": "15:00 UTC",
    "duration": "28 min",
    "link": "https://watchbill.example.com/incidents/INC-12/",
}
"""What stands in the placeholders where a template is shown without an incident."""


def sentence(text: str) -> str:
    """Give a text with a full stop at its end, where it has no mark of its own."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."


def unknown_placeholders(text: str, *, public: bool) -> list[str]:
    """Name the placeholders of a template that will not be filled for this audience."""
    allowed = PUBLIC if public else PLACEHOLDERS
    return [name for name in _PLACEHOLDER.findall(text) if name not in allowed]


def in_words(seconds: int) -> str:
    """Write a span as people say it: 45 seconds, 15 minutes, 2 hours, 90 minutes, 3 days."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"


def no_news(seconds: int | None, *, public: bool) -> str:
    """Write that there is nothing new, and when the next word comes (R098)."""
    begin = (
        "We are still working on this and have nothing new to report."
        if public
        else "Still investigating, no new information."
    )
    return f"{begin} Next update in {in_words(seconds)}." if seconds else begin
