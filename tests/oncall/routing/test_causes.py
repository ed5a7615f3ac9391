"""Symptoms and causes: what marks an alert, and when a cause pages all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from oncall import pipeline
from oncall.alerts.rules import checklist
from oncall.models import Alert, Escalation, Route
from oncall.routing import operations, queries
from oncall.routing.rules import A_CAUSE, Map, Rule, Subject, decide
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User


def subject(**labels: str) -> Subject:
    return Subject(integration_id=1, service_id=None, urgency="high", labels=labels)


def rule(**given: Any) -> Map:
    return Map(rules=[Rule(id=1, name="CPU", **given)])


@pytest.mark.parametrize(
    ("labels", "world", "nature", "not_paged"),
    [
        ({}, Map(), "", ""),
        ({"type": "cause"}, Map(), "cause", A_CAUSE),
        ({"nature": " Cause "}, Map(), "cause", A_CAUSE),
        ({"alert_type": "symptom"}, Map(), "symptom", ""),
        ({"type": "metric", "alert_type": "cause"}, Map(), "cause", A_CAUSE),
        ({"type": "metric"}, Map(), "", ""),
        ({}, rule(nature="cause"), "cause", A_CAUSE),
        ({"type": "cause"}, rule(nature="symptom"), "symptom", ""),
        ({"type": "cause"}, rule(pages_causes=True), "cause", ""),
        ({}, rule(nature="cause", pages_causes=True), "cause", ""),
        ({"type": "cause"}, rule(urgency="low"), "cause", A_CAUSE),
    ],
)
def test_a_route_says_it_or_a_label(labels: dict[str, str], world: Map, nature: str, not_paged: str) -> None:
    found = decide(subject(**labels), world)
    assert (found.nature, found.not_paged) == (nature, not_paged)


def test_a_route_that_only_marks_leaves_where_it_goes() -> None:
    found = decide(subject(), rule(nature="cause"))
    assert found.why.startswith("route “CPU” only marks it")
    assert (found.service_id, found.policy_id, found.urgency) == (None, None, "high")


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        (
            "1. Look\n2) Compare\n\n- [ ] Ask\n* [x] Write\n• Rest",
            ["Look", "Compare", "Ask", "Write", "Rest"],
        ),
        ('["Look", "10 nodes are enough"]', ["Look", "10 nodes are enough"]),
        ("10 nodes are enough", ["10 nodes are enough"]),
        ("[not json", ["[not json"]),
        ('["half a character: \\ud800"]', ['["half a character: \\ud800"]']),
        ("", []),
    ],
)
def test_a_checklist_is_lines_or_a_list(written: str, steps: list[str]) -> None:
    assert checklist({"checklist": written}) == steps
    assert checklist({"steps": written}) == steps


def test_a_checklist_is_short_and_of_annotations_alone() -> None:
    assert len(checklist({"checklist": "\n".join("Look" for _ in range(40))})) == 30
    assert checklist(["checklist"]) == []


@pytest.fixture
def policy(mona: User) -> Any:
    return cast.policy((60, [mona]), name="Payments", team=cast.team(), is_default=True)


def form(**given: Any) -> dict[str, Any]:
    """The editor, with one condition."""
    blank = {"name": "CPU", "integration": "", "service": "", "policy": "", "urgency": "", "position": ""}
    condition = {"condition-0-label": "alertname", "condition-0-op": "equals", "condition-0-value": "HighCPU"}
    return {**blank, "conditions": "1", **condition, "do": "save", **given}


@pytest.mark.django_db
def test_a_manager_marks_alerts_as_causes_and_lets_them_page_after_all(
    client: Client, mona: User, policy: Any
) -> None:
    cast.sign_in(client, mona)
    assert client.post("/routes/new/", form(nature="cause")).status_code == 302
    route = Route.objects.get()
    assert (route.nature, route.pages_causes) == ("cause", False)
    assert "a cause, pages nobody" in client.get("/routes/").content.decode()
    tried = client.post("/routes/try/", {"alert": "alertname = HighCPU", "source": ""}).content.decode()
    assert A_CAUSE in tried
    source, _ = cast.source()
    payload = {"title": "CPU", "labels": {"alertname": "HighCPU"}}
    sent = {"integration": str(source.pk), "payload": payload}
    would = cast.caller(mona).post("/api/v1/simulate/", sent, format="json").json()
    assert (would["route"]["not_paged"], would["timeline"]) == (A_CAUSE, [])
    client.post(f"/routes/{route.pk}/edit/", form(nature="cause", pages_causes="on"))
    assert "a cause that pages" in client.get("/routes/").content.decode()
    would = cast.caller(mona).post("/api/v1/simulate/", sent, format="json").json()
    assert (would["route"]["nature"], would["route"]["not_paged"]) == ("cause", "")
    assert would["timeline"]


@pytest.mark.django_db
def test_the_api_marks_and_finds_causes_that_page(mona: User, policy: Any) -> None:
    api = cast.caller(mona)
    made = api.post("/api/v1/routes/", {"name": "CPU", "nature": "cause"}, format="json")
    assert (made.status_code, made.json()["nature"]) == (201, "cause")
    address = f"/api/v1/routes/{made.json()['id']}/"
    assert api.patch(address, {"pages_causes": True}, format="json").json()["pages_causes"] is True
    found = api.get("/api/v1/routes/", {"nature": "cause", "pages_causes": "true"}).json()["results"]
    assert [each["name"] for each in found] == ["CPU"]
    bad = api.post("/api/v1/routes/", {"nature": "both"}, format="json")
    assert (bad.status_code, "nature" in str(bad.json())) == (400, True)


@pytest.mark.django_db
def test_a_cause_that_a_route_lets_page_is_asked_about(mona: User, policy: Any) -> None:
    operations.create_route(actor=mona, name="CPU", match=[], pages_causes=True)
    assert queries.load().rules[0].pages_causes is True
    source, _ = cast.source()
    source.signals.create(kind="generic", body=b'{"title": "CPU", "labels": {"type": "cause"}}')
    pipeline.process_due()
    alert = Alert.objects.get()
    assert (alert.nature, alert.not_paged) == ("cause", "")
    assert Escalation.objects.filter(alert=alert).count() == 1


@pytest.mark.django_db
def test_whom_break_glass_has_asked_is_not_left_alone_with_a_cause(mona: User, policy: Any) -> None:
    source, _ = cast.source()
    early = {"at": "2026-03-02T10:00:00+00:00", "level": 0, "people": [mona.pk], "words": "e-mail"}
    body = b'{"title": "CPU", "labels": {"type": "cause"}}'
    source.signals.create(kind="generic", body=body, asked_early=early)
    pipeline.process_due()
    assert Alert.objects.get().not_paged == ""
    assert Escalation.objects.count() == 1
