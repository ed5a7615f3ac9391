"""For which alerts a runbook is: by name, or by labels. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NAME = "alertname"

Matcher = Mapping[str, str]


def read_matchers(text: str) -> list[dict[str, str]]:
    """Read `HighLatency; team=api, alertname=Slow`: one alert by its name, and those with both labels.

    A new line separates as a semicolon does.
    """
    found = []
    for part in text.replace("\n", ";").split(";"):
        pairs = [piece.strip() for piece in part.split(",") if piece.strip()]
        if pairs:
            found.append(dict(_pair(piece) for piece in pairs))
    return found


def _pair(piece: str) -> tuple[str, str]:
    label, equals, value = piece.partition("=")
    return (label.strip(), value.strip()) if equals and label.strip() else (NAME, piece)


def matchers_in_words(wanted: Sequence[Matcher], *, between: str = "; ") -> str:
    """Write them as they are read."""
    return between.join(", ".join(_word(label, value) for label, value in one.items()) for one in wanted)


def _word(label: str, value: str) -> str:
    return value if label == NAME and "=" not in value else f"{label}={value}"


def matches(wanted: Sequence[Matcher], *, title: str, labels: Mapping[str, object]) -> bool:
    """Say whether one of them means this alert; one without a label `alertname` is called by its title."""
    known = {NAME: title, **{label: str(value) for label, value in labels.items()}}
    return any(one and all(known.get(label) == value for label, value in one.items()) for one in wanted)
