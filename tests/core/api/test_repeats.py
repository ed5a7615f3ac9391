from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections

from core.accounts.models import Team
from core.api.models import Answer
from core.events.models import Event
from core.people.teams import operations as teams
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
TEAMS = "/api/v1/teams/"


def post(client: APIClient, key: str, body: object) -> object:
    return client.post(TEAMS, body, format="json", headers={"Idempotency-Key": key})


def test_the_same_key_and_body_are_done_once_and_answered_twice(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.ada())
    first = client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"})
    again = client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"] == "http://127.0.0.1:8000/teams/x/"
    assert again["Idempotent-Replay"] == "true"
    assert Event.objects.filter(name="team.created").count() == 1


def test_the_same_key_with_another_body_is_409(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.ada())
    client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"})
    answer = client.post(TEAMS, {"name": "Y"}, format="json", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "This Idempotency-Key was used for another request."
    assert not Team.objects.filter(name="Y").exists()


def test_a_key_belongs_to_one_person(as_token: Callable[..., APIClient]) -> None:
    client, other = as_token(cast.ada()), as_token(cast.person("Root", role="admin"))
    client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"})
    answer = other.post(TEAMS, {"name": "Y"}, format="json", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 201


def test_what_failed_can_be_sent_again_with_the_same_key(as_token: Callable[..., APIClient]) -> None:
    ada = cast.ada()
    client = as_token(ada)
    there = teams.create("X", actor=ada)
    assert (
        client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"}).status_code == 409
    )
    teams.rename(there, name="Z", actor=ada)
    Team.objects.filter(pk=there.pk).update(slug="z")
    assert (
        client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"}).status_code == 201
    )


def test_after_a_day_the_key_is_free_again(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.ada())
    client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"})
    with connection.cursor() as cursor:
        cursor.execute("update api_answer set created_at = now() - interval '25 hours'")
    answer = client.post(TEAMS, {"name": "Y"}, format="json", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 201
    assert Answer.objects.get().status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "ä"])
def test_a_key_that_is_none_is_400(as_token: Callable[..., APIClient], key: str) -> None:
    client = as_token(cast.ada())
    answer = client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert not Team.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_done_once(
    as_token: Callable[..., APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = cast.ada()
    clients = [as_token(ada), as_token(ada)]
    inside, go_on = threading.Event(), threading.Event()
    create = teams.create

    def slow(name: str, **kwargs: object) -> Team:
        inside.set()
        go_on.wait(5)
        return create(name, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(teams, "create", slow)
    answers: list[tuple[int, str]] = []

    def send(client: APIClient) -> None:
        try:
            answer = client.post(TEAMS, {"name": "X"}, format="json", headers={"Idempotency-Key": "k1"})
            answers.append((answer.status_code, answer.json()["slug"]))
        finally:
            connections.close_all()

    first = threading.Thread(target=send, args=[clients[0]])
    second = threading.Thread(target=send, args=[clients[1]])
    first.start()
    assert inside.wait(5)
    second.start()
    while not _somebody_waits():
        assert second.is_alive()
    go_on.set()
    first.join(10)
    second.join(10)
    assert answers == [(201, "x"), (201, "x")]
    assert Team.objects.count() == 1


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where not granted")
        row = cursor.fetchone()
    return bool(row and row[0])


def test_a_read_has_an_etag_and_is_not_sent_twice(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.mona())
    answer = client.get(f"{TEAMS}payments/")
    tag = answer["ETag"]
    unchanged = client.get(f"{TEAMS}payments/", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", tag)
    client.patch(f"{TEAMS}payments/", {"name": "Money"}, format="json")
    changed = client.get(f"{TEAMS}payments/", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag
    assert client.get(TEAMS)["ETag"]


def test_a_write_over_somebody_elses_change_is_412(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.mona())
    tag = client.get(f"{TEAMS}payments/")["ETag"]
    good = client.patch(f"{TEAMS}payments/", {"name": "Money"}, format="json", headers={"If-Match": tag})
    assert good.status_code == 200
    late = client.patch(f"{TEAMS}payments/", {"name": "Cash"}, format="json", headers={"If-Match": tag})
    assert (late.status_code, late["Content-Type"]) == (412, "application/problem+json")
    assert Team.objects.get().name == "Money"
    any_state = client.patch(f"{TEAMS}payments/", {"name": "Cash"}, format="json", headers={"If-Match": "*"})
    assert any_state.status_code == 200


def test_the_etag_of_a_write_can_be_used_for_the_next(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.mona())
    written = client.patch(f"{TEAMS}payments/", {"name": "Money"}, format="json")
    assert written["ETag"] == client.get(f"{TEAMS}payments/")["ETag"]


def test_too_many_requests_wait_and_others_do_not(
    as_token: Callable[..., APIClient], settings: object
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3  # type: ignore[attr-defined]
    busy, quiet = as_token(cast.alice(), "read"), as_token(cast.bob(), "read")
    statuses = [busy.get(TEAMS).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    answer = busy.get(TEAMS)
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert answer["Content-Type"] == "application/problem+json"
    assert quiet.get(TEAMS).status_code == 200


def test_without_the_cache_everything_passes(
    as_token: Callable[..., APIClient], settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1  # type: ignore[attr-defined]
    client = as_token(cast.alice(), "read")

    def away(*_: object) -> bool:
        raise ConnectionError("no Redis")

    monkeypatch.setattr("core.api.throttles.cache.add", away)
    monkeypatch.setattr("core.api.throttles.PerToken.quiet_until", 0.0)
    assert [client.get(TEAMS).status_code for _ in range(3)] == [200, 200, 200]
