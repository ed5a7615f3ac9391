from __future__ import annotations

from datetime import timedelta

import pytest

from core.events import bus
from incidents.catalog import rules
from incidents.changes import operations as production
from tests import cast
from tests.incidents.clock import now


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
