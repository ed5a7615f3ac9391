"""The alerts of the story, as Alertmanager posts them: a page, a warning, their repeats and their ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Now

from core.accounts.models import User
from core.outbox.models import Lane, Message
from oncall import pipeline
from oncall.detectors import OWN
from oncall.escalation import operations as escalations
from oncall.escalation.rules.plans import LevelSpec
from oncall.inbox import operations as inbox
from oncall.matching.rules import branch_from_json
from oncall.models import Alert, Destination, Escalation, Page, Signal
from oncall.paging import tokens
from oncall.routing import operations as routing
from oncall.runbooks import queries as runbooks
from tests import cast
from tests.chats import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from oncall.models import Integration

pytestmark = pytest.mark.django_db

RUNBOOK, DASHBOARD = "https://runbooks.example.com/errors", "https://grafana.example.com/d/api"
DEPLOYS = "https://deploys.example.com/?last=2h"
ERROR_RATE: dict[str, Any] = {
    "labels": {"alertname": "HighErrorRate", "severity": "page", "service": "payments-api"},
    "annotations": {
        "summary": "High error rate on the payments API",
        "dashboard": DASHBOARD,
        "runbook": RUNBOOK,
        "recent_deploys": DEPLOYS,
    },
    "fingerprint": "a" * 16,
}
LATENCY: dict[str, Any] = {
    "labels": {
        "alertname": "HighAPILatency",
        "severity": "warning",
        "team": "api",
        "service": "payments-api",
    },
    "annotations": {
        "summary": "API latency above 2 s",
        "description": "p99 is above 2 s for 5 minutes.",
        "runbook_url": RUNBOOK,
        "dashboard_url": DASHBOARD,
    },
    "fingerprint": "b" * 16,
}
STEPS = [
    "Find the process that takes the most",
    "Compare with the time of the last deploy",
    "Look whether users see errors",
    "Add a node when the load is real",
    "Write down what it was",
]
CPU = {
    "labels": {"alertname": "HighCPU", "severity": "critical", "service": "payments-api", "type": "cause"},
    "annotations": {
        "summary": "High CPU on API server",
        "checklist": "\n".join(f"{n}. {step}" for n, step in enumerate(STEPS, 1)),
    },
    "fingerprint": "c" * 16,
}


@pytest.fixture
def owner() -> User:
    return cast.alice()


@pytest.fixture
def source(owner: User) -> Integration:
    """An Alertmanager; its alerts of the payments API are its owner's."""
    routing.set_service_policy(cast.service("Payments API"), policy=cast.policy((300, [owner])))
    return cast.source("alertmanager")[0]


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


@pytest.fixture
def team_channel(mona: User, room: Room) -> Destination:
    """The channel of the team api: its warnings are told there, what is worse is asked of Bob."""
    told = cast.channel("#api")
    low = LevelSpec(300, (cast.target(told),), branch=branch_from_json({"urgency": "low"}))
    high = LevelSpec(300, (cast.target(cast.bob()),), branch=branch_from_json({"urgency": "high"}))
    policy = cast.policy(low, high, name="API")
    match = [{"label": "team", "op": "equals", "value": "api"}]
    routing.create_route(actor=mona, name="Team api", match=match, policy=policy)
    return told


def give_up() -> None:
    """Let every level's time pass until no run goes on."""
    while Escalation.objects.filter(status="escalating").update(next_at=Now() - Value(timedelta(seconds=1))):
        escalations.advance_due()


def take_in(source: Integration, item: dict[str, Any], status: str = "firing") -> None:
    """Let a signal come and all be done that is due."""
    body = {"version": "4", "status": status, "alerts": [{**item, "status": status}]}
    Signal.objects.create(integration=source, kind="alertmanager", body=json.dumps(body).encode())
    while pipeline.process_due() or escalations.advance_due():
        pass


def test_a_page_wakes_the_owner_of_the_service(source: Integration, owner: User) -> None:
    take_in(source, ERROR_RATE)
    alert, page = Alert.objects.get(), Page.objects.get()
    assert (alert.title, alert.severity, alert.urgency) == (
        "High error rate on the payments API",
        "critical",
        "high",
    )
    assert (page.user, page.urgency) == (owner, "high")
    assert Message.objects.get(client="oncall.page").lane == Lane.CRITICAL


def test_its_three_links_are_on_the_alert_with_what_they_are(source: Integration) -> None:
    take_in(source, ERROR_RATE)
    links = {link["url"]: link["kind"] for link in Alert.objects.get().links}
    assert links == {RUNBOOK: "runbook", DASHBOARD: "dashboard", DEPLOYS: "link"}


def test_its_repeats_make_no_second_page(source: Integration) -> None:
    for _ in range(4):
        take_in(source, ERROR_RATE)
    assert Alert.objects.get().count == 4
    assert Page.objects.count() == Message.objects.filter(client="oncall.page").count() == 1


def test_its_end_clears_the_alert_and_asks_nobody_any_more(source: Integration) -> None:
    take_in(source, ERROR_RATE)
    take_in(source, ERROR_RATE, "resolved")
    assert Alert.objects.get().status == "resolved"
    assert Escalation.objects.get().status == "closed"
    assert Message.objects.get(client="oncall.page").state == "suppressed"


def test_a_warning_is_told_and_wakes_nobody(source: Integration) -> None:
    take_in(source, LATENCY)
    alert = Alert.objects.get()
    assert (alert.title, alert.urgency) == ("API latency above 2 s", "low")
    assert alert.description == "p99 is above 2 s for 5 minutes."
    assert {link["kind"] for link in alert.links} == {"runbook", "dashboard"}
    assert {message.lane for message in Message.objects.filter(client="oncall.page")} == {Lane.PAGES}


def test_a_warning_of_a_team_is_told_in_its_channel_and_pages_nobody(
    source: Integration, team_channel: Destination
) -> None:
    take_in(source, LATENCY)
    page = Page.objects.get()
    assert (page.destination, page.user, page.urgency) == (team_channel, None, "low")
    assert Message.objects.get(client="oncall.page").channel == "room"


def test_nobody_has_to_answer_what_was_told_and_no_admin_is_alarmed(
    ada: User, source: Integration, team_channel: Destination
) -> None:
    take_in(source, LATENCY)
    give_up()
    assert Escalation.objects.get().status == "closed"
    assert not Page.objects.filter(user__isnull=False).exists()
    assert not Message.objects.filter(client="oncall.alarm").exists()
    assert Alert.objects.get().status == "triggered"


def test_what_is_worse_is_asked_of_a_person_and_gives_up_aloud(
    ada: User, source: Integration, team_channel: Destination
) -> None:
    take_in(source, {**LATENCY, "labels": {**LATENCY["labels"], "severity": "page"}})
    give_up()
    assert Escalation.objects.get().status == "exhausted"
    assert Page.objects.get(user__isnull=False).user == User.objects.get(name="Bob Example")
    assert Message.objects.filter(client="oncall.alarm").exists()


def test_a_channel_that_is_off_tells_nobody_so_the_admins_are_alarmed(
    ada: User, source: Integration, team_channel: Destination
) -> None:
    Destination.objects.update(is_enabled=False)
    take_in(source, LATENCY)
    give_up()
    assert Escalation.objects.get().status == "exhausted"
    assert Message.objects.filter(client="oncall.alarm").exists()


def test_the_simulator_says_that_it_ends_with_the_channel(
    ada: User, source: Integration, team_channel: Destination, client: Client
) -> None:
    escalations.set_last_resort(actor=ada, user=ada)
    cast.sign_in(client, ada)
    asked = {"policy": "api", "urgency": "low", "at": "2026-03-02T10:00", "labels": ""}
    page = client.get("/escalation/-/simulator/", asked).content.decode()
    assert "<b>Ends.</b> Channels were told, and low urgency asks nobody else." in page
    assert "Last resort" not in page


def test_a_cause_is_recorded_and_marked_and_not_paged(source: Integration) -> None:
    take_in(source, CPU)
    alert = Alert.objects.get()
    assert (alert.title, alert.urgency, alert.status) == ("High CPU on API server", "high", "triggered")
    assert (alert.nature, alert.not_paged) == ("cause", "not paged: a cause, not a symptom")
    assert not Escalation.objects.exists()
    assert not Page.objects.exists()
    assert not Message.objects.filter(client__startswith="oncall.").exists()


def test_a_cause_is_shown_with_its_checklist_and_why_nobody_was_paged(
    source: Integration, owner: User, client: Client
) -> None:
    take_in(source, CPU)
    alert = Alert.objects.get()
    assert alert.checklist == STEPS
    cast.sign_in(client, owner)
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "".join(f"<li>{step}</li>" for step in STEPS) in page
    assert "Not paged: a cause, not a symptom." in page
    assert "pages nobody" in client.get("/alerts/", {"show": "open"}).content.decode()
    assert "High CPU on API server" not in client.get("/alerts/").content.decode()
    told = cast.caller(owner).get(f"/api/v1/alerts/{alert.pk}/").json()
    assert (told["nature"], told["not_paged"]) == ("cause", "not paged: a cause, not a symptom")
    assert told["checklist"] == STEPS


def test_a_cause_that_nobody_was_asked_about_is_not_taken_for_a_lost_alert(source: Integration) -> None:
    take_in(source, CPU)
    Alert.objects.update(first_at=Now() - Value(timedelta(minutes=5)))
    detector = next(each for each in OWN if each.name == "alerts_unasked")
    with connection.cursor() as cursor:
        cursor.execute(detector.sql)
        assert cursor.fetchall() == []


def test_a_page_on_a_phone_has_the_three_links_and_the_checklist(source: Integration, client: Client) -> None:
    told = {**ERROR_RATE["annotations"], "checklist": json.dumps(STEPS)}
    take_in(source, {**ERROR_RATE, "annotations": told})
    phone = client.get(f"/p/{tokens.make(Page.objects.get())}/").content.decode()
    assert all(f'href="{url}"' in phone for url in (RUNBOOK, DASHBOARD, DEPLOYS))
    assert "".join(f"<li>{step}</li>" for step in STEPS) in phone


def test_several_alerts_are_one_incident_and_its_second_alert_adds_no_page(
    source: Integration, owner: User
) -> None:
    take_in(source, ERROR_RATE)
    first = Alert.objects.get()
    inbox.declare(first, actor=owner)
    incident = Alert.objects.get().incident
    assert incident is not None
    take_in(source, CPU)
    cause = Alert.objects.get(nature="cause")
    inbox.attach(cause, incident=incident, actor=owner)
    assert set(incident.alerts.values_list("title", flat=True)) == {first.title, cause.title}
    assert Page.objects.filter(escalation__alert=cause).count() == 0


def test_a_cause_that_somebody_hands_on_pages_like_any_other(
    source: Integration, owner: User, client: Client
) -> None:
    take_in(source, CPU)
    alert, bob = Alert.objects.get(), cast.bob()
    escalations.reassign(alert=alert, actor=owner, user=bob)
    escalations.advance_due()
    assert (Alert.objects.get().nature, Alert.objects.get().not_paged) == ("cause", "")
    assert Page.objects.get().user == bob
    shown = cast.sign_in(client, owner).get("/alerts/").content.decode()
    assert "High CPU on API server" in shown


def test_what_paged_without_a_runbook_is_listed(source: Integration, owner: User) -> None:
    bare = {name: text for name, text in ERROR_RATE["annotations"].items() if name != "runbook"}
    take_in(source, ERROR_RATE)
    assert runbooks.missing(owner) == []
    take_in(source, {**ERROR_RATE, "annotations": bare, "fingerprint": "d" * 16})
    take_in(source, CPU)
    (line,) = runbooks.missing(owner)
    assert (line.source, line.service, line.name, line.alerts) == (
        source.name,
        "payments-api",
        "HighErrorRate",
        1,
    )
