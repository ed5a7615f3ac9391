from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from oncall.inbox import operations, queries
from postmortems.models import ActionItem
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def test_an_alert_that_is_no_incident_ends_and_its_rule_is_somebodys_work(client: Client) -> None:
    mona, bob = cast.mona(), cast.bob()
    alert = cast.alert("Disk is 80% full", of=cast.service())
    running = cast.escalation(alert, cast.policy((300, [bob])))
    client.force_login(bob)
    assert "No incident, but a bad alert?" in client.get(f"/alerts/{alert.pk}/").content.decode()
    for _ in range(2):
        assert client.post(f"/alerts/{alert.pk}/fix/", {"what": ""}).status_code == 302
    item = ActionItem.objects.get()
    assert (item.title, item.owner, item.kind) == ("Fix the alert “Disk is 80% full”", mona, "detect")
    assert item.due_on == timezone.localdate() + timedelta(days=14)
    alert.refresh_from_db()
    running.refresh_from_db()
    assert (alert.status, alert.verdict, running.status) == ("resolved", "not_actionable", "closed")
    page = client.get(f"/action-items/{item.pk}/").content.decode()
    assert f'href="/alerts/{alert.pk}/"' in page


def test_whoever_is_named_gets_it_with_their_words() -> None:
    bob = cast.bob()
    alert = cast.alert(of=cast.service())
    answer = cast.caller(bob).post(
        f"/api/v1/alerts/{alert.pk}/fix/",
        {"what": "Alert from 10 minutes on only", "owner": str(bob.pk)},
        format="json",
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "resolved")
    item = ActionItem.objects.get()
    assert (item.title, item.owner, item.created_by) == ("Alert from 10 minutes on only", bob, bob)
    listed = cast.caller(bob).get("/api/v1/action-items/").json()["results"]
    assert [row["about"] for row in listed] == [f"the alert “{alert.title}”"]


def test_who_made_the_source_comes_before_the_others_where_nobody_manages_the_team() -> None:
    alice, bob = cast.alice(), cast.bob()
    alert = cast.alert(of=cast.service())
    owners: list[User] = queries.fixers(bob, alert)
    assert [str(person) for person in owners[:2]] == ["Ada Example", "Bob Example"]
    assert alice in owners


def test_what_is_an_incident_is_not_waved_away() -> None:
    alice = cast.alice()
    alert = cast.alert(of=cast.service())
    operations.declare(alert, actor=alice)
    alert.refresh_from_db()
    with pytest.raises(operations.AlreadyPart):
        operations.ask_to_fix(alert, what="", owner=alice, actor=alice)
    assert not ActionItem.objects.exists()


def test_who_only_reads_ends_no_alert(client: Client) -> None:
    alert = cast.alert(of=cast.service())
    client.force_login(cast.vera())
    assert client.get(f"/alerts/{alert.pk}/fix/").status_code == 405
    assert client.post(f"/alerts/{alert.pk}/fix/").status_code == 403
    assert "bad alert?" not in client.get(f"/alerts/{alert.pk}/").content.decode()
    alert.refresh_from_db()
    assert (alert.status, ActionItem.objects.count()) == ("triggered", 0)
