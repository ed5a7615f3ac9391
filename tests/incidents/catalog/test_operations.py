from __future__ import annotations

from datetime import timedelta

import pytest

from core.events import bus
from incidents.catalog import operations, queries, rules
from incidents.changes import operations as production
from tests import cast
from tests.incidents.clock import now


@pytest.mark.parametrize(
    ("edges", "circles"),
    [
        ({}, []),
        ({1: [2], 2: [3]}, []),
        ({1: [2], 2: [1]}, [[1, 2]]),
        ({1: [2], 2: [3], 3: [1]}, [[1, 2, 3]]),
        ({1: [2, 3], 2: [1], 3: [1]}, [[1, 2], [1, 3]]),
        ({1: [1]}, [[1]]),
        ({5: [7], 7: [5], 1: [5]}, [[5, 7]]),
    ],
)
def test_circles_are_found_once_each(edges: dict[int, list[int]], circles: list[list[int]]) -> None:
    assert rules.circles(edges) == circles


@pytest.mark.parametrize(
    ("rank", "state"),
    [
        (None, "operational"),
        (1, "major_outage"),
        (2, "partial_outage"),
        (3, "degraded_performance"),
        (7, "degraded_performance"),
    ],
)
def test_the_state_of_a_service_follows_the_worst_incident(rank: int | None, state: str) -> None:
    assert rules.state(rank) == state


def test_the_graph_stands_between_its_neighbours() -> None:
    drawn = rules.graph(
        "Payments API",
        "partial_outage",
        needed_by=[("Checkout", "degraded_performance"), ("Invoices", "operational")],
        needs=[("A ledger with a very long name", "operational")],
    )
    assert [node.name for node in drawn.nodes] == [
        "Payments API",
        "Checkout",
        "Invoices",
        "A ledger with a ver…",
    ]
    assert [edge.is_hot for edge in drawn.edges] == [True, False, False]
    assert drawn.words == (
        "Checkout, Invoices depend on Payments API. Payments API depends on A ledger with a very long name."
    )


@pytest.mark.django_db
def test_a_change_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(production.NotAKind):
        production.record_change(service=cast.service(), kind="party", summary="x")


@pytest.mark.django_db
def test_a_change_appears_in_the_open_incidents_of_its_service_once() -> None:
    api = cast.service("Payments API")
    incident, other = cast.incident(services=[api]), cast.incident()
    change = production.record_change(
        service=api, kind="deploy", summary="Roll back", version="v2.3.3", at=now() - timedelta(minutes=1)
    )
    while bus.deliver_due():
        pass
    from incidents.lifecycle import operations as lifecycle  # noqa: PLC0415

    lifecycle.note_change(change.pk)
    entries = incident.timeline.filter(kind="change")
    assert [entry.text for entry in entries] == ["Deploy v2.3.3 on Payments API: Roll back"]
    assert entries[0].at == change.at
    assert not other.timeline.filter(kind="change").exists()


@pytest.mark.django_db
def test_a_circle_is_allowed_and_shown() -> None:
    alice = cast.alice()
    api, ledger = cast.service("Payments API"), cast.service("Ledger DB")
    operations.change_service(api, changes={"depends_on": [ledger]})
    operations.change_service(ledger, changes={"depends_on": [api]})
    assert sorted(queries.page(alice, "ledger-db").circle) == ["Ledger DB", "Payments API"]
    assert queries.page(alice, "payments-api").circle
