from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from core.accounts import events
from core.accounts.models import User
from core.events import bus, visibility
from core.events.models import Event
from core.tokens import operations as tokens
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def api(user: User) -> APIClient:
    _, secret = tokens.create(user, name="x", scopes=["read", "admin"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_every_event_says_who_may_read_it() -> None:
    for_admins_alone = {
        "emergency_access",
        "user",
        "team",
        "token",
        "contact_method",
        "notification_rules",
        "absences",
        "message",
        "install",
        "alarm",
        "last_resort",
        "night_limit",
        "signal",
        "weekly_summary",
    }
    undecided = {name for name in bus.REGISTRY if visibility.of(name) is None}
    assert {name.partition(".")[0] for name in undecided} <= for_admins_alone


def browser(user: User) -> Client:
    client = Client()
    client.post(
        "/accounts/login/", {"login": user.email, "password": cast.PASSWORD}, REMOTE_ADDR="203.0.113.9"
    )
    return client


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The people whose `user.…` events nobody may read, as those of a private thing."""
    found: set[int] = set()
    monkeypatch.setattr(
        visibility,
        "_subjects",
        {"user": lambda user: User.objects.exclude(pk__in=found), "team": lambda user: User.objects.none()},
    )
    return found


def test_an_admin_reads_who_did_what_from_where() -> None:
    ada = cast.ada()
    page = browser(ada).get("/audit/").content.decode()
    assert "user.signed_in" in page.split("<tbody>")[1]
    assert "203.0.113.9" in page
    rows = api(ada).get("/api/v1/audit/").json()["results"]
    first = next(row for row in rows if row["name"] == "user.signed_in")
    assert (first["actor"], first["actor_name"], first["address"]) == (
        str(ada.pk),
        "Ada Example",
        "203.0.113.9",
    )
    assert set(first) == {"id", "name", "occurred_at", "actor", "subject_id", "data", "actor_name", "address"}
    assert first["occurred_at"].endswith("Z")


@pytest.mark.parametrize("who", ["vera", "alice", "mona"])
def test_nobody_else_reads_the_record(who: str) -> None:
    person = getattr(cast, who)()
    assert browser(person).get("/audit/").status_code == 403
    assert api(person).get("/api/v1/audit/").status_code == 403
    assert "/audit/" not in browser(person).get("/me/").content.decode()


def test_the_record_is_filtered() -> None:
    ada, bob = cast.ada(), cast.bob()
    browser(bob)
    client = browser(ada)

    def rows(query: str) -> int:
        return client.get(f"/audit/?{query}").content.decode().split("<tbody>")[-1].count("<tr>")

    assert rows("name=user.signed_in") == 2
    assert rows(f"name=user.signed_in&actor={bob.pk}") == 1
    assert "Nothing here yet" in client.get("/audit/?name=token.created").content.decode()
    assert client.get("/audit/?actor=99999999999999&page=zz").status_code == 200


def test_what_is_hidden_even_from_this_admin_is_in_neither_list(hidden: set[int]) -> None:
    ada, bob = cast.ada(), cast.bob()
    with transaction.atomic():
        bus.emit(events.UserRoleChanged(bob.pk, "viewer", "responder"), actor=ada)
        bus.emit(events.UserRoleChanged(ada.pk, "viewer", "admin"), actor=ada)
    hidden.add(bob.pk)
    client = api(ada)
    for path in ("audit", "events"):
        rows = client.get(f"/api/v1/{path}/?name=user.role_changed").json()["results"]
        assert [row["subject_id"] for row in rows] == [str(ada.pk)]
    event = Event.objects.get(name="user.role_changed", subject_id=bob.pk)
    assert client.get(f"/api/v1/audit/{event.pk}/").status_code == 404
    assert "viewer" in browser(ada).get("/audit/?name=user.role_changed").content.decode()


def test_the_stream_shows_a_person_what_they_may_see_and_nothing_of_others(hidden: set[int]) -> None:
    alice, bob, ada = cast.alice(), cast.bob(), cast.ada()
    with transaction.atomic():
        first = bus.emit(events.UserSignedIn(alice.pk))
        bus.emit(events.TeamCreated(1, "Secret"), actor=ada)
        second = bus.emit(events.UserSignedIn(bob.pk))
    client = api(alice)
    body = client.get("/api/v1/events/").json()
    assert [row["id"] for row in body["results"]] == [str(first.pk), str(second.pk)]
    body = client.get(f"/api/v1/events/?after={first.pk}").json()
    assert [row["id"] for row in body["results"]] == [str(second.pk)]
    assert set(body["results"][0]) == {"id", "name", "occurred_at", "actor", "subject_id", "data"}


def test_the_record_asks_a_bounded_number_of_questions(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ada = cast.ada()
    client = browser(ada)
    with transaction.atomic():
        bus.emit_all([events.UserSignedIn(ada.pk)] * 60, actor=ada)
    with django_assert_max_num_queries(12):
        client.get("/audit/")
