"""What each kind of source sends, and the alerts that stand for signals that could not be taken in whole."""

from __future__ import annotations

from collections.abc import Callable

from oncall.alerts.parsers import alertmanager, generic, pagerduty, values
from oncall.alerts.rules import Action, Parsed

OVERSIZED = "oversized"
CHANGE = "pagerduty_change"

_PARSERS: dict[str, Callable[..., list[Parsed]]] = {
    "alertmanager": alertmanager.parse,
    "canary": generic.parse,
    "generic": generic.parse,
    "pagerduty": pagerduty.parse,
}

KINDS = tuple(_PARSERS)
"""The kinds of sources whose alerts are understood."""


def parse(kind: str, body: bytes, *, source: str, given_key: str = "") -> list[Parsed]:
    """The alerts of one signal of the source named `source`; raises Unreadable."""
    if kind == OVERSIZED:
        return [too_large(source)]
    return _PARSERS[kind](body, given_key=given_key)


def too_large(source: str) -> Parsed:
    """The alert that stands for signals over the limit of 1 MB."""
    return Parsed(
        action=Action.TRIGGER,
        dedup_key="watchbill:too-large",
        title=values.one_line(f"A signal from {source} was too large to read"),
        description="It was over 1 MB and answered with 413. What it said is not known: look at the source.",
    )


def not_understood(source: str, body: bytes, why: str) -> Parsed:
    """The alert that stands for a signal nobody could make sense of, showing the beginning of its body."""
    return Parsed(
        action=Action.TRIGGER,
        dedup_key="watchbill:not-understood",
        title=values.one_line(f"A signal from {source} could not be understood"),
        description=values.cut(f"{why}\n\nIt begins with:\n{body[:2000].decode('utf-8', 'replace')}", 4000),
    )
