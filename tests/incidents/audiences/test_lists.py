"""Lists are made, filled and changed on their screens and by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from core.events.models import Event
from incidents.audiences import operations
from incidents.audiences.models import AudienceList
from incidents.audiences.operations import Who
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable


pytestmark = pytest.mark.django_db
LIST = {
    "name": "Legal",
    "purpose": "Contracts",
    "hears": "internal",
    "least_minutes": "30",
    "is_active": "on",
}


@pytest.fixture(autouse=True)
def shipped() -> None:
    cast.severity()


def test_the_shipped_lists_say_what_they_hear() -> None:
    told = {
        row.slug: {rule.severity.slug: rule.kinds for rule in row.rules.all()}
        for row in AudienceList.objects.all()
    }
    assert list(told) == ["responders", "stakeholders", "support", "executives", "customers", "regulators"]
    assert told["executives"] == {"sev1": ["first", "later", "over"]}  # R109: the top alone
    assert told["regulators"] == {}


def test_a_manager_makes_a_list_and_puts_people_on_it(client: Client) -> None:
    mona, bob = cast.mona(), cast.bob()
    client.force_login(mona)
    assert client.post("/audiences/new/", LIST)["Location"] == "/audiences/lists/legal/"
    row = AudienceList.objects.get(slug="legal")
    assert (row.least_seconds, row.position) == (1800, 7)
    path = "/audiences/lists/legal/members/"
    for _ in range(2):
        assert client.post(path, {"who": f"user-{bob.pk}"}).status_code == 302
    assert client.post(path, {"email": "Law@example.org"}).status_code == 302
    assert client.post(path, {"email": "law@example.org"}).status_code == 302
    assert client.post(path, {"who": f"user-{bob.pk}", "email": "x@example.org"}).status_code == 422
    assert client.post(path, {"who": "room-99"}).status_code == 422
    page = client.get("/audiences/lists/legal/").content.decode()
    assert "Bob Example" in page
    assert row.members.count() == 2
    member = row.members.get(user=bob)
    for _ in range(2):
        assert client.post(f"{path}{member.pk}/remove/").status_code == 302
    assert row.members.count() == 1
    said = Event.objects.filter(name="audience.changed").values_list("payload__what", flat=True)
    assert list(said) == ["added", "changed", "changed", "changed"]


def test_a_list_that_somebody_changed_meanwhile_is_not_overwritten(client: Client) -> None:
    client.force_login(cast.mona())
    row = operations.add(name="Legal", actor=None)
    operations.change(row, purpose="Theirs", actor=None)
    answer = client.post("/audiences/lists/legal/", {**LIST, "purpose": "Mine", "version": "1"})
    assert answer.status_code == 422
    assert "Somebody changed this list" in answer.content.decode()
    assert "Mine" in answer.content.decode()
    row.refresh_from_db()
    assert row.purpose == "Theirs"
    assert client.post("/audiences/lists/legal/", {**LIST, "version": "2"}).status_code == 302
    assert client.post("/audiences/new/", LIST).status_code == 422  # the name is taken
    assert client.post("/audiences/lists/legal/remove/").status_code == 302
    assert not AudienceList.objects.filter(slug="legal").exists()


def test_the_matrix_is_ticked_on_one_page(client: Client) -> None:
    client.force_login(cast.mona())
    page = client.get("/audiences/matrix/").content.decode()
    assert 'name="executives--sev1--first" checked' in page
    assert 'name="executives--sev2--first" checked' not in page
    ticks = {"executives--sev2--first": "on", "support--sev1--no_news": "on"}
    assert client.post("/audiences/matrix/", ticks).status_code == 302
    told = {
        rule.severity.slug: rule.kinds for rule in AudienceList.objects.get(slug="executives").rules.all()
    }
    assert told == {"sev1": [], "sev2": ["first"], "sev3": [], "sev4": []}
    before = Event.objects.filter(name="audience.changed").count()
    assert client.post("/audiences/matrix/", ticks).status_code == 302  # twice changes nothing
    assert Event.objects.filter(name="audience.changed").count() == before


@pytest.mark.parametrize(
    "path",
    [
        "new/",
        "matrix/",
        "lists/support/",
        "lists/support/members/",
        "lists/support/members/1/remove/",
        "lists/support/remove/",
    ],
)
def test_who_does_not_configure_looks_and_changes_nothing(client: Client, path: str) -> None:
    client.force_login(cast.bob())
    before = list(AudienceList.objects.values())
    assert client.post(f"/audiences/{path}", LIST).status_code == 403
    assert list(AudienceList.objects.values()) == before
    page = client.get("/audiences/").content.decode()
    assert "Support" in page
    assert "New list" not in page
    assert '<input type="checkbox" disabled' in client.get("/audiences/matrix/").content.decode()


def test_ten_lists_cost_as_much_as_one(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    bob = cast.bob()
    for n in range(10):
        operations.add(name=f"List {n}", members=[Who(user=bob), Who(team=cast.team())], actor=None)
    client.force_login(bob)
    client.get("/audiences/")
    with django_assert_max_num_queries(12):
        assert "List 9" in client.get("/audiences/").content.decode()


def test_the_api_makes_changes_and_forgets_a_list() -> None:
    mona = cast.mona()
    client = cast.caller(mona)
    body = {
        "name": "Legal",
        "members": [{"user": str(mona.pk)}, {"email": "law@example.org"}],
        "told": {"sev1": ["over", "first"]},
    }
    made = client.post("/api/v1/audiences/", body, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["told"] == {"sev1": ["first", "over"]}
    assert [each["email"] for each in made.json()["members"]] == ["", "law@example.org"]
    path = "/api/v1/audiences/legal/"
    tag = client.get(path)["ETag"]
    assert (
        client.patch(path, {"least_seconds": 600}, format="json", headers={"If-Match": tag}).status_code
        == 200
    )
    assert (
        client.patch(path, {"least_seconds": 900}, format="json", headers={"If-Match": tag}).status_code
        == 412
    )
    wrongs: tuple[dict[str, Any], ...] = (
        {"members": [{}]},
        {"members": [{"channel": 999}]},
        {"told": {"sev9": ["first"]}},
        {"members": [{"email": "x"}]},
    )
    for wrong in wrongs:
        assert client.patch(path, wrong, format="json").status_code == 409, wrong
    assert client.patch(path, {"told": {"sev1": ["sometimes"]}}, format="json").status_code == 400
    assert client.get(path).json()["least_seconds"] == 600
    assert len(client.get(path).json()["members"]) == 2
    vera, browser = cast.vera(), Client()
    seen = cast.caller(vera).get(path)
    assert [each["email"] for each in seen.json()["members"]] == ["", "somebody outside"]
    browser.force_login(vera)
    shown = browser.get("/audiences/").content.decode()
    assert ("law@example.org" in shown, "somebody outside" in shown) == (False, True)
    browser.force_login(mona)
    assert "law@example.org" in browser.get("/audiences/").content.decode()
    assert cast.caller(cast.bob()).patch(path, {"name": "x"}, format="json").status_code == 403
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_no_list_is_called_as_those_are_who_asked_for_mails() -> None:
    with pytest.raises(operations.SameName, match="Choose another name"):
        operations.add(name="Subscribers", actor=None)
