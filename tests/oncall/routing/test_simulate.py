"""What would become of a payload, by API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from oncall.models import Alert, Escalation, Signal
from oncall.routing import operations as routing
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
NIGHT = "2026-11-21T02:41:00.000000Z"
FIRING = {
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate", "severity": "critical", "service": "payments-api"},
            "annotations": {"summary": "Error rate above 5%"},
            "startsAt": NIGHT,
            "fingerprint": "f00d",
        }
    ],
}


def simulate(user: User, **given: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post("/api/v1/simulate/", json.dumps(given), content_type="application/json")


def test_a_payload_gives_alert_route_policy_and_timeline(bob: User) -> None:
    policy = cast.policy((600, [cast.always(bob, "Primary")]), name="Payments standard")
    routing.set_service_policy(cast.service(), policy=policy)
    answer = simulate(bob, kind="alertmanager", payload=FIRING, at=NIGHT)
    assert answer.status_code == 200
    found = answer.json()
    assert found["alert"]["title"] == "Error rate above 5%"
    assert found["alert"]["labels"]["service"] == "payments-api"
    assert (found["alert"]["action"], found["alert"]["urgency"]) == ("trigger", "high")
    assert found["route"] == {
        "service": "payments-api",
        "policy": "payments-standard",
        "urgency": "high",
        "why": "no route matched: the label service names the service",
        "nature": "",
        "not_paged": "",
        "declares": None,
    }
    assert found["policy"] == "payments-standard"
    asked, gives_up = found["timeline"]
    assert asked == {
        "at": NIGHT,
        "level": 1,
        "user": str(bob.pk),
        "name": "Bob Example",
        "channel": "email",
        "recipients": 1,
        "why": 'Level 1 of Payments standard: on call in Primary (layer "Weekly" (weekly, Monday 09:00 UTC)).'
        " There is no verified contact method, so by the sign-in e-mail.",
    }
    assert (gives_up["at"], gives_up["level"], gives_up["user"]) == (
        "2026-11-21T02:51:00.000000Z",
        None,
        None,
    )


def test_nothing_is_written(bob: User) -> None:
    cast.policy((600, [bob]), is_default=True)
    assert simulate(bob, kind="alertmanager", payload=FIRING).status_code == 200
    for model in (Alert, Escalation, Signal):
        assert not model.objects.exists()


def test_an_integration_brings_its_service_and_a_route_its_urgency(bob: User) -> None:
    policy = cast.policy((600, [bob]))
    ada = cast.ada()
    source, _ = cast.source(of=cast.service())
    match = [{"label": "region", "op": "equals", "value": "eu"}]
    routing.create_route(name="Europe", match=match, policy=policy, urgency="low", actor=ada)
    payload = {"title": "Slow", "labels": {"region": "eu"}, "severity": "critical"}
    found = simulate(bob, integration=str(source.pk), payload=payload).json()
    assert found["route"]["why"] == "route “Europe” matched region=eu"
    assert (found["route"]["urgency"], found["route"]["service"]) == ("low", "payments-api")


def test_without_a_policy_every_admin_is_told(bob: User) -> None:
    ada = cast.ada()
    found = simulate(bob, kind="generic", payload={"title": "Slow"}).json()
    assert (found["policy"], found["route"]["policy"]) == (None, None)
    assert found["timeline"][0]["user"] == str(ada.pk)


def test_what_cannot_be_understood_becomes_the_alert_that_says_so(bob: User) -> None:
    found = simulate(bob, kind="alertmanager", payload={"alerts": "all"}).json()
    assert found["alert"]["title"] == "A signal from alertmanager could not be understood"


def test_an_end_asks_nobody(bob: User) -> None:
    cast.policy((600, [bob]), is_default=True)
    resolved = {**FIRING, "status": "resolved", "alerts": [{**FIRING["alerts"][0], "status": "resolved"}]}  # type: ignore[dict-item]
    found = simulate(bob, kind="alertmanager", payload=resolved).json()
    assert (found["alert"]["action"], found["timeline"]) == ("resolve", [])
    empty = simulate(bob, kind="alertmanager", payload={**FIRING, "alerts": []}).json()
    assert empty == {"alert": None, "route": None, "policy": None, "timeline": []}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"payload": {}}, "non_field_errors"),
        ({"kind": "telegraph", "payload": {}}, "kind"),
        ({"kind": "generic"}, "payload"),
        ({"kind": "generic", "payload": {}, "at": "tomorrow"}, "at"),
        ({"integration": "987654", "payload": {}}, "integration"),
    ],
)
def test_a_bad_question_answers_400(bob: User, given: dict[str, Any], field: str) -> None:
    answer = simulate(bob, **given)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_viewers_and_strangers_are_refused(bob: User) -> None:
    assert simulate(cast.vera(), kind="generic", payload={"title": "Slow"}).status_code == 403
    assert Client().post("/api/v1/simulate/", "{}", content_type="application/json").status_code == 401
