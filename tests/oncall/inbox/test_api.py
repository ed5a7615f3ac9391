from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from core.events.models import Event
from tests import cast
from tests.oncall.escalation.test_api import caller

pytestmark = pytest.mark.django_db


def test_an_alert_is_snoozed_for_so_many_seconds() -> None:
    alert, api = cast.alert(), caller(cast.bob())
    answer = api.post(f"/api/v1/alerts/{alert.pk}/snooze/", {"duration_seconds": 7200}, format="json")
    assert answer.status_code == 200
    until = datetime.fromisoformat(answer.json()["snoozed_until"])
    assert abs(until - timezone.now() - timedelta(hours=2)) < timedelta(seconds=30)
    assert "alert.snoozed" in Event.objects.values_list("name", flat=True)


@pytest.mark.parametrize("given", [{}, {"duration_seconds": 59}, {"duration_seconds": "soon"}])
def test_a_snooze_without_a_span_answers_400(given: dict[str, object]) -> None:
    alert, api = cast.alert(), caller(cast.bob())
    assert api.post(f"/api/v1/alerts/{alert.pk}/snooze/", given, format="json").status_code == 400
    alert.refresh_from_db()
    assert alert.snoozed_until is None


def test_what_has_ended_cannot_be_snoozed_and_says_so() -> None:
    alert, api = cast.alert(), caller(cast.bob())
    api.post(f"/api/v1/alerts/{alert.pk}/resolve/")
    answer = api.post(f"/api/v1/alerts/{alert.pk}/snooze/", {"duration_seconds": 900}, format="json")
    assert (answer.status_code, answer.json()["detail"]) == (409, "The alert has ended.")


def test_giving_an_alert_back_ends_its_snooze() -> None:
    alert, api = cast.alert(), caller(cast.bob())
    api.post(f"/api/v1/alerts/{alert.pk}/acknowledge/")
    api.post(f"/api/v1/alerts/{alert.pk}/snooze/", {"duration_seconds": 900}, format="json")
    answer = api.post(f"/api/v1/alerts/{alert.pk}/unacknowledge/").json()
    assert (answer["status"], answer["snoozed_until"]) == ("triggered", None)


def test_the_last_verdict_on_an_alert_counts() -> None:
    alert, bob = cast.alert(), cast.bob()
    api, address = caller(bob), f"/api/v1/alerts/{alert.pk}/"
    early = api.post(f"{address}judge/", {"verdict": "worth_waking"}, format="json")
    assert (early.status_code, early.json()["detail"][:28]) == (409, "The alert is not over yet. R")
    api.post(f"{address}resolve/")
    for verdict in ("lacked_detail", "not_actionable", "not_actionable"):
        answer = api.post(f"{address}judge/", {"verdict": verdict}, format="json").json()
        assert (answer["verdict"], answer["judged_by"]) == (verdict, str(bob.pk))
    assert api.post(f"{address}judge/", {"verdict": "loud"}, format="json").status_code == 400
    assert Event.objects.filter(name="alert.judged").count() == 2
    listed = api.get("/api/v1/alerts/", {"verdict": "not_actionable"}).json()["results"]
    assert [each["id"] for each in listed] == [str(alert.pk)]
    assert api.get("/api/v1/alerts/", {"verdict": "false_alarm"}).json()["results"] == []
