"""What a service's state is called, and which dependencies go in a circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OPERATIONAL = "operational"
BY_RANK = {1: "major_outage", 2: "partial_outage"}


def state(worst_rank: int | None) -> str:
    """Name a service's state after the worst open incident on it; rank 1 is the worst, None is none."""
    if worst_rank is None:
        return OPERATIONAL
    return BY_RANK.get(worst_rank, "degraded_performance")


def circles(depends_on: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Give each circle of services that depend on one another once, beginning with its smallest id."""
    found: set[tuple[int, ...]] = set()
    for start in sorted(depends_on):
        _walk(start, [start], depends_on, found)
    return [list(circle) for circle in sorted(found)]


def _walk(
    here: int, path: list[int], depends_on: Mapping[int, Sequence[int]], found: set[tuple[int, ...]]
) -> None:
    for there in depends_on.get(here, ()):
        if there == path[0]:
            found.add(tuple(path))
        elif there > path[0] and there not in path:  # a circle is found from its smallest id
            _walk(there, [*path, there], depends_on, found)


WORDS = {
    "operational": "operational",
    "degraded_performance": "degraded",
    "partial_outage": "partial outage",
    "major_outage": "major outage",
    "under_maintenance": "maintenance",
}
CSS = {"degraded_performance": "n-deg", "partial_outage": "n-deg", "major_outage": "n-maj"}
ROW, TOP, SIDE_HEIGHT, SELF_HEIGHT, WIDTH, LONGEST = 72, 22, 48, 60, 160, 20


@dataclass(frozen=True, slots=True)
class Node:
    """A box of the graph."""

    name: str
    state: str
    css: str
    x: int
    y: int
    width: int = WIDTH
    height: int = SIDE_HEIGHT

    @property
    def text_x(self) -> int:
        """Where its words begin."""
        return self.x + 14

    @property
    def name_y(self) -> int:
        """Where its name stands."""
        return self.y + self.height // 2 - 3

    @property
    def state_y(self) -> int:
        """Where its state stands."""
        return self.y + self.height // 2 + 14


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the graph; hot where trouble is at one of its ends."""

    path: str
    is_hot: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A service between those that need it (left) and those it needs (right), as drawn and in words."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    height: int
    words: str


def graph(
    name: str, state: str, *, needed_by: Sequence[tuple[str, str]], needs: Sequence[tuple[str, str]]
) -> Graph:
    """Draw a service with its neighbours, each given as name and state, at most eight a side."""
    left, right = list(needed_by)[:8], list(needs)[:8]
    rows = max(len(left), len(right), 1)
    height = rows * ROW + 20
    middle = (height - SELF_HEIGHT) // 2
    own = Node(_short(name), WORDS.get(state, state), "n-self", 300, middle, height=SELF_HEIGHT)
    left_nodes = _column(left, x=10, height=height)
    right_nodes = _column(right, x=590, height=height)
    centre = middle + SELF_HEIGHT // 2
    edges = [
        _edge(170, node, 300, centre, state, node_state)
        for node, (_, node_state) in zip(left_nodes, left, strict=True)
    ]
    edges += [
        _edge(590, node, 460, centre, state, node_state)
        for node, (_, node_state) in zip(right_nodes, right, strict=True)
    ]
    return Graph([own, *left_nodes, *right_nodes], edges, height, _in_words(name, needed_by, needs))


def _column(rows: Sequence[tuple[str, str]], *, x: int, height: int) -> list[Node]:
    begin = (height - len(rows) * ROW) // 2 + (ROW - SIDE_HEIGHT) // 2
    return [
        Node(_short(name), WORDS.get(state, state), CSS.get(state, ""), x, begin + place * ROW)
        for place, (name, state) in enumerate(rows)
    ]


def _edge(x: int, node: Node, to: int, centre: int, own_state: str, node_state: str) -> Edge:
    y = node.y + node.height // 2
    half = (x + to) // 2
    path = f"M{x} {y}H{to}" if y == centre else f"M{x} {y}C{half} {y} {half} {centre} {to} {centre}"
    return Edge(path, OPERATIONAL not in (own_state, node_state))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def _in_words(name: str, needed_by: Sequence[tuple[str, str]], needs: Sequence[tuple[str, str]]) -> str:
    above, below = ", ".join(row for row, _ in needed_by), ", ".join(row for row, _ in needs)
    parts = [
        f"Nothing known depends on {name}."
        if not above
        else f"{above} depend{'s' if len(needed_by) == 1 else ''} on {name}."
    ]
    parts.append(f"{name} depends on nothing known." if not below else f"{name} depends on {below}.")
    return " ".join(parts)
