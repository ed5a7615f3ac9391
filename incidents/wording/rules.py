"""How an update is worded: the fields it can be written in, and what to look at twice before it goes out.

Hints never hold anything up: whoever writes knows more than these rules do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Layout(StrEnum):
    """The fields in which an update is written."""

    IMPACT = "impact"
    SBAR = "sbar"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a layout: its name, the words before it in the text, and what helps to write it."""

    name: str
    label: str
    help: str
    needed: bool = False
    inside: bool = False
    """Only for those who repair it: the calm views leave it out."""


PARTS: dict[Layout, tuple[Part, ...]] = {
    Layout.IMPACT: (
        Part(
            "impact", "Impact", "What people experience, how many, since when. What still works.", needed=True
        ),
        Part("doing", "What is being done", "Where the repair stands."),
        Part("next_steps", "Next steps", "What comes next, and what it depends on."),
        Part("business", "What it means for the business", "Money, promises to customers, deadlines."),
        Part(
            "detail", "Technical detail", "For those who repair it. Left out where others read.", inside=True
        ),
    ),
    Layout.SBAR: (
        Part("situation", "Situation", "What is happening now, and to whom.", needed=True),
        Part("background", "Background", "What led up to it."),
        Part("assessment", "Assessment", "What we think it is."),
        Part("recommendation", "Recommendation", "What should be done, by whom."),
    ),
    Layout.PLAIN: (),
}
NAMES = {Layout.IMPACT: "Impact first", Layout.SBAR: "SBAR", Layout.PLAIN: "Free text"}
LONGEST_FIELD = 4000


def compose(layout: Layout, fields: Mapping[str, str]) -> str:
    """Write the fields of a layout as one text, each with its name before it; empty ones are left out."""
    return _lines(layout, fields, with_inside=True)


def calm(layout: str, fields: Mapping[str, str], text: str) -> str:
    """Give what those read who do not repair: without what is for the inside alone."""
    known = Layout(layout) if layout in set(Layout) else Layout.PLAIN
    return _lines(known, fields, with_inside=False) if PARTS[known] and fields else text


def _lines(layout: Layout, fields: Mapping[str, str], *, with_inside: bool) -> str:
    return "\n".join(
        f"{part.label}: {value}"
        for part in PARTS[layout]
        if (value := fields.get(part.name, "").strip()) and (with_inside or not part.inside)
    )


def missing(layout: Layout, fields: Mapping[str, str]) -> list[str]:
    """Name the fields without which a layout says nothing."""
    return [part.name for part in PARTS[layout] if part.needed and not fields.get(part.name, "").strip()]


_PUBLIC_CHECKS = (
    (
        re.compile(r"\b(root cause|caused by|human error|mistake)\b", re.IGNORECASE),
        "Says why it broke. Customers need what still works and when you write again.",
    ),
    (
        re.compile(r"\b(resolved|fixed)\b", re.IGNORECASE),
        "Says it is over. Watch it first, and choose the stage Resolved when it is.",
    ),
)
_VAGUE = re.compile(r"\b(soon|shortly|asap|any minute)\b", re.IGNORECASE)
_PROMISE = re.compile(
    r"\b(?:fixed|restored|resolved|back|working|repaired|recovered|done|over)\b[^.!?\n]{0,40}?"
    r"\b(?:by|in|within|until|at)\s+(?:about\s+|around\s+)?"
    r"(?:\d[\d:.]*(?: ?(?:min\w*|hours?|h|am|pm|UTC))?|an? (?:hour|minute)|half an hour|noon|midnight|tomorrow|tonight)",
    re.IGNORECASE,
)
_BLAME = re.compile(
    r"\b(?:human error|operator error|his fault|her fault|their fault|to blame|blames?|careless(?:ly|ness)?"
    r"|incompeten\w+|negligen\w+|stupid\w*|screwed up|messed up|forgot to|should have known)\b",
    re.IGNORECASE,
)
_JARGON = re.compile(
    r"\b(?:p9[059]|p99\.9|5xx|4xx|50[0-4]s?|k8s|kubernetes|kubectl|pods?|oom(?:kill(?:ed)?)?|nxdomain|tls|mtls|bgp|dns"
    r"|wal|replica(?:tion)? lag|failover|shards?|quorum|split[- ]brain|garbage collection|heap|stack ?trace"
    r"|segfault|deadlocks?|mutex|rollback|canary|sidecar|ingress|load balancer|connection pool|latency|throughput"
    r"|idempoten\w+|race condition|null pointer|exception)\b",
    re.IGNORECASE,
)
_TECHNICAL = re.compile(
    r"^\W*(the |our |a )?"
    r"(db|database|pod|node|cluster|kubernetes|redis|postgres|deploy|rollback|pool|cpu|memory|queue|index)\b",
    re.IGNORECASE,
)
LONGEST = {"public": 90, "internal": 200}
"""Words after which an update is read by nobody to its end."""


def starts_with_impact(text: str) -> bool:
    """Say whether a text begins with what people experience and not with a part of the system (R099)."""
    return bool(text.strip()) and _TECHNICAL.search(text) is None


def hints(text: str, *, audience: str, status: str, names: tuple[str, ...] = ()) -> list[str]:
    """Give what to look at twice before an update goes out: length, jargon, blame, promises; it may go out all the same.

    What customers read is looked at more closely than what is read inside.
    """
    if not text.strip():
        return []
    found = _first_look(text, public=audience == "public", status=status)
    if _VAGUE.search(text):
        found.append("Promises without a time. Say when you write again instead.")
    if promised := _PROMISE.search(text):
        found.append(f"Promises a time for the repair (“{promised[0]}”). Promise the next update instead.")
    if blamed := _BLAME.search(text):
        found.append(f"Gives blame (“{blamed[0]}”). Say what happened, not who did it.")
    length = len(text.split())
    if length > LONGEST[audience]:
        found.append(f"Has {length} words. After {LONGEST[audience]} few read on.")
    return found + (_outside(text, names) if audience == "public" else [])


def _first_look(text: str, *, public: bool, status: str) -> list[str]:
    see = "customers see" if public else "people experience"
    found = [] if starts_with_impact(text) else [f"Begins with the system. Begin with what {see}."]
    for pattern, words in _PUBLIC_CHECKS if public else ():
        if pattern.search(text) and not (status == "resolved" and "over" in words):
            found.append(words)
    return found


def _outside(text: str, names: tuple[str, ...]) -> list[str]:
    jargon = list(dict.fromkeys(word[0].lower() for word in _JARGON.finditer(text)))
    found = [f"Uses words that customers may not know: {', '.join(jargon[:5])}."] if jargon else []
    return found + [f"Names {name}." for name in names if re.search(rf"\b{re.escape(name)}\b", text)]
