"""By when it may work again: said, changed, taken back, shown to whoever waits, and to customers where allowed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from core.events import bus
from core.events.models import Event
from core.outbox.models import Message
from incidents.estimates import operations, queries
from incidents.estimates.models import Estimate
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations.base import ChangedMeanwhile, Ended
from incidents.readouts import queries as readouts
from incidents.updates import operations as updates
from incidents.updates import queries as update_queries
from incidents.updates.operations import telling
from statuspage.components import operations as components
from statuspage.models import Notice
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


def soon(hours: float = 1) -> datetime:
    return now().replace(microsecond=0) + timedelta(hours=hours)


def texts(incident: Incident) -> list[str]:
    return list(incident.timeline.filter(kind="picture").order_by("pk").values_list("text", flat=True))


def heard() -> None:
    while bus.deliver_due():
        pass


def on_a_page(by: User) -> Incident:
    page = components.create_page(actor=None, name="Alder Pay", slug="alder-pay")
    components.add_component(page, actor=None, name="Card payments", service=cast.service())
    return cast.incident(by=by, services=[cast.service()])


def test_each_estimate_stands_on_the_timeline_and_the_latest_counts(incident: Incident, alice: User) -> None:
    first, second = soon(1), soon(2)
    for _ in range(2):  # pressed twice
        operations.estimate(incident, restored_at=first, why="The restore runs", actor=alice)
    operations.estimate(incident, restored_at=second, actor=alice)
    assert Estimate.objects.count() == 2
    found = queries.current(incident)
    assert found is not None
    assert found.restored_at == second
    operations.estimate(incident, restored_at=None, why="The restore broke off", actor=alice)
    assert queries.current(incident) is None
    begun, moved, gone = texts(incident)
    assert (
        begun == f"Expected to work again by {first:%a} {first.day} {first:%b %Y %H:%M} UTC. The restore runs"
    )
    assert moved.startswith("Expected to work again now by ")
    assert gone == "By when it works again is not known any more. The restore broke off"
    said = Event.objects.filter(name="incident.estimate_changed")
    assert [event.payload["public"] for event in said.order_by("pk")] == [False, False, False]


def test_other_grounds_for_the_same_time_are_said_too(
    client: Client, incident: Incident, alice: User
) -> None:
    at = soon(3).replace(second=0)
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/estimate/"
    for why in ("A guess", "The restore runs", "The restore runs", ""):
        form = {"restored_at": f"{at:%Y-%m-%dT%H:%M}", "why": why}
        assert client.post(path, form).status_code == 302
    assert [row.why for row in Estimate.objects.order_by("pk")] == ["A guess", "The restore runs"]
    begun, again = texts(incident)
    assert begun.endswith("UTC. A guess")
    assert again == begun.replace("A guess", "The restore runs")
    for why in ("", "The restore broke off"):
        operations.estimate(incident, restored_at=None, why=why, actor=alice)
    assert texts(incident)[-1] == "By when it works again is not known any more. The restore broke off"


def test_what_cannot_be_is_refused_with_a_sentence(incident: Incident, alice: User) -> None:
    for wrong in (now() - timedelta(minutes=1), now() + timedelta(days=91)):
        with pytest.raises(operations.NotAhead):
            operations.estimate(incident, restored_at=wrong, actor=alice)
    with pytest.raises(ChangedMeanwhile):
        operations.estimate(incident, restored_at=soon(), version=incident.version + 1, actor=alice)
    hidden = cast.incident("Keys leaked", by=alice, private=True)
    with pytest.raises(operations.NotForCustomers):
        operations.estimate(hidden, restored_at=soon(), public=True, actor=alice)
    lifecycle.move(incident, to="monitoring", actor=alice)
    with pytest.raises(operations.WorksAgain):
        operations.estimate(incident, restored_at=soon(), actor=alice)
    lifecycle.resolve(incident, actor=alice)
    with pytest.raises(Ended):
        operations.estimate(incident, restored_at=None, actor=alice)
    assert not Estimate.objects.exists()


def test_once_it_works_again_there_is_nothing_to_wait_for(incident: Incident, alice: User) -> None:
    operations.estimate(incident, restored_at=soon(), actor=alice)
    lifecycle.move(incident, to="monitoring", actor=alice)
    incident.refresh_from_db()
    assert queries.current(incident) is None


def test_once_its_time_has_passed_nobody_is_told_it(client: Client, alice: User) -> None:
    incident = on_a_page(alice)
    lifecycle.invite(incident, user=cast.bob(), actor=alice)
    operations.estimate(incident, restored_at=soon(), actor=alice)
    operations.estimate(incident, restored_at=soon(2), public=True, actor=alice)
    updates.publish(incident, audience="internal", text="Cards fail.", actor=alice)
    updates.publish(incident, audience="public", text="Cards fail.", actor=alice)
    heard()
    client.force_login(alice)
    notices = cast.caller(alice)
    mail = Message.objects.filter(client=telling.TOLD).earliest("pk")
    for told in (True, False):
        assert ("work again by" in client.get("/status/alder-pay/").content.decode()) is told
        notice = notices.get("/api/v1/notices/").json()["results"][0]
        assert (notice["restored_by"] is not None) is told
        assert ("Expected to work again" in telling.render(mail).text) is told
        assert bool(update_queries.facts(incident, public=True, at=now())["restored_by"]) is told
        assert ("Expected to work again by about" in str(readouts.summary(incident))) is told
        room = client.get(f"/incidents/{incident}/-/picture/").content.decode()
        assert ("Works again by about" in room) is told
        passed = now() - timedelta(seconds=1)
        Estimate.objects.filter(public=True).update(restored_at=passed)
        Notice.objects.update(restored_by=passed)
    assert queries.current(incident) is None  # nor does the one before it count again


def test_customers_read_it_where_somebody_lets_them_and_no_longer_than_it_holds(alice: User) -> None:
    incident = on_a_page(alice)
    updates.publish(incident, audience="public", text="Cards fail.", actor=alice)
    heard()
    operations.estimate(incident, restored_at=soon(1), actor=alice)
    heard()
    notice = Notice.objects.get()
    assert notice.restored_by is None
    at = soon(2)
    operations.estimate(incident, restored_at=at, public=True, actor=alice)
    heard()
    notice.refresh_from_db()
    assert notice.restored_by == at
    lifecycle.move(incident, to="monitoring", actor=alice)
    heard()
    notice.refresh_from_db()
    assert notice.restored_by is None


def test_the_public_page_says_it(client: Client, alice: User) -> None:
    incident = on_a_page(alice)
    operations.estimate(incident, restored_at=soon(2), public=True, actor=alice)
    updates.publish(incident, audience="public", text="Cards fail.", actor=alice)
    heard()
    page = client.get("/status/alder-pay/").content.decode()
    assert "We expect it to work again by about" in page


def test_who_is_told_of_an_update_reads_it_in_their_own_zone(alice: User) -> None:
    bob = cast.person("Bob", zone="Asia/Tokyo")
    incident = cast.incident(by=alice)
    lifecycle.invite(incident, user=bob, actor=alice)
    at = soon()
    operations.estimate(incident, restored_at=at, actor=alice)
    updates.publish(incident, audience="internal", text="Cards fail.", actor=alice)
    mail = telling.render(Message.objects.get(client=telling.TOLD, user=bob))
    there = at + timedelta(hours=9)
    assert f"Expected to work again by about {there:%a} {there.day} {there:%b %Y %H:%M} JST." in mail.text


def test_it_is_said_changed_and_seen_in_the_room(client: Client, incident: Incident, alice: User) -> None:
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/estimate/"
    assert "Works again by about" in client.get(path).content.decode()
    wrong = client.post(path, {"restored_at": "2020-01-01T10:00", "why": "A guess"})
    assert wrong.status_code == 422
    assert "Name a time that is still to come" in wrong.content.decode()
    assert 'value="A guess"' in wrong.content.decode()
    at = soon(3)
    assert client.post(path, {"restored_at": f"{at:%Y-%m-%dT%H:%M}"}).status_code == 302
    assert "Works again by about" in client.get(f"/incidents/{incident}/-/picture/").content.decode()
    client.force_login(cast.vera())
    assert client.post(path, {"restored_at": f"{at:%Y-%m-%dT%H:%M}"}).status_code == 403


def test_programs_say_and_read_it(incident: Incident, alice: User) -> None:
    program, path, at = cast.caller(alice), f"/api/v1/incidents/{incident}/estimates/", soon()
    assert program.post(path, {"restored_at": None}, format="json").status_code == 204
    made = program.post(path, {"restored_at": at.isoformat(), "why": "Restore"}, format="json")
    assert (made.status_code, made.json()["by_name"], made.json()["public"]) == (201, "Alice Example", False)
    assert program.post(path, {"restored_at": "2020-01-01T00:00:00Z"}, format="json").status_code == 409
    assert [row["why"] for row in program.get(path).json()["results"]] == ["Restore"]
    hidden = cast.incident("Keys leaked", by=alice, private=True)
    assert cast.caller(cast.mallory()).get(f"/api/v1/incidents/{hidden}/estimates/").status_code == 404
