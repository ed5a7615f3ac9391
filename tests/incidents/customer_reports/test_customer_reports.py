"""Support counts what customers report: how many, what, when (R092)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from core.events.models import Event
from incidents.customer_reports import operations, queries
from incidents.customer_reports.models import CustomerReport
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations.base import Ended
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice)


def texts(incident: Incident) -> list[str]:
    return list(incident.timeline.filter(kind="note").order_by("pk").values_list("text", flat=True))


def test_reports_are_added_up_and_what_is_taken_back_is_not_counted(incident: Incident, bob: User) -> None:
    key, began = uuid4(), now() - timedelta(minutes=20)
    for _ in range(2):
        operations.note(incident, text="Card declined", count=1200, at=began, key=key, actor=bob)
    wrong = operations.note(incident, text="Slow search", actor=bob)
    assert queries.total(incident) == 1201
    for _ in range(2):
        operations.take_back(wrong, actor=bob)
    assert queries.total(incident) == 1200
    assert texts(incident) == [
        "Reported by 1,200 customers: Card declined",
        "Reported by a customer: Slow search",
        "Not counted any more, reported by a customer: Slow search",
    ]
    assert incident.timeline.get(data__customer_report=CustomerReport.objects.get(key=key).pk).at == began
    said = Event.objects.filter(name="incident.customers_reported").order_by("pk")
    assert [event.payload["what"] for event in said] == ["noted", "noted", "taken_back"]


def test_a_report_has_words_and_a_number(incident: Incident, alice: User, bob: User) -> None:
    for wrong in ({"text": " "}, {"text": "x", "count": 0}, {"text": "x", "count": 1_000_001}):
        with pytest.raises(operations.NothingReported):
            operations.note(incident, actor=bob, **wrong)
    lifecycle.resolve(incident, actor=alice)
    operations.note(incident, text="Still fails here", actor=bob)  # this may be why it is opened again
    lifecycle.close(incident, actor=alice)
    with pytest.raises(Ended):
        operations.note(incident, text="Late", actor=bob)


def test_support_counts_by_a_plain_form_and_loses_nothing_that_was_typed(
    client: Client, incident: Incident, bob: User
) -> None:
    client.force_login(bob)
    path = f"/incidents/{incident}/for-support/"
    wrong = client.post(path, {"count": "0", "text": "<b>Card</b> declined"})
    assert wrong.status_code == 422
    assert "&lt;b&gt;Card&lt;/b&gt; declined" in wrong.content.decode()
    form = {"count": "3", "text": "Card declined", "key": str(uuid4())}
    for _ in range(2):
        assert client.post(path, form).status_code == 302
    row = CustomerReport.objects.get()
    assert (row.count, row.by) == (3, bob)
    assert client.post(f"/incidents/{incident}/customer-reports/{row.pk}/take-back/").status_code == 302
    assert "not counted" in client.get(path).content.decode()


def test_programs_count_too(incident: Incident, bob: User) -> None:
    program, path = cast.caller(bob), f"/api/v1/incidents/{incident}/customer-reports/"
    made = program.post(path, {"text": "Card declined", "count": 4}, format="json")
    assert (made.status_code, made.json()["count"]) == (201, 4)
    back = program.post(f"{path}{made.json()['id']}/take-back/", {}, format="json")
    assert back.json()["taken_back_at"] is not None
    assert program.get(path, {"taken_back_at__isnull": "true"}).json()["results"] == []
    hidden = cast.customer_report(cast.incident("Keys leaked", by=bob, private=True))
    stranger = cast.caller(cast.mallory())
    assert stranger.get(f"/api/v1/incidents/{hidden.incident}/customer-reports/").status_code == 404


def test_a_key_is_of_one_incident(incident: Incident, bob: User) -> None:
    key = uuid4()
    operations.note(incident, text="Card declined", key=key, actor=bob)
    with pytest.raises(operations.NotedElsewhere):
        operations.note(cast.incident("Search is stale", by=bob), text="Nothing found", key=key, actor=bob)
    assert CustomerReport.objects.count() == 1
