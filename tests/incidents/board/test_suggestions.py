from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from incidents.board import queries
from incidents.lifecycle.models import EntryKind, Incident, TimelineEntry
from incidents.severities.rules import Measure
from oncall.escalation import operations as escalation
from oncall.inbox import operations as inbox
from oncall.models import Alert
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db

PATH = "/incidents/declare/-/consequences/"
NOTHING: dict[str, Any] = {
    "severity": None,
    "answers": {},
    "measure": Measure(),
    "services": [],
    "drill": False,
}


def test_open_incidents_that_may_be_the_same_are_offered_while_typing(client: Client) -> None:
    same = cast.incident("Checkout fails for some cards")
    cast.incident("Login is slow")
    cast.incident("Checkout keys were stolen", private=True)
    client.force_login(cast.bob())
    page = client.post(PATH, {"title": "Cards do not work at checkout"}).content.decode()
    assert f"Join {same} instead" in page
    assert "Login is slow" not in page
    assert "stolen" not in page


def test_a_member_is_offered_the_private_incident() -> None:
    alice = cast.alice()
    secret = cast.incident("Checkout keys were stolen", private=True, by=alice)
    assert queries.already_open(alice, title="Checkout keys", services=()) == [secret]
    assert queries.already_open(cast.bob(), title="Checkout keys", services=()) == []


def test_joining_instead_keeps_what_was_typed_and_declares_nothing(client: Client) -> None:
    incident = cast.incident()
    bob = cast.bob()
    client.force_login(bob)
    form = {"title": "Cards do not work", "key": "7c1f4b7e-2a55-4f0e-9c89-0a1d0c0b7a11"}
    for _ in range(2):
        answer = client.post(f"/incidents/{incident}/join-instead/", form)
        assert (answer.status_code, answer["Location"]) == (302, f"/incidents/{incident}/")
    assert Incident.objects.count() == 1
    assert incident.participants.filter(user=bob).exists()
    notes = [row.text for row in incident.timeline.filter(kind=EntryKind.NOTE)]
    assert notes == ["Also reported: Cards do not work"]


@pytest.mark.parametrize(("who", "status"), [("vera", 403), ("mallory", 404)])
def test_outsiders_join_nothing(client: Client, who: str, status: int) -> None:
    incident = cast.incident(private=True)
    client.force_login(getattr(cast, who)())
    assert client.get(f"/incidents/{incident}/join-instead/").status_code == 405
    assert client.post(f"/incidents/{incident}/join-instead/", {"title": "x"}).status_code == status
    assert incident.participants.count() == 1
    assert not incident.timeline.filter(kind=EntryKind.NOTE).exists()


def test_services_are_found_by_name_and_by_their_alerts_with_who_is_asked(client: Client) -> None:
    bob = cast.bob()
    cast.policy((300, [bob]), is_default=True)
    payments, ledger = cast.service("Payments API"), cast.service("Ledger DB")
    cast.service("Search")
    cast.alert("Replication of invoices is behind", of=ledger)
    client.force_login(bob)
    page = client.post(PATH, {"title": "Payments of invoices fail"}).content.decode()
    offered = re.findall(r'for="service-(\d+)"', page)
    assert sorted(offered) == sorted([str(payments.pk), str(ledger.pk)])
    assert "Team Payments. Bob Example is asked first" in page
    assert "Replication of invoices is behind" in page


def test_an_alert_of_a_private_incident_says_nothing_to_others(client: Client) -> None:
    service = cast.service("Ledger DB")
    alert = cast.alert("Invoices were copied", of=service)
    Alert.objects.filter(pk=alert.pk).update(incident=cast.incident(private=True))
    client.force_login(cast.mallory())
    assert "copied" not in client.post(PATH, {"title": "Invoices gone"}).content.decode()


def test_without_script_what_would_happen_is_asked_for_and_nothing_declared(client: Client) -> None:
    client.force_login(cast.alice())
    answer = client.post("/incidents/declare/", {"title": "Checkout", "q1": "yes", "look": "1"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="Checkout"' in page
    assert "Declare SEV1" in page
    assert not Incident.objects.exists()


def test_what_is_typed_costs_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    bob = cast.bob()
    cast.policy((300, [bob]), is_default=True)
    for n in range(12):
        service = cast.service(f"Checkout part {n}")
        cast.incident(f"Checkout broken {n}", services=[service])
        cast.alert(f"Checkout alert {n}", of=service)
    client.force_login(bob)
    client.post(PATH, {"title": "Checkout"})
    with django_assert_max_num_queries(32):
        client.post(PATH, {"title": "Checkout"})


# From an alert


def test_the_form_begins_with_what_the_alert_says_and_the_alert_comes_along(client: Client) -> None:
    alice = cast.alice()
    service = cast.service()
    alert = cast.alert("Checkout errors", of=service, description="31 % of requests")
    client.force_login(alice)
    page = client.get(f"/incidents/declare/?from=alert-{alert.pk}").content.decode()
    assert 'value="Checkout errors"' in page
    assert f'value="{service.pk}" checked' in page
    assert "31 % of requests" in page
    form = {
        "title": "Checkout fails",
        "severity": "sev1",
        "services": [service.pk],
        "origin": f"alert-{alert.pk}",
        "summary": "31 % of requests",
    }
    for _ in range(2):
        client.post("/incidents/declare/", form)
    incident = Incident.objects.earliest("pk")
    alert.refresh_from_db()
    assert (incident.title, incident.severity.label, incident.trigger) == ("Checkout fails", "SEV1", "alert")
    assert (alert.incident, incident.started_at) == (incident, alert.first_at)


@pytest.mark.parametrize("ref", ["alert-0", "alert-x", "nothing-1", "alert-99999999999999999999", "alert-"])
def test_what_is_not_there_begins_nothing(client: Client, ref: str) -> None:
    client.force_login(cast.alice())
    assert client.get(f"/incidents/declare/?from={ref}").status_code == 200


def test_a_private_alert_begins_nothing_for_others(client: Client) -> None:
    alert = cast.alert("Payroll was copied")
    Alert.objects.filter(pk=alert.pk).update(incident=cast.incident(private=True))
    client.force_login(cast.mallory())
    assert "Payroll" not in client.get(f"/incidents/declare/?from=alert-{alert.pk}").content.decode()


def test_who_took_it_comes_along_with_the_links() -> None:
    alice, bob = cast.alice(), cast.bob()
    alert = cast.alert("Checkout errors", of=cast.service())
    links = [
        {"kind": "runbook", "label": "Runbook", "url": "https://wiki.example/checkout"},
        {"kind": "link", "label": "Bad", "url": "javascript:alert(1)"},
    ]
    Alert.objects.filter(pk=alert.pk).update(links=links)
    cast.escalation(alert, cast.policy((300, [bob])))
    escalation.acknowledge(alert=alert, actor=bob)
    alert.refresh_from_db()
    incident = inbox.declare(alert, actor=alice)
    lines = TimelineEntry.objects.filter(incident=incident)
    assert lines.get(kind="alert").data["links"] == [
        {"label": "Runbook", "url": "https://wiki.example/checkout"}
    ]
    assert {row.user for row in incident.participants.select_related("user")} == {alice, bob}


def test_a_private_incident_admits_nobody_because_they_took_the_alert() -> None:
    alice, bob = cast.alice(), cast.bob()
    alert = cast.alert("Checkout errors", of=cast.service())
    Alert.objects.filter(pk=alert.pk).update(acknowledged_by=bob, acknowledged_at=alert.first_at)
    incident = inbox.declare(alert, actor=alice, private=True)
    assert [row.user for row in incident.participants.select_related("user")] == [alice]


def test_the_alert_says_what_one_press_does(client: Client) -> None:
    alert = cast.alert("Checkout errors", of=cast.service())
    client.force_login(cast.bob())
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "Declare SEV2" in page
    assert f"/incidents/declare/?from=alert-{alert.pk}" in page


# The five questions


def test_the_answers_of_the_beginning_stand_on_the_timeline_and_begin_the_picture() -> None:
    incident = cast.incident(
        summary="Cards fail", blast_radius="EU customers", recent_changes="", who_else="Support"
    )
    assert incident.impact == "EU customers"
    note = incident.timeline.get(kind=EntryKind.NOTE)
    assert note.text == (
        "Known at the beginning.\nWhat is happening: Cards fail\nWho and what is affected: EU customers\n"
        "Who else must know: Support"
    )
    assert not cast.incident("Without answers").timeline.filter(kind=EntryKind.NOTE).exists()


# The API


def test_the_api_says_what_would_happen() -> None:
    alice = cast.alice()
    same = cast.incident("Checkout fails for some cards", by=alice)
    service = cast.service("Checkout")
    answer = cast.caller(alice).post(
        "/api/v1/incidents/outlook/", {"title": "Checkout is down", "answers": {"1": True}}, format="json"
    )
    assert answer.status_code == 200
    said = answer.json()
    assert (said["severity"], said["by_questions"], said["update_every_seconds"]) == ("sev1", True, 900)
    assert [row["number"] for row in said["already_open"]] == [str(same)]
    assert [row["service"] for row in said["suggested"]] == [service.slug]
    assert Incident.objects.count() == 1


def test_the_api_refuses_answers_to_nothing() -> None:
    answer = cast.caller(cast.alice()).post(
        "/api/v1/incidents/outlook/", {"answers": {"x": True}}, format="json"
    )
    assert answer.status_code == 400
