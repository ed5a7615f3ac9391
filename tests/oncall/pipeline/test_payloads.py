"""The alerts of the story, as Alertmanager posts them: a page, a warning, their repeats and their ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from core.outbox.models import Lane, Message
from oncall import pipeline
from oncall.escalation import operations as escalations
from oncall.models import Alert, Escalation, Page, Signal
from oncall.routing import operations as routing
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Integration

pytestmark = pytest.mark.django_db

RUNBOOK, DASHBOARD = "https://runbooks.example.com/errors", "https://grafana.example.com/d/api"
DEPLOYS = "https://deploys.example.com/?last=2h"
ERROR_RATE = {
    "labels": {"alertname": "HighErrorRate", "severity": "page", "service": "payments-api"},
    "annotations": {
        "summary": "High error rate on the payments API",
        "dashboard": DASHBOARD,
        "runbook": RUNBOOK,
        "recent_deploys": DEPLOYS,
    },
    "fingerprint": "a" * 16,
}
LATENCY = {
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


@pytest.fixture
def owner() -> User:
    return cast.alice()


@pytest.fixture
def source(owner: User) -> Integration:
    """An Alertmanager; its alerts of the payments API are its owner's."""
    routing.set_service_policy(cast.service("Payments API"), policy=cast.policy((300, [owner])))
    return cast.source("alertmanager")[0]


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
