"""The composer: impact first, who is told on the button, typed text that survives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from incidents.audiences import operations as audiences
from incidents.audiences.models import AudienceList
from incidents.audiences.operations import Who
from incidents.updates import operations
from incidents.updates.models import Told, Update
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident() -> Incident:
    """An incident that Alice leads; two mail addresses on Support, one at Executives."""
    found = cast.incident(by=cast.alice(), impact="3 in 10 cards fail")
    for slug, members in (
        ("support", ("a@example.org", "b@example.org")),
        ("executives", ("c@example.org",)),
    ):
        audiences.change(
            AudienceList.objects.get(slug=slug), members=[Who(email=each) for each in members], actor=None
        )
    return found


def alice(client: Client) -> None:
    from core.accounts.models import User  # noqa: PLC0415

    client.force_login(User.objects.get(email="alice@example.com"))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_the_fields_come_in_the_order_people_read_them(client: Client, incident: Incident) -> None:
    alice(client)
    page = client.get(f"/incidents/{incident}/?write=internal").content.decode()
    names = re.findall(r'name="(say-\w+)"', page)
    assert names == ["say-impact", "say-doing", "say-next_steps", "say-business", "say-detail"]
    assert ">3 in 10 cards fail</textarea>" in page
    sbar = client.get(f"/incidents/{incident}/?write=internal&layout=sbar").content.decode()
    assert re.findall(r'name="say-(\w+)"', sbar) == [
        "situation",
        "background",
        "assessment",
        "recommendation",
    ]


def test_the_button_says_who_and_keeps_its_word(client: Client, incident: Incident) -> None:
    alice(client)
    page = client.get(f"/incidents/{incident}/?write=internal").content.decode()
    assert "Tell 2 people</button>" in page
    form = {
        "audience": "internal",
        "layout": "impact",
        "say-impact": "Cards fail",
        "say-doing": "Rolling back",
        "status": "investigating",
        "chooses": "1",
        "kind": hidden(page, "kind"),
        "said": hidden(page, "said"),
        "lists": ["responders", "stakeholders", "support"],
    }
    audiences.put_on(AudienceList.objects.get(slug="support"), who=Who(email="d@example.org"), actor=None)
    answer = client.post(f"/incidents/{incident}/updates/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Who is told has changed. It goes to 3 people now" in page
    assert "Rolling back</textarea>" in page
    assert not Update.objects.exists()
    assert (
        client.post(f"/incidents/{incident}/updates/", {**form, "said": hidden(page, "said")}).status_code
        == 302
    )
    assert Update.objects.get().text == "Impact: Cards fail\nWhat is being done: Rolling back"
    assert Told.objects.count() == 3


def test_ticks_change_the_button_and_another_kind_of_update_begins_anew(
    client: Client, incident: Incident
) -> None:
    alice(client)
    path = f"/incidents/{incident}/-/telling/"
    page = client.get(
        path, {"audience": "internal", "lists": ["support", "executives"], "kind": "first"}
    ).content.decode()
    assert "Tell 3 people</button>" in page
    assert page.count(" checked") == 2
    none = client.get(path, {"audience": "internal", "kind": "first"}).content.decode()
    assert "Publish, nobody is told" in none
    over = client.get(path, {"audience": "internal", "kind": "first", "status": "resolved"}).content.decode()
    assert hidden(over, "kind") == "over"
    assert over.count(" checked") == 3
    client.force_login(cast.vera())
    assert client.get(path).status_code == 403


def test_an_update_without_its_impact_keeps_what_was_typed(client: Client, incident: Incident) -> None:
    alice(client)
    form = {
        "audience": "internal",
        "layout": "impact",
        "say-impact": " ",
        "say-doing": "Rolling back",
        "status": "identified",
    }
    answer = client.post(f"/incidents/{incident}/updates/", form)
    assert answer.status_code == 422
    assert "Rolling back</textarea>" in answer.content.decode()
    assert '<option value="identified" selected>' in answer.content.decode()


def test_no_news_is_a_form_of_its_own_that_says_when_the_next_word_comes(
    client: Client, incident: Incident
) -> None:
    alice(client)
    page = client.get(f"/incidents/{incident}/?write=internal").content.decode()
    form = page[page.index('id="no-news"') : page.index("</form>", page.index('id="no-news"'))]
    assert "No news, next word at" in form
    assert "It goes to 2 people." in form
    assert "<textarea" not in form


def test_an_update_shows_to_whom_it_went(client: Client, incident: Incident) -> None:
    from core.accounts.models import User  # noqa: PLC0415

    update = operations.publish(
        incident, audience="internal", text="<b>Cards</b> fail", actor=User.objects.get()
    )
    Told.objects.filter(name="a@example.org").update(state="failed", detail="no such mailbox")
    alice(client)
    room = client.get(f"/incidents/{incident}/").content.decode()
    assert "2 people, <b" in room
    page = client.get(f"/incidents/{incident}/updates/{update.pk}/").content.decode()
    for words in ("a@example.org", "no such mailbox", "Did not arrive", "On its way", "&lt;b&gt;Cards"):
        assert words in page, words
    told = cast.caller(User.objects.get()).get(f"/api/v1/incidents/{incident}/told/?state=failed").json()
    assert [row["name"] for row in told["results"]] == ["a@example.org"]
    other = cast.incident(by=None)
    assert client.get(f"/incidents/{other}/updates/{update.pk}/").status_code == 404
