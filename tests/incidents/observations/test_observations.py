from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from core.events import housekeeping
from core.events.models import Event
from core.outbox.models import Message
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import Incident
from incidents.observations import operations, queries
from incidents.observations.models import Observation
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db
KEY = "7c1f4b7e-2a55-4f0e-9c89-0a1d0c0b7a11"


def test_a_sentence_is_enough_and_pages_nobody(client: Client) -> None:
    bob, service = cast.bob(), cast.service()
    client.force_login(bob)
    form = {"text": "Login felt slow twice", "service": service.pk, "key": KEY}
    for _ in range(2):
        assert client.post("/observations/", form).status_code == 302
    row = Observation.objects.get()
    assert (row.text, row.service, row.noted_by, row.times) == ("Login felt slow twice", service, bob, 1)
    assert row.expires_at - row.noted_at > timedelta(days=6, hours=23)
    assert Event.objects.filter(name="observation.noted").count() == 1
    assert not Message.objects.exists()
    page = client.get("/observations/").content.decode()
    assert "Login felt slow twice" in page
    assert client.post("/observations/", {"text": " "}).status_code == 422


def test_what_is_not_seen_again_is_forgotten() -> None:
    bob = cast.bob()
    row, other = cast.observation(by=bob), cast.observation("Odd graph", by=bob)
    Observation.objects.update(expires_at=now() - timedelta(seconds=1))
    assert [found.pk for found in queries.listed(bob, over=True).rows] == [other.pk, row.pk]
    operations.seen_again(row, actor=bob)
    assert [(found.pk, found.times) for found in queries.listed(bob).rows] == [(row.pk, 2)]
    Observation.objects.update(expires_at=now() - timedelta(days=366))
    housekeeping.run()
    assert not Observation.objects.exists()


def test_it_is_settled_once_with_what_it_was(client: Client) -> None:
    bob = cast.bob()
    row = cast.observation(by=bob)
    client.force_login(bob)
    client.post(f"/observations/{row.pk}/settle/", {"why": ""})
    row.refresh_from_db()
    assert row.ended_at is None
    client.post(f"/observations/{row.pk}/settle/", {"why": "A new laptop"})
    row.refresh_from_db()
    assert (row.why, row.ended_by) == ("A new laptop", bob)
    for act in (
        lambda: operations.settle(row, why="Again", actor=bob),
        lambda: operations.seen_again(row, actor=bob),
        lambda: operations.declare(row, actor=bob),
    ):
        with pytest.raises(operations.Settled):
            act()
    assert not Incident.objects.exists()


def test_it_becomes_an_incident_with_everything_carried_over(client: Client) -> None:
    alice, bob, service = cast.alice(), cast.bob(), cast.service()
    cast.severity()
    row = cast.observation(by=bob, service=service)
    client.force_login(alice)
    page = client.get(f"/incidents/declare/?from=observation-{row.pk}").content.decode()
    assert 'value="Login felt slow twice"' in page
    assert f'value="{service.pk}" checked' in page
    form = {"title": "Login is slow", "services": [service.pk], "origin": f"observation-{row.pk}"}
    client.post("/incidents/declare/", form)
    incident = Incident.objects.get()
    row.refresh_from_db()
    assert (row.incident, incident.started_at, incident.title) == (incident, row.noted_at, "Login is slow")
    entry = incident.timeline.get(data__observation=row.pk)
    assert (entry.text, entry.actor, entry.at) == (
        "Noticed before: Login felt slow twice",
        bob,
        row.noted_at,
    )
    assert {each.user for each in incident.participants.select_related("user")} == {alice, bob}
    assert operations.declare(row, actor=bob) == incident


@pytest.mark.django_db(transaction=True)
def test_two_that_declare_it_at_once_declare_one_incident() -> None:
    alice = cast.alice()
    cast.severity()
    row = cast.observation(by=alice)

    def press(_: int) -> int:
        try:
            return operations.declare(row, actor=alice).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(press, range(6)))) == 1
    assert Incident.objects.count() == 1


def test_it_is_linked_to_an_incident_that_is_open_only(client: Client) -> None:
    bob = cast.bob()
    incident, row = cast.incident(), cast.observation(by=bob)
    over = lifecycle.resolve(cast.incident("Over"), actor=bob)
    client.force_login(bob)
    client.post(f"/observations/{row.pk}/link/", {"incident": over.number})
    with pytest.raises(operations.NotOpen):
        operations.link(row, incident=over, actor=bob)
    client.post(f"/observations/{row.pk}/link/", {"incident": incident.number})
    row.refresh_from_db()
    assert row.incident == incident


def test_what_became_a_private_incident_is_told_to_its_members_only(client: Client) -> None:
    alice, mallory = cast.alice(), cast.mallory()
    row = cast.observation("Strange logins", by=mallory)
    incident = cast.incident(by=alice, private=True)
    operations.link(row, incident=incident, actor=alice)
    assert list(queries.seen(alice)) == [row]
    assert not queries.seen(mallory).exists()
    client.force_login(mallory)
    assert "Strange logins" not in client.get("/observations/?show=over").content.decode()
    assert client.post(f"/observations/{row.pk}/seen-again/").status_code == 404


def test_who_only_reads_notes_nothing(client: Client) -> None:
    row = cast.observation(by=cast.bob())
    client.force_login(cast.vera())
    assert "Note it" not in client.get("/observations/").content.decode()
    assert client.post("/observations/", {"text": "x"}).status_code == 403
    for what in ("seen-again", "settle", "link"):
        assert client.get(f"/observations/{row.pk}/{what}/").status_code == 405
        assert client.post(f"/observations/{row.pk}/{what}/", {"why": "x"}).status_code == 403
    row.refresh_from_db()
    assert (Observation.objects.count(), row.times, row.ended_at) == (1, 1, None)


def test_many_notes_cost_as_much_as_one(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    bob = cast.bob()
    for n in range(60):
        cast.observation(f"Odd {n}", by=bob, service=cast.service(f"Service {n % 4}"))
    client.force_login(bob)
    with django_assert_max_num_queries(12):
        page = client.get("/observations/").content.decode()
    assert page.count("Seen again") == 50


def test_the_api_notes_settles_and_declares() -> None:
    bob, api = cast.bob(), "/api/v1/observations/"
    cast.severity()
    cast.service("Payments API")
    caller = cast.caller(bob)
    made = caller.post(api, {"text": "Odd", "service": "payments-api"}, format="json")
    assert (made.status_code, made.json()["service"]) == (201, "payments-api")
    path = f"{api}{made.json()['id']}/"
    assert caller.post(f"{path}seen-again/").json()["times"] == 2
    declared = caller.post(f"{path}declare/")
    assert (declared.status_code, declared.json()["incident"]) == (201, str(Incident.objects.get()))
    assert caller.post(f"{path}settle/", {"why": "x"}, format="json").status_code == 409
    assert [row["text"] for row in caller.get(f"{api}?ended_at__isnull=false").json()["results"]] == ["Odd"]
