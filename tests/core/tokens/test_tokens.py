from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from core.events.models import Event
from core.tokens import operations, queries, rules
from core.tokens.models import ApiToken
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def test_a_token_is_32_characters_of_chance_and_only_its_hash_is_kept() -> None:
    alice = cast.alice()
    token, secret = operations.create(alice, name="deploy", scopes=["read"])
    assert secret.startswith("wb_")
    assert len(secret) == 35
    assert token.token_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert token.prefix == secret[:11]
    with connection.cursor() as cursor:
        cursor.execute("select t::text from tokens_apitoken t union all select e::text from events_event e")
        assert all(secret not in row and secret[11:] not in row for (row,) in cursor.fetchall())
    assert queries.find(secret) == token


@pytest.mark.parametrize(
    "text", ["", "wb_", "wb_" + "a" * 31, "wb_" + "a" * 33, "xx_" + "a" * 32, "wb_" + "ä" * 32]
)
def test_what_cannot_be_a_token_is_not_even_looked_up(
    text: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert queries.find(text) is None


def test_no_two_tokens_are_alike() -> None:
    assert len({rules.make() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "root"]])
def test_a_token_needs_scopes_that_exist(scopes: list[str]) -> None:
    with pytest.raises(operations.NoScope):
        operations.create(cast.alice(), name="x", scopes=scopes)
    assert not ApiToken.objects.exists()


def test_making_first_use_and_revoking_are_recorded() -> None:
    alice = cast.alice()
    token, secret = operations.create(alice, name="deploy", scopes=["write", "read"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    client.get("/api/v1/users/me/", REMOTE_ADDR="203.0.113.4")
    client.get("/api/v1/users/me/")
    operations.revoke(alice, token_id=token.pk, actor=alice)
    assert [(event.name, event.actor_id) for event in Event.objects.order_by("id")] == [
        ("token.created", alice.pk),
        ("token.used_first", alice.pk),
        ("token.revoked", alice.pk),
    ]
    assert Event.objects.get(name="token.created").payload["scopes"] == ["read", "write"]
    token.refresh_from_db()
    assert token.last_used_address == "203.0.113.4"


def test_use_is_noted_at_most_once_a_minute() -> None:
    _, secret = operations.create(cast.alice(), name="x", scopes=["read"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def used() -> object:
        client.get("/api/v1/users/me/")
        return ApiToken.objects.get().last_used_at

    first = used()
    assert used() == first
    ApiToken.objects.update(last_used_at="2026-01-01T00:00Z")
    assert used() == first  # the clock of one transaction stands still


def test_a_person_revokes_their_own_tokens_only() -> None:
    alice, bob = cast.alice(), cast.bob()
    token, secret = operations.create(alice, name="x", scopes=["read"])
    assert not operations.revoke(bob, token_id=token.pk, actor=bob)
    assert queries.find(secret) == token
    assert operations.revoke(alice, token_id=token.pk, actor=alice)
    assert not operations.revoke(alice, token_id=token.pk, actor=alice)
    assert queries.find(secret) is None


def test_the_command_prints_the_token_alone_on_its_last_line() -> None:
    alice = cast.alice()
    out, err = io.StringIO(), io.StringIO()
    call_command(
        "token",
        "create",
        "--email",
        "Alice@example.com",
        "--name",
        "ci",
        "--scopes",
        "read, page",
        "--days",
        "7",
        stdout=out,
        stderr=err,
    )
    token = queries.find(out.getvalue().splitlines()[-1])
    assert token is not None
    assert (token.user_id, token.name, token.scopes) == (alice.pk, "ci", ["read", "page"])
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days in {6, 7}


@pytest.mark.parametrize(
    ("email", "scopes", "days"),
    [
        ("nobody@example.com", "read", "1"),
        ("alice@example.com", "everything", "1"),
        ("alice@example.com", "read", "0"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(email: str, scopes: str, days: str) -> None:
    cast.alice()
    with pytest.raises(CommandError):
        call_command("token", "create", "--email", email, "--name", "ci", "--scopes", scopes, "--days", days)
    assert not ApiToken.objects.exists()


def test_the_page_shows_a_new_token_once() -> None:
    alice = cast.alice()
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": cast.PASSWORD})
    answer = client.post("/me/tokens/", {"name": "deploy", "scopes": ["read", "write"], "days": "90"})
    assert answer.status_code == 201
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert queries.find(secret) is not None
    again = client.get("/me/tokens/").content.decode()
    assert secret not in again
    assert secret[:11] in again
    answer = client.post("/me/tokens/", {"name": "", "scopes": []})
    assert answer.status_code == 422
    assert ApiToken.objects.count() == 1


def test_the_page_revokes_only_ones_own() -> None:
    alice, bob = cast.alice(), cast.bob()
    mine, _ = operations.create(alice, name="mine", scopes=["read"])
    his, secret = operations.create(bob, name="his", scopes=["read"])
    client = Client()
    client.force_login(alice)
    assert client.get(f"/me/tokens/{mine.pk}/revoke/").status_code == 405
    client.post(f"/me/tokens/{his.pk}/revoke/")
    assert queries.find(secret) == his
    client.post(f"/me/tokens/{mine.pk}/revoke/")
    mine.refresh_from_db()
    assert mine.revoked_at is not None
