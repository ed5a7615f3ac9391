"""How far trouble goes: walked, drawn and said."""

from __future__ import annotations

import pytest

from incidents.catalog.rules import Box, Hop, circle, draw, reach


def turned(edges: dict[int, list[int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for here, others in edges.items():
        for there in others:
            found.setdefault(there, []).append(here)
    return found


def test_all_that_is_reached_is_named_once_and_by_the_shortest_way() -> None:
    edges = {1: [2, 3], 2: [4], 3: [4, 5], 4: [6], 5: [1]}
    assert reach([1], edges) == [Hop(2, 1, 1), Hop(3, 1, 1), Hop(4, 2, 2), Hop(5, 2, 3), Hop(6, 3, 4)]


def test_from_several_services_none_of_them_is_reached() -> None:
    assert reach([1, 2], {1: [2, 3], 2: [3], 3: [1]}) == [Hop(3, 1, 1)]


@pytest.mark.parametrize(
    ("edges", "start", "around"),
    [
        ({}, 1, set()),
        ({1: [2], 2: [3]}, 1, set()),
        ({1: [2], 2: [1]}, 2, {1, 2}),
        ({1: [2], 2: [3], 3: [1]}, 2, {1, 2, 3}),
        ({1: [2, 3], 2: [1], 3: [1]}, 3, {1, 2, 3}),
        ({1: [1]}, 1, {1}),
        ({5: [7], 7: [5], 1: [5]}, 1, set()),
    ],
)
def test_a_circle_is_all_that_need_one_another(
    edges: dict[int, list[int]], start: int, around: set[int]
) -> None:
    assert circle(start, edges, turned(edges)) == around


def test_a_dense_graph_is_walked_edge_by_edge() -> None:
    looked_at = 0

    class Counted(dict[int, list[int]]):
        def get(self, key: int, default: object = None) -> list[int]:
            nonlocal looked_at
            looked_at += 1
            return self[key]

    edges = Counted({here: [there for there in range(200) if there != here] for here in range(200)})
    assert len(circle(0, edges, edges)) == 200
    assert looked_at == 400


def test_the_graph_stands_between_its_neighbours() -> None:
    drawn = draw(
        Box(1, "Payments API", "partial_outage"),
        [
            Box(2, "Checkout", "degraded_performance", -1),
            Box(3, "Invoices", "operational", -1),
            Box(4, "A ledger with a very long name", "operational", 1),
        ],
        {(2, 1), (3, 1), (1, 4)},
    )
    assert [node.name for node in drawn.nodes] == [
        "Payments API",
        "Checkout",
        "Invoices",
        "A ledger with a ver…",
    ]
    assert [edge.is_hot for edge in drawn.edges] == [True, False, False]
    assert (drawn.width, drawn.is_wide) == (760, False)
    assert drawn.words == (
        "Checkout, Invoices depend on Payments API. Payments API depends on A ledger with a very long name."
    )


def test_two_steps_are_drawn_and_what_is_further_is_said() -> None:
    drawn = draw(
        Box(1, "Ledger", "operational"),
        [
            Box(2, "API", "operational", -1),
            Box(3, "Checkout", "operational", -2),
            Box(4, "Shop", "operational", -3),
        ],
        {(2, 1), (3, 2), (4, 3), (3, 1)},
    )
    assert [(node.name, node.x) for node in drawn.nodes] == [("Ledger", 590), ("Checkout", 10), ("API", 300)]
    assert [edge.path[:4] for edge in drawn.edges] == ["M170", "M460"]
    wide = draw(Box(1, "Ledger", "operational"), [Box(n, "S", "operational", n) for n in (-2, -1, 1, 2)], [])
    assert (drawn.width, drawn.is_wide, wide.width, wide.is_wide) == (760, False, 1060, True)
    assert drawn.words == (
        "API depends on Ledger. Ledger depends on nothing known. Through them also Checkout, Shop."
    )


def test_a_full_column_says_how_many_it_leaves_out_and_keeps_those_in_trouble() -> None:
    others = [Box(n, f"S{n:02}", "operational", -1) for n in range(2, 12)]
    others.append(Box(12, "Sick", "major_outage", -1))
    drawn = draw(Box(1, "Ledger", "operational"), others, {(n, 1) for n in range(2, 13)})
    names = [node.name for node in drawn.nodes]
    assert names == ["Ledger", "Sick", "S02", "S03", "S04", "S05", "S06", "S07", "S08", "and 3 more"]
    assert len(drawn.edges) == 8
    assert drawn.height == 9 * 72 + 20
