"""The living parts of a room in one answer: drawn once for who sees them alike, and never for anybody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.live.shared import shelf
from incidents.lifecycle import operations as lifecycle
from incidents.room import queries as room
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    import time_machine

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture(autouse=True)
def _an_empty_shelf() -> Iterator[None]:
    yield
    shelf.forget()


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident("Login fails", by=alice)


def parts(client: Client, *paths: str, at: str = "") -> dict[str, Any]:
    query = "&".join(f"r={quote(path)}&at={at}" for path in paths)
    answer = client.get(f"/regions/?{query}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def browser(person: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    return client


def test_many_parts_come_in_one_answer(
    incident: Incident, alice: User, time_machine: time_machine.TimeMachineFixture
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    head, timeline = f"/incidents/{incident}/-/head/", f"/incidents/{incident}/-/timeline/?show=key"
    client = browser(alice)
    found = parts(client, head, timeline)
    assert list(found) == [head, timeline]
    for path in (head, timeline):
        alone = client.get(path).content.decode()
        assert TOKEN.sub("", found[path]) == TOKEN.sub("", alone)


@pytest.mark.parametrize(
    "path", ["/", "/incidents/", "/nowhere/", "//evil.example/", "/accounts/logout/", ""]
)
def test_only_parts_are_given(alice: User, path: str) -> None:
    assert parts(browser(alice), path) == {}


def test_strangers_are_sent_to_the_door(incident: Incident) -> None:
    assert Client().get(f"/regions/?r=/incidents/{incident}/-/head/").status_code == 302


def test_who_may_not_see_it_gets_nothing_of_what_was_drawn_for_others(
    alice: User, bob: User, carol: User
) -> None:
    hidden = cast.incident("Leak", by=alice, private=True)
    lifecycle.join(hidden, user=carol)
    path = f"/incidents/{hidden}/-/timeline/"
    assert path in parts(browser(carol), path, at="@1")
    assert parts(browser(bob), path, at="@1") == {}


def test_it_is_drawn_once_for_all_who_see_it_alike_and_anew_after_a_change(
    incident: Incident, alice: User, bob: User, carol: User
) -> None:
    path = f"/incidents/{incident}/-/timeline/"
    first = parts(browser(bob), path, at="@1")[path]
    lifecycle.add_entry(incident, kind="note", text="The pool is full", actor=alice)
    with CaptureQueriesContext(connection) as asked:
        again = parts(browser(carol), path, at="@1")[path]
    assert again == first
    assert not [one for one in asked.captured_queries if "timelineentry" in one["sql"]]
    assert "The pool is full" in parts(browser(carol), path, at="@2")[path]
    assert "The pool is full" in parts(browser(carol), path)[path]


def test_a_form_carries_the_token_of_whoever_asks(incident: Incident, bob: User, carol: User) -> None:
    path = f"/incidents/{incident}/-/head/"
    for person in (bob, carol):
        client = browser(person)
        token = TOKEN.search(parts(client, path, at="@1")[path])
        assert token is not None
        joined = client.post(f"/incidents/{incident}/join/", {"csrfmiddlewaretoken": token[1]})
        assert joined.status_code == 302
    assert incident.participants.filter(user__in=[bob, carol]).count() == 2


def test_who_comes_to_know_more_while_it_is_drawn_leaves_nothing_for_others(
    incident: Incident, alice: User, bob: User, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/incidents/{incident}/-/timeline/"
    draw = room.log

    def admitted_meanwhile(*args: Any, **given: Any) -> Any:
        lifecycle.join(cast.incident("Leak", by=alice, private=True), user=bob)
        monkeypatch.setattr(room, "log", draw)
        return draw(*args, **given)

    monkeypatch.setattr(room, "log", admitted_meanwhile)
    parts(browser(bob), path, at="@1")
    lifecycle.add_entry(incident, kind="note", text="The pool is full", actor=alice)
    assert "The pool is full" in parts(browser(carol), path, at="@1")[path]


def test_whom_the_room_speaks_to_sees_their_own(incident: Incident, alice: User, bob: User) -> None:
    path = f"/incidents/{incident}/-/head/"
    lifecycle.assign_role(incident, role_slug="commander", user=alice, actor=alice)
    others = parts(browser(bob), path, at="@1")[path]
    own = parts(browser(alice), path, at="@1")[path]
    assert ">you<" in own
    assert ">you<" not in others


def test_what_a_person_does_is_drawn_for_them_at_once(incident: Incident, bob: User) -> None:
    path = f"/incidents/{incident}/-/head/"
    client = browser(bob)
    parts(client, path, at="@1")
    lifecycle.join(incident, user=bob)
    assert "join/" not in parts(client, path, at="@1")[path]
