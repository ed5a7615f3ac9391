"""Who has the room open, as the room and the API say it: to those who may see the incident, and to nobody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.live import presence, registry
from core.live.presence import Person
from tests import cast
from tests.incidents.room.test_api import API, as_token
from tests.incidents.room.test_views import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(alice: User) -> Iterator[Incident]:
    cache.clear()
    made = cast.incident("Checkout fails", by=alice)
    yield made
    empty(made)


@pytest.fixture
def secret(alice: User) -> Iterator[Incident]:
    cache.clear()
    made = cast.incident("Payroll data was copied", by=alice, private=True)
    yield made
    empty(made)


def empty(incident: Incident) -> None:
    presence._redis().delete(f"{presence.PREFIX}incident-{incident.pk}")


def sits(incident: Incident, *people: User | Person) -> None:
    """Let people have the room open."""
    for n, one in enumerate(people):
        kept = presence.seat(f"seat {n}", Person(one.pk, str(one), one.initials))
        key = f"{presence.PREFIX}incident-{incident.pk}"
        presence._redis().eval(presence.SIT, 1, key, presence.SECONDS, kept, "NX")


def box(page: str) -> str:
    found = re.search(r'<details [^>]*id="here".*?</details>', page, re.DOTALL)
    assert found
    return found[0]


def test_the_room_says_how_many_are_here_and_who(client: Client, incident: Incident, alice: User) -> None:
    bob, vera = cast.bob(), cast.vera()
    sits(incident, alice, bob, bob)
    shown = box(text(client, f"/incidents/{incident}/", vera))
    assert "2 here now" in shown
    assert re.findall(r"<li>.*?<span>([^<]+)</span></span></li>", shown) == [str(alice), str(bob)]
    assert " hidden" not in shown
    assert "2 here now" in box(text(client, f"/incidents/{incident}/-/head/", vera))
    assert f'data-live-here="incident-{incident.pk}"' in text(client, f"/incidents/{incident}/", bob)
    assert registry.is_attended(f"incident-{incident.pk}")
    assert not registry.is_attended("board")


def test_where_nobody_is_known_to_be_nothing_is_said(client: Client, incident: Incident, alice: User) -> None:
    assert "data-pop hidden" in box(text(client, f"/incidents/{incident}/", alice))


def test_many_are_counted_and_the_first_are_named(client: Client, incident: Incident, alice: User) -> None:
    sits(incident, *(Person(n, f"Person {n:03}", "PX") for n in range(1, 501)))
    shown = box(text(client, f"/incidents/{incident}/", alice))
    assert "500 here now" in shown
    assert "and 480 more" in shown
    assert shown.count('class="who"') == 20
    assert shown.count('role="img"') == 5
    assert ">+495<" in shown


def test_it_costs_no_statement(client: Client, incident: Incident, alice: User) -> None:
    client.force_login(alice)
    path = f"/incidents/{incident}/"
    client.get(path)
    asked = []
    for people in ([], [alice, cast.bob(), cast.vera()]):
        sits(incident, *people)
        with CaptureQueriesContext(connection) as captured:
            assert f"{len(people)} here now" in client.get(path).content.decode()
        asked.append(len(captured))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("who", ["mallory", "ada", "vera"])
def test_who_is_on_a_private_incident_is_told_to_its_members_alone(
    client: Client, secret: Incident, alice: User, who: str
) -> None:
    sits(secret, alice)
    outsider = getattr(cast, who)()
    client.force_login(outsider)
    for path in (f"/incidents/{secret}/", f"/incidents/{secret}/-/head/", "/incidents/"):
        assert "here now" not in client.get(path).content.decode()
    token = as_token(outsider)
    absent, invisible = token.get(f"{API}INC-999/presence/"), token.get(f"{API}{secret}/presence/")
    assert absent.status_code == invisible.status_code == 404
    assert absent.content == invisible.content
    assert as_token(alice).get(f"{API}{secret}/presence/").json()["number"] == 1


@pytest.mark.parametrize("page", ["for-stakeholders", "for-support", "executive-summary"])
def test_who_waits_is_not_told_and_is_not_counted(
    client: Client, incident: Incident, alice: User, page: str
) -> None:
    sits(incident, alice)
    shown = text(client, f"/incidents/{incident}/{page}/", cast.bob())
    assert "here now" not in shown
    assert "data-live-here" not in shown


def test_programs_read_the_same(incident: Incident, alice: User) -> None:
    bob = cast.bob()
    sits(incident, bob, alice)
    answer = as_token(cast.vera(), "read").get(f"{API}{incident}/presence/")
    assert answer.json() == {
        "number": 2,
        "people": [{"user": str(one.pk), "name": one.name} for one in (alice, bob)],
    }
