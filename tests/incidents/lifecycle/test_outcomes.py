from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from core.events.models import Event
from incidents.lifecycle import operations
from incidents.lifecycle.models import AcceptedRisk, Incident
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_false_alarm_needs_a_reason() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    with pytest.raises(operations.NoReason):
        operations.close(incident, actor=alice, outcome="false_alarm", reason=" ")
    incident.refresh_from_db()
    assert (incident.status, incident.outcome) == ("investigating", "")
    assert Incident.objects.counted().count() == 1
    operations.close(incident, actor=alice, outcome="false_alarm", reason="The probe was wrong")
    assert not Incident.objects.counted().exists()


@pytest.mark.parametrize(
    "form", [{}, {"risk": "x", "monitoring": "y"}, {"risk": " ", "monitoring": "y", "decided_by": "bob"}]
)
def test_an_accepted_risk_needs_the_three_facts(client: Client, form: dict[str, str]) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    given = {**form, **({"decided_by": str(bob.pk)} if "decided_by" in form else {})}
    assert client.post(f"/incidents/{incident}/edit/accept-risk/", given).status_code == 422
    assert not AcceptedRisk.objects.exists()
    assert Incident.objects.get().is_active


def test_an_accepted_risk_says_who_decided_in_the_room_and_on_the_timeline(client: Client) -> None:
    alice, vera = cast.alice(), cast.vera()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    form = {"risk": "Refunds wait a day.", "monitoring": "A report at 9.", "decided_by": vera.pk}
    for _ in range(2):
        assert client.post(f"/incidents/{incident}/edit/accept-risk/", form).status_code == 302
    incident.refresh_from_db()
    assert (incident.status, incident.outcome) == ("closed", "accepted_risk")
    entry = incident.timeline.get(kind="status")
    assert entry.text == (
        "Closed as accepted risk: Refunds wait a day. Watched by: A report at 9. Decided by Vera Example."
    )
    assert Event.objects.get(name="incident.closed").payload["outcome"] == "accepted_risk"
    room = client.get(f"/incidents/{incident}/").content.decode()
    assert "<dt>Decided by</dt><dd>Vera Example</dd>" in room
    # It was real: figures count it, unlike a false alarm.
    assert Incident.objects.counted().filter(declared_at__lte=timezone.now()).count() == 1


def test_what_is_open_again_is_no_accepted_risk() -> None:
    alice = cast.alice()
    accepted = operations.Acceptance("Refunds wait.", "A report.", alice)
    incident = operations.close(
        cast.incident(by=alice), actor=alice, outcome="accepted_risk", accepted=accepted
    )
    operations.reopen(incident, actor=alice, reason="It got worse")
    assert not AcceptedRisk.objects.exists()


def test_the_api_closes_with_the_three_facts_and_gives_them_back() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    caller, path = cast.caller(alice), f"/api/v1/incidents/{incident}/close/"
    wrong = caller.post(path, {"outcome": "accepted_risk", "risk": "x"}, format="json")
    assert (wrong.status_code, sorted(wrong.json()["errors"])) == (400, ["decided_by", "monitoring"])
    body = {
        "outcome": "accepted_risk",
        "risk": "Refunds wait.",
        "monitoring": "A report.",
        "decided_by": str(alice.pk),
    }
    said = caller.post(path, body, format="json").json()
    assert said["accepted_risk"] == {
        "risk": "Refunds wait.",
        "monitoring": "A report.",
        "decided_by": str(alice.pk),
    }
    assert (
        caller.get(f"/api/v1/incidents/{cast.incident('Other', by=alice)}/").json()["accepted_risk"] is None
    )
