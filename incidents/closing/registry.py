"""What the product knows of a criterion. Spokes register what only they can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from incidents.lifecycle.models import Incident


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known: half a sentence, whether it is as it should be, and whether it contradicts the criterion."""

    words: str
    is_good: bool
    contradicts: bool = False


Find = Callable[["Incident"], "Finding | None"]

_finds: dict[str, Find] = {}


def add_finding(known_by: str, find: Find) -> None:
    """Name what finds something out about criteria of this kind, in `AppConfig.ready()`."""
    _finds[known_by] = find


def finding(known_by: str, incident: Incident) -> Finding | None:
    """Give what is known; None where nothing is."""
    return _finds[known_by](incident) if known_by in _finds else None
