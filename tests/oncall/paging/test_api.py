from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from core.outbox.models import Message
from core.tokens import operations as token_operations
from oncall.paging import operations
from oncall.paging.models import ContactMethod, NotificationRule
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
METHODS, RULES = "/api/v1/users/me/contact-methods/", "/api/v1/users/me/notification-rules/"


def caller(user: User, *scopes: str) -> APIClient:
    _, secret = token_operations.create(user, name="test", scopes=scopes or ["read", "write"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def alice() -> User:
    user = cast.alice()
    operations.ensure_default(user)
    return user


def test_my_methods_and_rules_are_listed(alice: User) -> None:
    operations.ensure_default(cast.bob())
    client = caller(alice)
    (method,) = client.get(METHODS).data["results"]
    assert (method["channel"], method["address"], method["is_verified"]) == (
        "email",
        "alice@example.com",
        True,
    )
    rules = client.get(RULES).data["results"]
    assert {(rule["urgency"], rule["method"], rule["delay_seconds"]) for rule in rules} == {
        ("high", method["id"], 0),
        ("low", method["id"], 0),
    }


def test_a_method_is_added_verified_changed_and_removed(alice: User) -> None:
    client = caller(alice)
    made = client.post(METHODS, {"channel": "webhook", "address": "http://127.0.0.1:9/x"}, format="json")
    assert made.status_code == 201
    assert len(made.data["secret"]) >= 32
    address = f"{METHODS}{made.data['id']}/"
    assert "secret" not in client.get(address).data
    assert client.post(f"{address}verify/", {"code": "wrong"}, format="json").status_code == 409
    code = Message.objects.get().content["subject"].split()[0]
    assert client.post(f"{address}verify/", {"code": code}, format="json").data["is_verified"]
    changed = client.patch(address, {"is_enabled": False, "label": "Hook"}, format="json")
    assert (changed.data["is_enabled"], changed.data["label"]) == (False, "Hook")
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "given",
    [{}, {"channel": "email"}, {"channel": "email", "address": "x"}, {"channel": "fax", "address": "1"}],
)
def test_a_bad_method_answers_400_by_field(alice: User, given: dict[str, Any]) -> None:
    answer = caller(alice).post(METHODS, given, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.data["errors"]


def test_rules_are_added_and_removed(alice: User) -> None:
    client = caller(alice)
    method = ContactMethod.objects.get()
    made = client.post(
        RULES, {"urgency": "high", "method": str(method.pk), "delay_seconds": 120}, format="json"
    )
    assert made.status_code == 201
    assert client.delete(f"{RULES}{made.data['id']}/").status_code == 204
    assert NotificationRule.objects.filter(delay_seconds=120).count() == 0


def test_what_is_mine_is_nobody_elses(alice: User) -> None:
    method, rule = ContactMethod.objects.get(), NotificationRule.objects.all()[0]
    other = caller(cast.mallory())
    for address in (f"{METHODS}{method.pk}/", f"{RULES}{rule.pk}/"):
        assert other.get(address).status_code == 404
        assert other.delete(address).status_code == 404
    given = {"urgency": "high", "method": str(method.pk)}
    assert other.post(RULES, given, format="json").status_code == 400
    assert NotificationRule.objects.count() == 2


def test_a_token_that_only_reads_changes_nothing(alice: User) -> None:
    client = caller(alice, "read")
    assert client.get(METHODS).status_code == 200
    assert (
        client.post(METHODS, {"channel": "email", "address": "a@b.example"}, format="json").status_code == 403
    )
    assert ContactMethod.objects.count() == 1


def test_a_browser_wants_the_password_again(alice: User) -> None:
    client = APIClient()
    client.force_login(alice)
    method = ContactMethod.objects.get()
    answer = client.delete(f"{METHODS}{method.pk}/")
    assert answer.status_code == 403
    assert "password" in answer.data["detail"]
    assert ContactMethod.objects.count() == 1
