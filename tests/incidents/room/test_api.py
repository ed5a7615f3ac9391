from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from core.events.models import Event
from core.tokens import operations as tokens
from incidents.lifecycle import operations
from incidents.lifecycle.models import Incident
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents/"
FIXED = [
    "number",
    "title",
    "status",
    "severity",
    "services",
    "private",
    "drill",
    "impact",
    "hypothesis",
    "started_at",
    "detected_at",
    "acknowledged_at",
    "declared_at",
    "identified_at",
    "mitigated_at",
    "resolved_at",
    "closed_at",
    "next_update_due_at",
    "commander",
    "roles",
    "id",
    "url",
]


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet() -> None:
    cache.clear()


def as_token(user: User, *scopes: str) -> APIClient:
    _, secret = tokens.create(user, name="test", scopes=scopes or ["read", "write", "page", "admin"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def send(client: APIClient, path: str, **body: Any) -> Any:
    return client.post(f"{API}{path}", body, format="json")


def test_a_title_is_enough() -> None:
    alice = cast.alice()
    answer = send(as_token(alice), "", title="Checkout fails")
    found = answer.json()
    assert answer.status_code == 201
    assert set(FIXED) <= set(found)
    assert (found["title"], found["status"], found["severity"]) == ("Checkout fails", "investigating", "sev2")
    assert found["number"] == "INC-1"
    assert found["commander"] == str(alice.pk)
    assert [(row["role"], row["user"]) for row in found["roles"]] == [("commander", str(alice.pk))]
    assert answer["Location"] == found["url"]
    assert found["url"].endswith("/incidents/INC-1/")
    assert found["declared_at"].endswith("Z")
    assert (found["started_at"], found["mitigated_at"]) == (None, None)


def test_everything_that_may_be_known_can_be_given() -> None:
    service = cast.service("Payments API")
    body = {
        "title": "Checkout fails",
        "severity": "P0",
        "services": ["payments-api"],
        "private": True,
        "drill": True,
        "impact": "3 in 10 cards",
        "summary": "Card payments fail",
        "started_at": (now() - timedelta(minutes=9)).isoformat(),
        "status": "closed",
        "number": "INC-99",
    }
    found = send(as_token(cast.alice()), "", **body).json()
    assert (found["severity"], found["services"]) == ("sev1", [service.slug])
    assert (found["private"], found["drill"], found["impact"]) == (True, True, "3 in 10 cards")
    assert (found["status"], found["number"]) == ("investigating", "INC-1")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x", "severity": "SEV9"}, "severity"),
        ({"title": "x", "services": ["unknown"]}, "services.0"),
        ({"title": "x", "started_at": "yesterday"}, "started_at"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], field: str) -> None:
    answer = as_token(cast.alice()).post(API, body, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == [field]
    assert not Incident.objects.exists()


def test_the_same_key_declares_once() -> None:
    client = as_token(cast.alice())
    answers = [
        client.post(API, {"title": "Checkout fails"}, format="json", headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("ref", ["INC-1", "inc-1", "1"])
def test_number_and_id_both_name_it(ref: str) -> None:
    client = as_token(cast.alice())
    found = send(client, "", title="Checkout fails").json()
    assert client.get(f"{API}{ref}/").json() == found
    assert client.get(f"{API}{found['id']}/").json()["number"] == "INC-1"


def test_a_story_from_declaration_to_closure() -> None:
    alice, bob = cast.alice(), cast.bob()
    client = as_token(alice)
    path = f"{send(client, '', title='Checkout fails').json()['number']}/"
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("severity/", {"severity": "SEV1", "reason": "No workaround"}, "investigating"),
        ("roles/", {"role": "communications", "user": str(bob.pk)}, "investigating"),
        ("status/", {"status": "identified"}, "identified"),
        ("status/", {"status": "monitoring", "reason": "Rolled back"}, "monitoring"),
        ("resolve/", {"reason": "Watched for a while"}, "resolved"),
        ("reopen/", {"reason": "Errors are back"}, "investigating"),
        ("roles/", {"role": "commander", "user": str(bob.pk)}, "investigating"),
        ("resolve/", {"reason": "Really"}, "resolved"),
        ("close/", {}, "closed"),
    ]
    for verb, body, status in steps:
        answer = send(client, f"{path}{verb}", **body)
        assert (verb, answer.status_code, answer.json()["status"]) == (verb, 200, status)
    found = client.get(f"{API}{path}").json()
    assert (found["severity"], found["commander"]) == ("sev1", str(bob.pk))
    assert {row["role"]: row["name"] for row in found["roles"]} == {
        "commander": "Bob Example",
        "communications": "Bob Example",
    }
    assert found["reopened"] == 1
    assert found["closed_at"]


def test_what_the_state_refuses_answers_409_with_the_state() -> None:
    client = as_token(cast.alice())
    send(client, "", title="Checkout fails")
    refused = send(client, "INC-1/close/")
    assert refused.status_code == 409
    assert "INC-1 is investigating" in refused.json()["detail"]
    send(client, "INC-1/resolve/", reason="Rolled back")
    answer = send(client, "INC-1/severity/", severity="SEV1", reason="x")
    assert (answer.status_code, answer.json()["detail"]) == (409, "INC-1 is resolved. Reopen it first.")
    assert send(client, "INC-1/severity/", severity="SEV1").status_code == 400
    assert send(client, "INC-1/reopen/").status_code == 400


def test_a_hand_over_without_words_carries_the_picture() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice, impact="3 in 10 cards fail")
    send(as_token(alice), f"{incident}/handover/", user=str(bob.pk))
    offered = as_token(bob).get(f"{API}{incident}/hand-overs/").json()["results"][0]
    assert "Customers see: 3 in 10 cards fail" in offered["briefing"]
    send(as_token(bob), f"{incident}/hand-overs/{offered['id']}/accept/")
    assert "Customers see: 3 in 10 cards fail" in incident.timeline.latest("id").text


def test_updates_are_published_and_listed() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client = as_token(alice)
    body = {
        "audience": "internal",
        "text": "Rollback runs",
        "next_update_in_seconds": 900,
        "status": "mitigating",
    }
    answer = send(client, f"{incident}/updates/", **body)
    assert answer.status_code == 201
    assert (answer.json()["text"], answer.json()["status"]) == ("Rollback runs", "mitigating")
    assert send(client, f"{incident}/updates/", audience="internal", no_news=True).status_code == 201
    listed = client.get(f"{API}{incident}/updates/").json()
    assert [row["no_news"] for row in listed["results"]] == [True, False]
    assert client.get(f"{API}{incident}/").json()["status"] == "mitigating"
    assert send(client, f"{incident}/updates/", audience="internal").status_code == 409
    assert send(client, f"{incident}/updates/", text="x").status_code == 400


def test_the_timeline_is_written_and_read() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client = as_token(alice)
    at = (now() - timedelta(minutes=20)).isoformat()
    answer = send(client, f"{incident}/timeline/", kind="decision", text="Roll back", at=at)
    assert answer.status_code == 201
    assert answer.json()["actor_name"] == "Alice Example"
    assert answer.json()["recorded_at"] > answer.json()["at"]
    send(client, f"{incident}/timeline/", kind="hypothesis", text="Pool exhausted")
    assert client.get(f"{API}{incident}/").json()["hypothesis"] == "Pool exhausted"
    rows = client.get(f"{API}{incident}/timeline/").json()["results"]
    assert [row["kind"] for row in rows] == ["hypothesis", "role", "declared", "decision"]
    assert send(client, f"{incident}/timeline/", kind="role", text="x").status_code == 400


def test_a_correction_keeps_the_old_time() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client = as_token(alice)
    at = now() - timedelta(minutes=30)
    answer = client.patch(
        f"{API}{incident}/",
        {
            "title": "Checkout fails for 30%",
            "started_at": at.isoformat(),
            "hypothesis": "Pool",
            "services": [],
        },
        format="json",
    )
    found = answer.json()
    assert (answer.status_code, found["title"], found["hypothesis"]) == (
        200,
        "Checkout fails for 30%",
        "Pool",
    )
    assert incident.timeline.filter(kind="correction").count() == 2
    assert Event.objects.get(name="incident.corrected").payload["new"]["started_at"] == at.isoformat()
    late = client.patch(f"{API}{incident}/", {"resolved_at": at.isoformat()}, format="json")
    assert late.status_code == 409


def test_a_lost_update_is_refused() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client = as_token(alice)
    tag = client.get(f"{API}{incident}/")["ETag"]
    operations.set_picture(incident, impact="3 in 10 cards", actor=alice)
    lost = client.patch(f"{API}{incident}/", {"impact": "all"}, format="json", headers={"If-Match": tag})
    assert lost.status_code == 412
    incident.refresh_from_db()
    assert incident.impact == "3 in 10 cards"


def test_paging_names_exactly_one_target_and_needs_its_scope() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    client = as_token(alice)
    assert send(client, f"{incident}/page/", user=str(bob.pk), message="Need you").status_code == 200
    wanted = Event.objects.get(name="incident.responder_wanted").payload
    assert (wanted["kind"], wanted["target_id"], wanted["message"]) == ("user", bob.pk, "Need you")
    for body in ({}, {"user": str(bob.pk), "policy": "default"}, {"user": "99999"}, {"schedule": "unknown"}):
        assert send(client, f"{incident}/page/", **body).status_code == 400
    narrow = as_token(alice, "read", "write")
    assert send(narrow, f"{incident}/page/", user=str(bob.pk)).status_code == 403
    assert Event.objects.filter(name="incident.responder_wanted").count() == 1


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Login", "Search", "Checkout"]),
        ("?active=true", ["Login", "Checkout"]),
        ("?active=false", ["Search"]),
        ("?status=resolved", ["Search"]),
        ("?severity=P0", ["Checkout"]),
        ("?severity=nonsense", []),
        ("?service=payments-api", ["Checkout"]),
        ("?search=log", ["Login"]),
        ("?drill=true", []),
        ("?ordering=number", ["Checkout", "Search", "Login"]),
    ],
)
def test_lists_are_filtered(query: str, titles: list[str]) -> None:
    alice = cast.alice()
    cast.incident("Checkout", by=alice, severity="SEV1", services=[cast.service("Payments API")])
    operations.resolve(cast.incident("Search", by=alice), actor=alice)
    cast.incident("Login", by=alice)
    found = as_token(alice).get(f"{API}{query}").json()["results"]
    assert [row["title"] for row in found] == titles


@pytest.mark.parametrize("who", ["mallory", "ada", "mona"])
def test_a_private_incident_is_absent_for_everybody_else(who: str) -> None:
    incident = cast.incident("Payroll data was copied", private=True)
    client = as_token(getattr(cast, who)())
    absent, invisible = client.get(f"{API}INC-999/"), client.get(f"{API}{incident}/")
    assert absent.status_code == invisible.status_code == 404
    assert absent.content == invisible.content
    assert client.get(API).json()["results"] == []
    assert client.get(f"{API}?search=Payroll").json()["results"] == []
    before = incident.timeline.count()
    for verb in ("resolve/", "close/", "updates/", "timeline/", "roles/", "page/", "status/"):
        assert send(client, f"{incident}/{verb}").status_code == 404
    assert client.patch(f"{API}{incident}/", {"title": "x"}, format="json").status_code == 404
    assert incident.timeline.count() == before


def test_who_only_reads_changes_nothing() -> None:
    incident = cast.incident()
    client = as_token(cast.vera())
    assert client.get(f"{API}{incident}/").status_code == 200
    assert send(client, "", title="x").status_code == 403
    for verb in (
        "status/",
        "severity/",
        "resolve/",
        "reopen/",
        "close/",
        "roles/",
        "handover/",
        "page/",
        "updates/",
        "timeline/",
    ):
        assert send(client, f"{incident}/{verb}").status_code == 403
    assert client.patch(f"{API}{incident}/", {"title": "x"}, format="json").status_code == 403
    assert (Incident.objects.count(), incident.timeline.count()) == (1, 2)


def test_a_token_without_the_scope_reads_only() -> None:
    incident = cast.incident()
    client = as_token(cast.bob(), "read")
    assert client.get(f"{API}{incident}/").status_code == 200
    assert send(client, f"{incident}/resolve/").status_code == 403


def test_a_stranger_is_told_nothing() -> None:
    incident = cast.incident()
    for path in (API, f"{API}{incident}/", f"{API}INC-999/"):
        assert APIClient().get(path).status_code == 401


def test_a_list_costs_as_much_as_one(django_assert_max_num_queries: Callable[..., Any]) -> None:
    alice = cast.alice()
    for n in range(12):
        cast.incident(f"Incident {n}", by=alice, services=[cast.service(f"Service {n}")])
    client = as_token(alice)
    client.get(API)
    with django_assert_max_num_queries(8):
        assert len(client.get(API).json()["results"]) == 12
