"""How far trouble goes along dependencies. Each service is looked at once, so circles and dense graphs do no harm."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Hop:
    """A service that is reached: in how many steps, and from which one it is reached."""

    id: int
    distance: int
    via: int


def reach(starts: Collection[int], edges: Mapping[int, Sequence[int]]) -> list[Hop]:
    """Give all that is reached from these, the nearest first, each once and by the shortest way."""
    seen = set(starts)
    waiting = deque((start, 0) for start in sorted(seen))
    found: list[Hop] = []
    while waiting:
        here, distance = waiting.popleft()
        for there in edges.get(here, ()):
            if there not in seen:
                seen.add(there)
                found.append(Hop(there, distance + 1, here))
                waiting.append((there, distance + 1))
    return found


def circle(
    start: int, needs: Mapping[int, Sequence[int]], needed_by: Mapping[int, Sequence[int]]
) -> set[int]:
    """Give the services that depend on one another with this one, itself among them; empty when there is none."""
    below, above = ({hop.id for hop in reach([start], edges)} for edges in (needs, needed_by))
    around = below & above
    return around | {start} if around or start in needs.get(start, ()) else set()
