from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from incidents.lifecycle import operations as lifecycle
from postmortems.models import ActionItem, Postmortem
from postmortems.reports import operations
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
WRITES = [
    "save",
    "author",
    "review",
    "draft",
    "publish",
    "add-factor",
    "add-action",
    "refresh-timeline",
    "start",
]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def draft(**given: Any) -> Postmortem:
    alice = cast.alice()
    incident = cast.incident(by=alice, **given)
    lifecycle.resolve(incident, actor=alice)
    return operations.open_draft(incident.pk)


def address(name: str, postmortem: Postmortem) -> str:
    return reverse(f"postmortems:{name}", args=[postmortem.incident.number])


def test_a_draft_is_written_and_read() -> None:
    postmortem, client = draft(), signed_in(cast.bob())
    given = {"version": postmortem.version, "summary": "Cards **failed**.", "impact": "30%"}
    assert client.post(address("save", postmortem), given).status_code == 302
    page = client.get(address("detail", postmortem)).content.decode()
    assert "<strong>failed</strong>" in page
    export = client.get(address("export", postmortem))
    assert export["Content-Type"] == "text/markdown; charset=utf-8"
    assert "## Summary\n\nCards **failed**." in export.content.decode()


def test_whoever_saves_second_gets_their_text_back_and_can_save_it_then() -> None:
    postmortem, client = draft(), signed_in(cast.bob())
    old = postmortem.version
    client.post(address("save", postmortem), {"version": old, "summary": "First"})
    answer = client.post(address("save", postmortem), {"version": old, "summary": "Second, and longer"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Second, and longer" in page
    assert Postmortem.objects.get().summary == "First"
    fresh = Postmortem.objects.get().version
    assert f'value="{fresh}"' in page
    client.post(address("save", postmortem), {"version": fresh, "summary": "Second, and longer"})
    assert Postmortem.objects.get().summary == "Second, and longer"


def test_an_action_item_needs_an_owner_a_date_and_a_title_that_says_something() -> None:
    postmortem, bob = draft(), cast.bob()
    client = signed_in(bob)
    given = {
        "title": "Improve monitoring",
        "kind": "detect",
        "priority": 2,
        "owner": bob.pk,
        "due_on": "2027-01-15",
    }
    assert client.post(address("add-action", postmortem), given).status_code == 422
    assert (
        client.post(
            address("add-action", postmortem), {**given, "title": "Alert at 80%", "due_on": ""}
        ).status_code
        == 422
    )
    assert not ActionItem.objects.exists()
    assert (
        client.post(address("add-action", postmortem), {**given, "title": "Alert at 80%"}).status_code == 302
    )
    item = ActionItem.objects.get()
    assert (item.title, item.owner, item.postmortem) == ("Alert at 80%", bob, postmortem)


@pytest.mark.parametrize("name", WRITES)
def test_a_get_changes_nothing_and_a_viewer_neither(name: str) -> None:
    postmortem = draft()
    assert signed_in(cast.bob()).get(address(name, postmortem)).status_code == 405
    answer = signed_in(cast.vera()).post(address(name, postmortem), {"version": 1, "summary": "x"})
    assert answer.status_code == 403
    fresh = Postmortem.objects.get()
    assert (fresh.version, fresh.summary) == (postmortem.version, postmortem.summary)


@pytest.mark.parametrize("name", ["detail", "edit", "export"])
def test_a_private_one_does_not_exist_for_others(name: str) -> None:
    postmortem = draft(private=True)
    assert signed_in(cast.mallory()).get(address(name, postmortem)).status_code == 404


def test_what_people_write_is_harmless() -> None:
    postmortem, client = draft(), signed_in(cast.bob())
    text = "<script>alert(1)</script> [x](javascript:alert(2)) <img src=x onerror=alert(3)>"
    client.post(
        address("save", postmortem), {"version": postmortem.version, "summary": text, "lessons": text}
    )
    page = client.get(address("detail", postmortem)).content.decode()
    assert "<script>alert" not in page
    assert "javascript:alert" not in page.replace("[x](javascript:alert(2))", "")
    assert "<img" not in page


def test_the_lists_open_empty_and_filled() -> None:
    client = signed_in(cast.bob())
    for path in (
        "/postmortems/",
        "/postmortems/?show=overdue",
        "/action-items/",
        "/action-items/?show=mine",
        "/action-items/?show=done",
    ):
        assert client.get(path).status_code == 200, path
    draft()
    assert "Checkout fails for some cards" in client.get("/postmortems/").content.decode()


def test_from_draft_to_published_and_back_by_its_buttons() -> None:
    postmortem, bob = draft(), cast.bob()
    client = signed_in(bob)

    def press(name: str, *more: int, **given: object) -> str:
        path = reverse(f"postmortems:{name}", args=[postmortem.incident.number, *more])
        answer = client.post(path, given, follow=True)
        assert answer.status_code == 200
        postmortem.refresh_from_db()
        return answer.content.decode()

    page = press("publish")
    assert "Still to write: What went well, Contributing factors" in page.replace("Impact, ", "")
    assert postmortem.status == "draft"
    press(
        "save", version=postmortem.version, summary="Cards failed.", impact="30%", went_well="The rollback."
    )
    assert "The renewal had no owner" in press("add-factor", text="The renewal had no owner", kind="process")
    assert "Kept too long" in press("add-factor", text="Kept too long", kind="technical")
    second = postmortem.factors.get(text="Kept too long")
    assert "Kept too long" not in press("remove-factor", second.pk)
    press("author", author=bob.pk)
    assert postmortem.author == bob
    press("review")
    assert postmortem.status == "in_review"
    assert "Published" in press("publish")
    assert (postmortem.status, postmortem.published_by) == ("published", bob)
    assert "Take it back to draft to change it" in press("add-factor", text="Too late", kind="process")
    assert [factor.text for factor in postmortem.factors.all()] == ["The renewal had no owner"]
    press("draft")
    assert postmortem.status == "draft"
    assert postmortem.published_at is not None


def test_a_line_of_the_story_is_reworded_left_out_and_kept_when_the_rest_is_brought_in() -> None:
    postmortem, client = draft(), signed_in(cast.bob())
    line = postmortem.timeline.earliest("id")
    edit = reverse("postmortems:edit-timeline", args=[postmortem.incident.number, line.pk])
    assert client.post(edit, {"text": "Cards began to fail", "included": "on"}).status_code == 302
    assert "Cards began to fail" in client.get(address("detail", postmortem)).content.decode()
    lifecycle.add_entry(postmortem.incident, kind="decision", text="Roll back at once")
    client.post(address("refresh-timeline", postmortem))
    page = client.get(address("detail", postmortem)).content.decode()
    assert "Cards began to fail" in page
    assert "Roll back at once" in page
    client.post(edit, {"text": "Cards began to fail", "included": ""})
    assert "Cards began to fail" not in client.get(address("export", postmortem)).content.decode()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("add-factor", {"text": "", "kind": "process"}),
        ("author", {"author": "0"}),
        ("save", {"version": "x"}),
    ],
)
def test_what_cannot_be_is_answered_with_the_page_again(name: str, given: dict[str, str]) -> None:
    postmortem = draft()
    assert signed_in(cast.bob()).post(address(name, postmortem), given).status_code == 422
    assert Postmortem.objects.get().version == postmortem.version


def test_one_is_begun_by_hand_for_an_incident_that_asks_for_none() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client = signed_in(alice)
    panel = reverse("postmortems:incident-panel", args=[incident.number])
    assert "INC-1/start/" in client.get(panel).content.decode()
    client.post(reverse("postmortems:start", args=[incident.number]))
    assert Postmortem.objects.get().incident == incident
    assert "INC-1/start/" not in client.get(panel).content.decode()
