"""What can be found. Each app registers its kinds of things in `AppConfig.ready()`; core imports none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.search.rules import Query

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: its name, what else is known of it, where its words stand, and its page."""

    title: str
    url: str
    facts: str = ""
    excerpt: str = ""
    at: datetime | None = None


Find = Callable[["User", Query, int], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of thing. `find(user, query, most)` gives at most so many that the user may know of, the best first.

    It is asked only for queries whose operators it knows. What a source `does` stands above what is found: its hits
    name what happens on the page that they lead to.
    """

    kind: str
    label: str
    icon: str
    order: int
    find: Find
    operators: frozenset[str] = frozenset()
    does: bool = False


_sources: dict[str, Source] = {}


def add(source: Source) -> None:
    """Let people find a kind of thing; the same kind again replaces it."""
    _sources[source.kind] = source


def sources() -> list[Source]:
    """Give what can be found, in the order it is shown."""
    return sorted(_sources.values(), key=lambda source: (not source.does, source.order))
