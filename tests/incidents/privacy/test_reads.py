"""Who looks at a private incident is written down: once in a short while, by which way, for its members to read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F
from django.test import Client

from core.events.models import Event
from incidents.lifecycle import operations as lifecycle
from incidents.models import Incident, PrivateRead
from incidents.privacy import operations
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(alice: User, bob: User) -> Incident:
    found = cast.incident("Stolen keys", by=alice, private=True)
    lifecycle.invite(found, user=bob, actor=alice)
    return found


def looks(incident: Incident) -> list[tuple[str, str]]:
    rows = PrivateRead.objects.filter(incident=incident).select_related("user").order_by("pk")
    return [(row.user.name.split()[0], row.way) for row in rows]


def test_a_room_that_asks_again_and_again_is_one_look(incident: Incident, bob: User) -> None:
    client = cast.sign_in(Client(), bob)
    for path in ("", "-/head/", "-/timeline/", "-/picture/", "-/head/", ""):
        assert client.get(f"/incidents/{incident}/{path}").status_code == 200
    assert looks(incident) == [("Bob", "screen")]
    event = Event.objects.get(name="incident.read")
    assert (event.subject_id, event.actor, event.payload["way"]) == (incident.pk, bob, "screen")


def test_a_later_look_is_another_one(incident: Incident, bob: User) -> None:
    client = cast.sign_in(Client(), bob)
    client.get(f"/incidents/{incident}/")
    PrivateRead.objects.update(begun_at=F("begun_at") - timedelta(minutes=15))
    client.get(f"/incidents/{incident}/")
    assert looks(incident) == [("Bob", "screen")] * 2


@pytest.mark.parametrize("path", ["", "timeline/", "updates/", "tasks/"])
def test_programs_are_noted_as_such(incident: Incident, bob: User, path: str) -> None:
    assert cast.caller(bob).get(f"/api/v1/incidents/{incident}/{path}").status_code == 200
    assert looks(incident) == [("Bob", "api")]


def test_who_gets_it_in_a_list_has_read_it(incident: Incident, bob: User) -> None:
    assert cast.caller(bob).get("/api/v1/incidents/").status_code == 200
    assert looks(incident) == [("Bob", "api")]


def test_an_export_of_its_postmortem_is_noted(incident: Incident, bob: User) -> None:
    from postmortems.reports import operations as postmortems  # noqa: PLC0415

    postmortems.open_draft(incident.pk, actor=bob)
    client = cast.sign_in(Client(), bob)
    assert client.get(f"/postmortems/{incident}/export.md").status_code == 200
    assert cast.caller(bob).get(f"/api/v1/postmortems/{incident}/export/").status_code == 200
    assert looks(incident) == [("Bob", "export")]


def test_who_was_refused_has_not_read(incident: Incident) -> None:
    mallory = cast.mallory()
    assert cast.sign_in(Client(), mallory).get(f"/incidents/{incident}/").status_code == 404
    assert cast.caller(mallory).get("/api/v1/incidents/").status_code == 200
    assert looks(incident) == []


def test_what_everybody_may_see_is_not_written_down(bob: User) -> None:
    public = cast.incident()
    cast.sign_in(Client(), bob).get(f"/incidents/{public}/")
    assert not PrivateRead.objects.exists()


def test_members_read_who_read(incident: Incident, alice: User, bob: User, ada: User) -> None:
    cast.sign_in(Client(), bob).get(f"/incidents/{incident}/")
    operations.open_up(ref=str(incident), actor=ada, reason="The bank is on the phone")
    cast.sign_in(Client(), ada).get(f"/incidents/{incident}/")
    page = cast.sign_in(Client(), alice).get(f"/incidents/{incident}/readers/").content.decode()
    assert "Bob Example" in page
    assert "Emergency access" in page
    rows = cast.caller(alice).get(f"/api/v1/incidents/{incident}/reads/").json()["results"]
    assert {(row["user"], row["by_emergency"]) for row in rows} == {
        (str(alice.pk), False),
        (str(bob.pk), False),
        (str(ada.pk), True),
    }


@pytest.mark.parametrize("path", ["/incidents/{}/readers/", "/api/v1/incidents/{}/reads/"])
def test_others_do_not_read_who_read(incident: Incident, path: str) -> None:
    for who in (cast.mallory(), cast.ada()):
        assert cast.sign_in(Client(), who).get(path.format(incident)).status_code == 404


def test_the_list_takes_as_many_queries_for_many_as_for_one(
    incident: Incident, alice: User, django_assert_max_num_queries: object
) -> None:
    client = cast.sign_in(Client(), alice)
    for name in "abcdefghij":
        person = cast.person(name)
        lifecycle.join(incident, user=person)
        cast.sign_in(Client(), person).get(f"/incidents/{incident}/")
    client.get(f"/incidents/{incident}/readers/")
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        assert client.get(f"/incidents/{incident}/readers/").status_code == 200
