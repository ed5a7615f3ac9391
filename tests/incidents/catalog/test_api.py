from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.events.models import Event
from incidents.catalog import operations
from incidents.catalog.models import Service
from incidents.changes.models import Change
from incidents.lifecycle import operations as lifecycle
from tests import cast
from tests.incidents.clock import now
from tests.incidents.room.test_api import as_token

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
API = "/api/v1/services/"


def test_a_service_says_what_it_is_and_how_it_does() -> None:
    api, ledger = cast.service("Payments API"), cast.service("Ledger DB")
    links = [
        {"kind": "runbook", "label": "High latency", "url": "https://wiki.example.com/latency"},
        {"kind": "dashboard", "label": "Golden signals", "url": "https://graphs.example.com/"},
    ]
    operations.change_service(api, changes={"depends_on": [ledger], "links": links})
    cast.incident(severity="SEV2", services=[api])
    found = as_token(cast.bob()).get(f"{API}payments-api/").json()
    assert (found["slug"], found["tier"], found["team"]) == ("payments-api", 1, "payments")
    assert found["depends_on"] == ["ledger-db"]
    assert (found["runbooks"], found["links"]) == ([links[0]], [links[1]])
    assert found["status"] == "partial_outage"
    assert found["url"].endswith("/services/payments-api/")


def test_a_private_incident_does_not_show_in_the_state_of_its_service() -> None:
    api = cast.service("Payments API")
    incident = cast.incident(severity="SEV1", services=[api], private=True)
    bob = cast.bob()
    assert as_token(bob).get(f"{API}payments-api/").json()["status"] == "operational"
    lifecycle.join(incident, user=bob)
    assert as_token(bob).get(f"{API}payments-api/").json()["status"] == "major_outage"


def test_dependents_are_listed() -> None:
    api, checkout = cast.service("Payments API"), cast.service("Checkout")
    operations.change_service(checkout, changes={"depends_on": [api]})
    found = as_token(cast.bob()).get(f"{API}payments-api/dependents/").json()["results"]
    assert [row["slug"] for row in found] == ["checkout"]


def test_who_is_on_call_is_answered_also_when_nobody_is() -> None:
    cast.service("Payments API")
    client = as_token(cast.bob())
    assert client.get(f"{API}payments-api/on-call/").status_code == 200
    assert client.get(f"{API}payments-api/on-call/?at=2026-11-21T03:33:00Z").status_code == 200
    assert client.get(f"{API}payments-api/on-call/?at=now").status_code == 400


def test_a_manager_adds_and_changes_the_services_of_their_team() -> None:
    client = as_token(cast.mona())
    answer = client.post(API, {"name": "Fraud rules", "team": "payments", "tier": 2}, format="json")
    assert (answer.status_code, answer.json()["slug"]) == (201, "fraud-rules")
    changed = client.patch(f"{API}fraud-rules/", {"description": "Scores payments."}, format="json")
    assert changed.json()["description"] == "Scores payments."
    again = client.post(API, {"name": "Fraud rules", "team": "payments"}, format="json")
    assert again.status_code == 409
    own = client.patch(f"{API}fraud-rules/", {"depends_on": ["fraud-rules"]}, format="json")
    assert own.status_code == 409


@pytest.mark.parametrize("who", ["bob", "vera", "mallory"])
def test_nobody_else_configures_services(who: str) -> None:
    service = cast.service("Payments API")
    client = as_token(getattr(cast, who)())
    assert client.post(API, {"name": "Mine", "team": "payments"}, format="json").status_code == 403
    assert client.patch(f"{API}payments-api/", {"name": "Mine"}, format="json").status_code == 403
    service.refresh_from_db()
    assert (service.name, Service.objects.count()) == ("Payments API", 1)


def test_a_manager_of_another_team_does_not_take_a_service_over() -> None:
    service = cast.service("Payments API")
    other = cast.person("Olga", role="manager", team=cast.team("Elsewhere"))
    client = as_token(other)
    assert client.patch(f"{API}payments-api/", {"team": "elsewhere"}, format="json").status_code == 403
    assert client.post(API, {"name": "Mine", "team": "payments"}, format="json").status_code == 403
    service.refresh_from_db()
    assert service.team.slug == "payments"


def test_a_list_of_services_costs_as_much_as_one(django_assert_max_num_queries: Callable[..., Any]) -> None:
    for n in range(12):
        cast.incident(f"Incident {n}", services=[cast.service(f"Service {n}")])
    client = as_token(cast.bob())
    client.get(API)
    with django_assert_max_num_queries(8):
        assert len(client.get(API).json()["results"]) == 12


def test_a_change_is_reported_and_read() -> None:
    cast.service("Payments API")
    client = as_token(cast.bob())
    at = now() - timedelta(minutes=9)
    body = {
        "service": "payments-api",
        "kind": "deploy",
        "summary": "v2.3.4 to production",
        "version": "v2.3.4",
        "url": "https://ci.example.com/4711",
        "at": at.isoformat(),
    }
    answer = client.post("/api/v1/changes/", body, format="json")
    assert answer.status_code == 201
    change = Change.objects.get()
    assert (change.at, change.version, answer.json()["service"]) == (at, "v2.3.4", "payments-api")
    assert Event.objects.get(name="change.recorded").payload == {
        "change_id": change.pk,
        "service_id": change.service_id,
    }
    listed = client.get("/api/v1/changes/?service__slug=payments-api").json()["results"]
    assert [row["summary"] for row in listed] == ["v2.3.4 to production"]


def test_a_change_without_a_time_was_now() -> None:
    cast.service("Payments API")
    body = {"service": "payments-api", "kind": "config", "summary": "Fraud rules 118"}
    as_token(cast.bob()).post("/api/v1/changes/", body, format="json")
    assert abs((Change.objects.get().at - now()).total_seconds()) < 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "deploy", "summary": "x"}, "service"),
        ({"service": "payments-api", "kind": "party", "summary": "x"}, "kind"),
        ({"service": "payments-api", "kind": "deploy"}, "summary"),
        ({"service": "unknown", "kind": "deploy", "summary": "x"}, "service"),
    ],
)
def test_a_wrong_change_is_refused(body: dict[str, str], field: str) -> None:
    cast.service("Payments API")
    answer = as_token(cast.bob()).post("/api/v1/changes/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Change.objects.exists()


def test_who_only_reads_reports_no_change() -> None:
    cast.service("Payments API")
    body = {"service": "payments-api", "kind": "deploy", "summary": "x"}
    assert as_token(cast.vera()).post("/api/v1/changes/", body, format="json").status_code == 403
    assert not Change.objects.exists()


def test_severities_are_read_in_order() -> None:
    client = as_token(cast.vera())
    rows = client.get("/api/v1/severities/").json()["results"]
    assert [(row["rank"], row["slug"]) for row in rows] == [
        (1, "sev1"),
        (2, "sev2"),
        (3, "sev3"),
        (4, "sev4"),
    ]
    assert rows[0]["update_every_seconds"] == 900
    assert rows[0]["required_roles"] == ["commander", "tech-lead", "communications", "scribe"]
    assert rows[0]["aliases"] == ["P0", "critical"]
    assert client.get("/api/v1/severities/sev3/").json()["name"] == "Minor"
