"""The past of a service, who knows it, and who owns it and is on call in one look (R199, R203)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from incidents.catalog import operations as catalog
from incidents.lifecycle import operations as lifecycle
from incidents.models import Incident
from incidents.past import queries
from oncall.routing import operations as routing
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from incidents.models import Service

pytestmark = pytest.mark.django_db


def failed(service: Service, *, days_ago: float, **kwargs: Any) -> Incident:
    incident = cast.incident(services=[service], **kwargs)
    at = now() - timedelta(days=days_ago)
    Incident.objects.filter(pk=incident.pk).update(
        declared_at=at, started_at=at, resolved_at=at, status="resolved"
    )
    return incident


def test_the_time_between_failures_counts_neither_practice_nor_what_is_private() -> None:
    service, alice = cast.service(), cast.alice()
    for days in (50, 30, 20):
        failed(service, days_ago=days, by=alice)
    failed(service, days_ago=25, by=alice, drill=True)
    failed(service, days_ago=26, by=alice, private=True)
    failed(service, days_ago=400, by=alice)
    failed(cast.service("Search"), days_ago=21, by=alice)
    found = queries.past(alice, service)
    assert found.between.failures == 3
    assert round((found.between.mean_seconds or 0) / 86_400) == 15
    assert [row.severity.slug for row in found.latest] == ["sev2"] * 3
    assert sum(state == "partial_outage" for state in found.states) == 3
    assert len(found.states) == 90


def test_the_page_says_it_in_words(client: Client) -> None:
    service, alice = cast.service(), cast.alice()
    failed(service, days_ago=30, by=alice)
    client.force_login(alice)
    assert "there is no time between failures yet" in _panel(client)
    failed(service, days_ago=20, by=alice)
    panel = _panel(client)
    assert "An incident was open on 2 of 90 days" in panel
    assert "half of them came within <b>10 d" in panel
    assert "(2 failures)" in panel


def _panel(client: Client) -> str:
    return client.get("/services/payments-api/-/incidents/").content.decode()


def test_who_took_part_most_often_is_suggested_after_who_is_named(client: Client) -> None:
    service = cast.service()
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    first, second = (failed(service, days_ago=days, by=alice) for days in (3, 4))
    lifecycle.join(first, user=bob)
    secret = failed(service, days_ago=2, by=carol, private=True)
    catalog.change_service(service, changes={"experts": [bob]})
    rows = [(row.user, row.is_named, row.incidents) for row in queries.experts(service)]
    assert rows == [(bob, True, 1), (alice, False, 2)]
    client.force_login(cast.vera())
    panel = client.get("/services/payments-api/-/experts/").content.decode()
    assert "named for it, took part in 1 incident of it" in panel
    assert "took part in 2 incidents of it" in panel
    assert (carol.name in panel, str(secret) in panel) == (False, False)
    assert second.participants.filter(user=alice).exists()


def test_programs_read_the_same() -> None:
    service, alice = cast.service(), cast.alice()
    failed(service, days_ago=30, by=alice)
    failed(service, days_ago=20, by=alice)
    caller = cast.caller(alice)
    found = caller.get("/api/v1/services/payments-api/past/").json()
    assert (found["failures"], round(found["mean_seconds_between"])) == (2, 864_000)
    assert [row["severity"] for row in found["latest"]] == ["sev2", "sev2"]
    manager = cast.caller(cast.mona())
    body = {"experts": [str(alice.pk)]}
    changed = manager.patch("/api/v1/services/payments-api/", body, format="json").json()
    assert changed["experts"] == [str(alice.pk)]
    assert caller.get("/api/v1/services/payments-api/experts/").json() == [
        {"user": str(alice.pk), "name": "Alice Example", "is_named": True, "incidents": 2}
    ]


def test_who_is_named_is_suggested_before_it_is_declared(client: Client) -> None:
    service, bob = cast.service(), cast.bob()
    catalog.change_service(service, changes={"experts": [bob]})
    client.force_login(cast.alice())
    form = {"title": "Slow", "services": [service.pk]}
    page = client.post("/incidents/declare/-/consequences/", form).content.decode()
    assert "<b>Bob Example</b> knows Payments API, which team Payments owns" in page
    asked = cast.caller(bob).post("/api/v1/incidents/outlook/", {"services": ["payments-api"]}, format="json")
    assert asked.json()["experts"] == [
        {"service": "payments-api", "team": "payments", "people": ["Bob Example"]}
    ]


def test_owner_and_who_is_on_call_now_and_next_stand_in_one_look(client: Client) -> None:
    service, bob, carol = cast.service(), cast.bob(), cast.carol()
    schedule = cast.weekly(bob, carol)
    policy = cast.policy((300, [schedule]))
    routing.set_service_policy(service, policy=policy)
    client.force_login(cast.vera())
    head = client.get("/services/payments-api/").content.decode()
    assert 'Owner <a class="link" href="/teams/payments/">Payments</a>' in head
    assert "Covered day and night" in head
    assert "On call <b>" in head
    assert ", then " in head
    assert {f"<b>{person}</b>" in head for person in (bob, carol)} == {True, False}
    listed = client.get("/services/").content.decode()
    assert "nobody on call" not in listed


def test_nobody_on_call_is_said(client: Client) -> None:
    cast.service()
    client.force_login(cast.vera())
    assert "Nobody is on call" in client.get("/services/payments-api/").content.decode()
    assert "nobody on call" in client.get("/services/").content.decode()


def test_a_page_costs_no_more_for_a_long_past(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    service, alice = cast.service(), cast.alice()
    for days in range(12):
        failed(service, days_ago=days, by=alice)
    client.force_login(alice)
    for path in ("", "-/incidents/", "-/experts/"):
        client.get(f"/services/payments-api/{path}")
        with django_assert_max_num_queries(20):
            client.get(f"/services/payments-api/{path}")
