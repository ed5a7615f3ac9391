"""What the apps know of a person that closing their account changes. Apps register theirs in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.accounts.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """One thing that is otherwise once somebody has left: in a sentence, and its page. A gap has to be accepted."""

    text: str
    path: str
    is_gap: bool = False


Look = Callable[["User"], list[Consequence]]

_looks: list[Look] = []


def add_consequences(look: Look) -> None:
    """Let an app say what closing an account changes."""
    _looks.append(look)


def consequences(user: User) -> list[Consequence]:
    """Give what closing this account changes, gaps first."""
    found = [each for look in _looks for each in look(user)]
    return sorted(found, key=lambda each: not each.is_gap)
