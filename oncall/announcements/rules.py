"""What a channel's topic says of who is on call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

LONGEST_NAMES = 120


def key(schedule: str) -> str:
    """What our part of a topic begins with: the name of the schedule, without what parts it from the rest."""
    return f"{_one_line(schedule)} on call:"


def words(
    schedule: str, people: Sequence[str], until: datetime | None, behind: Sequence[str], zone: tzinfo
) -> list[str]:
    """Our part, and shorter forms of it for where there is less room.

    The date stands there at any distance, so that it changes when the hand-off does and not as the day comes nearer.
    """
    short = f"{key(schedule)} {_names(people)}"
    end = f"{until.astimezone(zone):%a %d %b %H:%M %Z}" if until else ""
    middle = f"{short} (until {end})" if end else short
    longest = f"{middle} · behind: {_names(behind)}" if behind else middle
    return list(dict.fromkeys([longest, middle, short]))


def _names(people: Sequence[str]) -> str:
    said = ", ".join(map(_one_line, people)) or "nobody"
    return said if len(said) <= LONGEST_NAMES else f"{said[: LONGEST_NAMES - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
