from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from postmortems.action_items import operations
from postmortems.models import ActionItem
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
LIST, NEW = "/action-items/", "/action-items/new/"


@pytest.fixture
def item(bob: User) -> ActionItem:
    return operations.create(
        actor=bob,
        title="Alert when pool use passes 80%",
        kind="detect",
        owner=bob,
        due_on=date(2026, 12, 24),
        priority=1,
    )


def written(bob: User, **changes: str) -> dict[str, object]:
    given = {"title": "Page Platform 21 days before a certificate ends", "kind": "detect", "priority": "1"}
    return {**given, "owner": bob.pk, "due_on": "2026-12-24", **changes}


def test_what_was_promised_by_when_is_in_the_form_and_stays_when_it_is_saved(
    item: ActionItem, bob: User
) -> None:
    client = cast.sign_in(Client(), bob)
    page = client.get(f"{LIST}{item.pk}/").content.decode()
    assert 'value="2026-12-24"' in page
    assert client.post(f"{LIST}{item.pk}/", written(bob)).status_code == 302
    item.refresh_from_db()
    assert (item.title, str(item.due_on)) == ("Page Platform 21 days before a certificate ends", "2026-12-24")


def test_an_item_of_no_postmortem_is_added(bob: User) -> None:
    assert cast.sign_in(Client(), bob).post(NEW, written(bob)).status_code == 302
    assert ActionItem.objects.get().owner == bob


def test_an_item_that_says_nothing_is_refused_and_its_words_are_kept(bob: User) -> None:
    answer = cast.sign_in(Client(), bob).post(NEW, written(bob, title="Improve monitoring"))
    assert answer.status_code == 422
    assert b'value="Improve monitoring"' in answer.content
    assert not ActionItem.objects.exists()


def test_a_press_moves_it_and_returns_to_where_the_button_was(item: ActionItem, bob: User) -> None:
    client, address = cast.sign_in(Client(), bob), f"{LIST}{item.pk}/move/"
    answer = client.post(address, {"to": "in_progress", "next": f"{LIST}?show=mine"})
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?show=mine")
    answer = client.post(address, {"to": "done", "next": "https://evil.example/"})
    assert answer["Location"] == LIST
    item.refresh_from_db()
    assert item.status == "done"


@pytest.mark.parametrize("to", ["sleeping", "verified", "dropped"])
def test_a_state_that_does_not_follow_changes_nothing_and_says_so(
    item: ActionItem, bob: User, to: str
) -> None:
    answer = cast.sign_in(Client(), bob).post(f"{LIST}{item.pk}/move/", {"to": to}, follow=True)
    assert "toast-error" in answer.content.decode()
    item.refresh_from_db()
    assert item.status == "open"


def test_a_viewer_changes_nothing(item: ActionItem, bob: User) -> None:
    client = cast.sign_in(Client(), cast.vera())
    assert client.get(LIST).status_code == 200
    for path, given in (
        (NEW, written(bob)),
        (f"{LIST}{item.pk}/", written(bob)),
        (f"{LIST}{item.pk}/move/", {"to": "done"}),
    ):
        assert client.post(path, given).status_code == 403
    item.refresh_from_db()
    assert (ActionItem.objects.count(), item.status) == (1, "open")


def test_a_move_is_a_post(item: ActionItem, bob: User) -> None:
    assert cast.sign_in(Client(), bob).get(f"{LIST}{item.pk}/move/").status_code == 405
