"""Services that have incidents again and again and nothing that says what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from incidents.lifecycle import operations as lifecycle
from incidents.models import Incident
from incidents.runbooks import queries
from tests import cast
from tests.incidents.runbooks.test_shelf import written

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_service_with_two_incidents_and_no_runbook_is_listed(client: Client) -> None:
    alice = cast.alice()
    search, ledger, auth = cast.service("Search"), cast.service("Ledger"), cast.service("Auth")
    for title in ("One", "Two"):
        cast.incident(title, by=alice, services=[search, ledger])
    cast.incident("Once", by=alice, services=[auth])
    cast.incident("Practice", by=alice, services=[auth], drill=True)
    written(alice, services=[ledger])
    found = [(row.service.slug, row.incidents) for row in queries.recurring(alice)]
    assert found == [("search", 2)]
    page = cast.sign_in(client, alice).get("/runbooks/?show=missing").content.decode()
    assert "2 incidents in 90 days" in page
    assert f'href="/runbooks/-/new/?service={search.pk}"' in page
    rows = cast.caller(alice).get("/api/v1/runbooks/missing/").json()
    assert [(row["service"], row["incidents"]) for row in rows] == [("search", 2)]
    Incident.objects.update(declared_at=F("declared_at") - timedelta(days=91))
    assert queries.recurring(alice) == []


def test_private_incidents_count_for_their_members_alone() -> None:
    alice, search = cast.alice(), cast.service("Search")
    for title in ("One", "Two"):
        lifecycle.set_private(cast.incident(title, by=alice, services=[search]), private=True, actor=alice)
    assert [row.incidents for row in queries.recurring(alice)] == [2]
    assert queries.recurring(cast.mallory()) == []


def test_the_page_of_an_alert_shows_what_is_for_it(client: Client) -> None:
    alice, service = cast.alice(), cast.service()
    written(alice, alerts=[{"alertname": "Slow"}])
    written(alice, name="Of the service", services=[service])
    written(alice, name="Another")
    alert = cast.alert("Queries wait", of=service, labels={"alertname": "Slow"})
    page = cast.sign_in(client, alice).get(f"/alerts/{alert.pk}/").content.decode()
    assert (
        'href="/runbooks/api-latency/">API latency</a>, <a class="link" href="/runbooks/of-the-service/"'
        in page
    )
    assert "Another" not in page
