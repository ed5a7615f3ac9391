"""Draw a service between those that need it and those it needs, two steps to each side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from incidents.catalog.rules.states import OPERATIONAL

WORDS = {
    "operational": "operational",
    "degraded_performance": "degraded",
    "partial_outage": "partial outage",
    "major_outage": "major outage",
    "under_maintenance": "maintenance",
}
CSS = {"degraded_performance": "n-deg", "partial_outage": "n-deg", "major_outage": "n-maj"}
MOST, HOPS = 8, 2
WIDEST = 900
ROW, SIDE_HEIGHT, SELF_HEIGHT, WIDTH, EDGE, LONGEST = 72, 48, 60, 160, 10, 20
PITCH, NARROW = 290, 220
"""From one column to the next: of three columns, and of more."""


@dataclass(frozen=True, slots=True)
class Box:
    """A service to draw: left of the middle (below 0) those that need it, right of it those it needs."""

    id: int
    name: str
    state: str
    column: int = 0


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

    @property
    def middle(self) -> int:
        """Where lines meet it."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the graph; hot where trouble is at one of its ends."""

    path: str
    is_hot: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The neighbourhood of a service, as drawn and in words."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    width: int
    height: int
    words: str

    @property
    def is_wide(self) -> bool:
        """Whether there are more columns than fit beside one another on most screens."""
        return self.width > WIDEST


def draw(own: Box, others: Sequence[Box], lines: Collection[tuple[int, int]]) -> Graph:
    """Draw a service with what is at most two steps away; `lines` go from who needs to what is needed.

    A column shows at most eight, those in trouble first, and says how many it leaves out.
    """
    near = [box for box in others if abs(box.column) <= HOPS]
    columns = {0: [own]} | {
        place: sorted(
            (box for box in near if box.column == place), key=lambda box: (box.state == OPERATIONAL, box.name)
        )
        for place in sorted({box.column for box in near})
    }
    left = min(columns) if max(columns) > 0 else min(-1, *columns)
    right = max(left + 2, *columns)
    pitch = PITCH if right - left <= HOPS else NARROW
    height = max(_rows(boxes) for boxes in columns.values()) * ROW + 20
    placed: dict[tuple[int, int], tuple[Box, Node]] = {}
    rests: list[Node] = []
    for place, boxes in columns.items():
        nodes, rest = _column(boxes, x=EDGE + (place - left) * pitch, height=height)
        placed |= {(place, box.id): (box, node) for box, node in zip(boxes, nodes, strict=False)}
        rests += rest
    edges = [
        _edge(*placed[place, needing], *placed[place + 1, needed])
        for place in range(left, right)
        for needing, needed in sorted(lines)
        if (place, needing) in placed and (place + 1, needed) in placed
    ]
    nodes = [node for _, node in placed.values()]
    width = (right - left) * pitch + WIDTH + 2 * EDGE
    return Graph([*nodes, *rests], edges, width, height, _in_words(own, others))


def _rows(boxes: Sequence[Box]) -> int:
    return min(len(boxes), MOST + 1)


def _column(boxes: Sequence[Box], *, x: int, height: int) -> tuple[list[Node], list[Node]]:
    rows = _rows(boxes)
    begin = (height - rows * ROW) // 2
    nodes = []
    for place, box in enumerate(boxes[:MOST]):
        tall = SIDE_HEIGHT if box.column else SELF_HEIGHT
        y = begin + place * ROW + (ROW - tall) // 2
        css = CSS.get(box.state, "") if box.column else "n-self"
        nodes.append(Node(_short(box.name), WORDS.get(box.state, box.state), css, x, y, height=tall))
    left_out = len(boxes) - MOST
    y = begin + MOST * ROW + (ROW - SIDE_HEIGHT) // 2
    rest = [Node(f"and {left_out} more", "listed below", "", x, y)] if left_out > 0 else []
    return nodes, rest


def _edge(box: Box, node: Node, other: Box, there: Node) -> Edge:
    x, to = node.x + node.width, there.x
    y, end = node.middle, there.middle
    half = (x + to) // 2
    path = f"M{x} {y}H{to}" if y == end else f"M{x} {y}C{half} {y} {half} {end} {to} {end}"
    return Edge(path, is_hot=OPERATIONAL not in (box.state, other.state))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def _in_words(own: Box, others: Sequence[Box]) -> str:
    above, below, further_above, further_below = (
        [box.name for box in others if box.column in columns]
        for columns in ((-1,), (1,), range(-1000, -1), range(2, 1000))
    )
    parts = [
        f"{', '.join(above)} depend{'s' if len(above) == 1 else ''} on {own.name}."
        if above
        else f"Nothing known depends on {own.name}.",
        f"{own.name} depends on {', '.join(below)}." if below else f"{own.name} depends on nothing known.",
    ]
    if further_above:
        parts.append(f"Through them also {', '.join(further_above)}.")
    if further_below:
        parts.append(f"Further down: {', '.join(further_below)}.")
    return " ".join(parts)
