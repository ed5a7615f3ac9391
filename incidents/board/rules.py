"""What the words of a title have in common with what is known already: pure, without a dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST = 3
STEM = 5
"""So many letters make two forms of a word one: “payment” and “payments”, “fails” and “failing” do not differ."""

LIKELY = 0.5
_IDLE = """
about after all and any are but can down error errors every fail fails failing for from has have into is its issue
issues no not now off one our out people problem problems slow some that the their them there they this users with
"""
IDLE = frozenset(re.findall(r"\w+", _IDLE))
"""Words of most titles: two incidents are not alike because both are slow."""


def stems(text: str) -> frozenset[str]:
    """Give the beginnings of the words that say what a text is about; `Checkout fails` gives {check}."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(word[:STEM] for word in words if len(word) >= SHORTEST and word not in IDLE)


def likeness(wanted: frozenset[str], text: str, *, shares_service: bool) -> float:
    """Give how alike a title that is typed and something known are, from 0 up; from `LIKELY` on it is shown."""
    common = len(wanted & stems(text)) / max(1, min(len(wanted), 3))
    return common + (LIKELY if shares_service else 0)


def mentions(wanted: frozenset[str], *texts: str) -> int:
    """Count the words of a title that stand in one of these texts."""
    return len(wanted & frozenset(stem for text in texts for stem in stems(text)))


def phrases(wanted: Iterable[str], *, most: int = 6) -> list[str]:
    """Give what to search for, the longest first: few, as each is a condition."""
    return sorted(set(wanted), key=lambda stem: (-len(stem), stem))[:most]
