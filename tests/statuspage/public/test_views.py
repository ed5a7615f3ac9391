from __future__ import annotations

import json
from typing import TYPE_CHECKING

import feedparser
import pytest
from django.db import OperationalError, connection
from django.test import Client

from core.events import bus
from incidents.updates import operations as updates
from statuspage.components import operations as components
from statuspage.models import Component, Notice, StatusPage
from tests import cast

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db
SECRET = "ledger-db-17 pool exhausted"
PATHS = (
    "/status/alder-pay/",
    "/status/alder-pay/history/",
    "/status/alder-pay/api/v2/summary.json",
    "/status/alder-pay/api/v2/status.json",
    "/status/alder-pay/api/v2/components.json",
    "/status/alder-pay/api/v2/incidents.json",
    "/status/alder-pay/api/v2/incidents/unresolved.json",
    "/status/alder-pay/history.atom",
)


@pytest.fixture
def outage() -> Notice:
    page = components.create_page(actor=None, name="Alder Pay", slug="alder-pay", time_zone="Europe/Berlin")
    card = components.add_component(page, actor=None, name="Card payments", service=cast.service())
    components.add_component(page, actor=None, name="Search")
    alice = cast.alice()
    incident = cast.incident(SECRET, by=alice, services=[cast.service()], impact=f"{SECRET}!")
    updates.publish(
        incident,
        audience="public",
        text="Some card payments <b>fail</b>.",
        status="identified",
        components={card.public_id: "partial_outage"},
        next_update_in_seconds=900,
        actor=alice,
    )
    updates.publish(incident, audience="internal", text=f"It is {SECRET}", actor=alice)
    while bus.deliver_due():
        pass
    return Notice.objects.get()


def get(path: str) -> HttpResponse:
    return Client().get(path)  # type: ignore[return-value]


@pytest.mark.parametrize("path", PATHS)
def test_anybody_reads_it_without_a_cookie_and_nothing_internal_shows(path: str, outage: Notice) -> None:
    answer = get(path)
    assert answer.status_code == 200
    assert answer.cookies == {}
    assert answer["Cache-Control"].startswith("public, max-age=10")
    text = answer.content.decode()
    for word in (SECRET, "INC-", "SEV", "Alice", "alice@"):
        assert word not in text, word


def test_the_page_says_what_fails_and_when_more_is_known(outage: Notice) -> None:
    text = get("/status/alder-pay/").content.decode()
    assert "<h1>Partial outage of Card payments</h1>" in text
    assert "1 of 2 services work normally" in text
    assert "Next update by" in text
    assert "Some card payments &lt;b&gt;fail&lt;/b&gt;." in text
    assert "<script" not in text


def test_the_summary_has_statuspages_shape(outage: Notice) -> None:
    body = json.loads(get("/status/alder-pay/api/v2/summary.json").content)
    assert set(body) == {"page", "components", "incidents", "scheduled_maintenances", "status"}
    assert set(body["page"]) == {"id", "name", "url", "time_zone", "updated_at"}
    assert body["status"] == {"indicator": "major", "description": "Partial System Outage"}
    assert {part["name"]: part["status"] for part in body["components"]} == {
        "Card payments": "partial_outage",
        "Search": "operational",
    }
    (incident,) = body["incidents"]
    assert (incident["status"], incident["impact"], incident["resolved_at"]) == ("identified", "major", None)
    (update,) = incident["incident_updates"]
    assert update["affected_components"] == [
        {
            "code": Component.objects.get(name="Card payments").public_id,
            "name": "Card payments",
            "old_status": "operational",
            "new_status": "partial_outage",
        }
    ]
    assert update["created_at"].endswith("Z")


def test_json_may_be_read_by_other_pages(outage: Notice) -> None:
    assert get("/status/alder-pay/api/v2/status.json")["Access-Control-Allow-Origin"] == "*"


def test_the_feed_is_read_by_a_feed_reader(outage: Notice) -> None:
    feed = feedparser.parse(get("/status/alder-pay/history.atom").content)
    assert feed.bozo is False
    (entry,) = feed.entries
    assert entry.title == "Partial outage of Card payments"
    assert entry.link.endswith(f"/status/alder-pay/incidents/{outage.public_id}/")
    assert "Some card payments" in entry.summary


def test_when_the_database_is_away_the_last_good_page_is_served_and_says_so(outage: Notice) -> None:
    good = get("/status/alder-pay/")

    def away(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(away):
        stale = get("/status/alder-pay/")
    assert (stale.status_code, stale.content) == (200, good.content)
    assert stale["Warning"].startswith("110")


def test_a_page_that_is_not_public_is_not_there(outage: Notice) -> None:
    StatusPage.objects.update(is_public=False)
    for path in (*PATHS, f"/status/alder-pay/incidents/{outage.public_id}/"):
        assert get(path).status_code == 404, path


@pytest.mark.parametrize("path", ["/status/nothing/", "/status/alder-pay/incidents/zzzzzzzzzzzz/"])
def test_what_is_absent_is_404(path: str, outage: Notice) -> None:
    assert get(path).status_code == 404


def test_the_front_page_takes_few_queries(outage: Notice, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        get("/status/alder-pay/")
