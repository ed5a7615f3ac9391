"""Channels as managers set them up: on the screen, by API, in the admin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from core.channels import secrets
from core.events.models import Event
from core.outbox import sending
from oncall.models import Destination
from tests import cast
from tests.chats import KIND, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django import DjangoAssertNumQueries, Settings

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
HOME = "/channels/"


@pytest.fixture(autouse=True)
def room() -> Iterator[Room]:
    yield from Room().join()


@pytest.fixture
def mona(client: Client) -> User:
    user = cast.mona()
    cast.sign_in(client, user)
    return user


def typed(**changes: Any) -> dict[str, Any]:
    return {"name": "#payments", "team": cast.team().pk, "channel": KIND, "address": "C0PAY", **changes}


def test_a_manager_adds_a_channel_whose_address_is_sealed(client: Client, mona: User) -> None:
    assert client.post(f"{HOME}new/", typed()).status_code == 302
    row = Destination.objects.get()
    assert (row.name, row.channel, row.team) == ("#payments", KIND, cast.team())
    assert row.address.startswith("sealed:")
    assert secrets.unseal(row.address) == "C0PAY"
    event = Event.objects.get(name="destination.changed")
    assert (event.payload["what"], event.payload["name"]) == ("added", "#payments")
    page = client.get(HOME).content.decode()
    assert "#payments" in page
    assert "Send a test message" in page


def test_what_is_wrong_comes_back_with_what_was_typed(client: Client, mona: User) -> None:
    assert "Add channel" in client.get(f"{HOME}new/").content.decode()
    answer = client.post(f"{HOME}new/", typed(name="", address="C0PAY"))
    assert answer.status_code == 422
    assert "C0PAY" in answer.content.decode()
    answer = client.post(f"{HOME}new/", typed(channel="webhook", address="ftp://hooks.example/"))
    assert answer.status_code == 422
    assert "must begin with https" in answer.content.decode()
    cast.channel("#payments")
    answer = client.post(f"{HOME}new/", typed())
    assert "There is a channel of this name already." in answer.content.decode()


def test_a_webhook_shows_its_secret_once(client: Client, mona: User) -> None:
    given = typed(channel="webhook", address="https://hooks.example/x")
    answer = client.post(f"{HOME}new/", given)
    assert answer.status_code == 201
    secret = secrets.unseal(Destination.objects.get().secret)
    assert secret in answer.content.decode()
    page = client.get(HOME).content.decode()
    assert secret not in page
    assert "https://hooks.example/•••" in page


def test_nobody_telephones_a_channel(client: Client, mona: User) -> None:
    page = client.get(f"{HOME}new/").content.decode()
    assert 'value="sms"' not in page
    assert client.post(f"{HOME}new/", typed(channel="sms", address="+4915112345678")).status_code == 422


def test_a_channel_is_changed_and_turned_off(client: Client, mona: User) -> None:
    row = cast.channel(of=cast.team())
    assert "Save channel" in client.get(f"{HOME}{row.pk}/").content.decode()
    assert client.post(f"{HOME}{row.pk}/", {"name": "#pay", "team": cast.team().pk}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.is_enabled) == ("#pay", False)
    assert client.post(f"{HOME}{row.pk}/", {"name": ""}).status_code == 422


def test_a_test_message_goes_the_real_way_and_says_what_became_of_it(
    client: Client, mona: User, room: Room
) -> None:
    row = cast.channel(of=cast.team())
    assert client.post(f"{HOME}{row.pk}/test/").status_code == 302
    assert "on its way already" in client.post(f"{HOME}{row.pk}/test/", follow=True).content.decode()
    sending.send_due()
    assert room.titles == ["Test message from Watchbill"]
    row.refresh_from_db()
    assert row.last_ok_at is not None


def test_a_channel_that_a_policy_tells_stays(client: Client, mona: User) -> None:
    row = cast.channel(of=cast.team())
    policy = cast.policy((600, [row]))
    answer = client.post(f"{HOME}{row.pk}/remove/", follow=True).content.decode()
    assert "A policy still tells this channel." in answer
    policy.delete()
    assert client.post(f"{HOME}{row.pk}/remove/").status_code == 302
    assert not Destination.objects.exists()


def test_whoever_is_no_manager_looks_and_touches_nothing(client: Client) -> None:
    row = cast.channel(of=cast.team())
    cast.sign_in(client, cast.alice())
    page = client.get(HOME).content.decode()
    assert "#payments" in page
    assert "Send a test message" not in page
    for path in (f"{row.pk}/", f"{row.pk}/test/", f"{row.pk}/remove/", "new/"):
        assert client.post(f"{HOME}{path}", typed()).status_code == 403, path
    assert not Event.objects.filter(name="destination.changed").exclude(payload__what="added").exists()
    assert Destination.objects.get().is_enabled


@pytest.mark.parametrize("what", ["test", "remove"])
def test_buttons_are_pressed_not_visited(client: Client, mona: User, what: str) -> None:
    row = cast.channel(of=cast.team())
    assert client.get(f"{HOME}{row.pk}/{what}/").status_code == 405


def test_the_list_asks_the_database_a_few_times_however_long_it_is(
    client: Client, mona: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(12):
        cast.channel(f"#room-{n}", of=cast.team())
    client.get(HOME)
    with django_assert_max_num_queries(14):
        client.get(HOME)


def test_a_level_tells_a_channel_on_the_screen_and_by_api(client: Client, mona: User) -> None:
    row = cast.channel(of=cast.team())
    editor = client.get(reverse("oncall:new-policy")).content.decode()
    assert f'value="channel:{row.pk}"' in editor
    given = {
        "name": "Payments",
        "team": "payments",
        "levels": [{"timeout_seconds": 300, "targets": [{"type": "channel", "id": "#payments"}]}],
    }
    answer = call(client, "post", "escalation-policies/", given)
    assert answer.status_code == 201, answer.content
    (target,) = answer.json()["levels"][0]["targets"]
    assert target == {"type": "channel", "id": str(row.pk), "name": "#payments"}
    page = client.get(f"/escalation/{answer.json()['slug']}/").content.decode()
    assert "told, and nobody is woken" in page


def call(client: Client, method: str, path: str, content: Any = None) -> Any:
    said = json.dumps(content) if content is not None else None
    return getattr(client, method)(f"/api/v1/{path}", said, content_type="application/json")


def test_the_api_does_the_same(client: Client, mona: User, room: Room) -> None:
    given = {"name": "#payments", "team": "payments", "channel": KIND, "address": "C0PAY"}
    made = call(client, "post", "channels/", given)
    assert made.status_code == 201, made.content
    assert "address" not in made.json()
    path = f"channels/{made.json()['id']}/"
    assert call(client, "get", "channels/").json()["results"][0]["name"] == "#payments"
    assert call(client, "post", f"{path}test/").status_code == 202
    sending.send_due()
    assert call(client, "get", path).json()["last_ok_at"] is not None
    assert call(client, "patch", path, {"is_enabled": False}).json()["is_enabled"] is False
    assert call(client, "post", "channels/", {**given, "channel": "pigeon"}).status_code == 409
    assert call(client, "delete", path).status_code == 204


def test_the_api_refuses_whoever_is_no_manager(client: Client) -> None:
    row = cast.channel(of=cast.team())
    cast.sign_in(client, cast.alice())
    assert call(client, "get", f"channels/{row.pk}/").status_code == 200
    assert call(client, "patch", f"channels/{row.pk}/", {"name": "x"}).status_code == 403
    assert call(client, "post", f"channels/{row.pk}/test/").status_code == 403


def test_an_admin_alone_opens_a_channel_to_private_incidents(client: Client, mona: User) -> None:
    row = cast.channel(of=cast.team())
    path, given = f"{HOME}{row.pk}/", {"name": "#pay", "team": cast.team().pk, "is_enabled": "on"}
    assert "hears_private" not in client.get(path).content.decode()
    assert client.post(path, {**given, "hears_private": "on"}).status_code == 302
    said = {"name": "#x", "channel": KIND, "address": "C0X", "team": "payments", "hears_private": True}
    assert call(client, "post", "channels/", said).status_code == 403
    assert call(client, "patch", f"channels/{row.pk}/", {"hears_private": True}).status_code == 403
    row.refresh_from_db()
    assert (row.name, row.hears_private, Destination.objects.count()) == ("#pay", False, 1)

    cast.sign_in(client, cast.ada())
    assert client.post(path, {**given, "hears_private": "on"}).status_code == 302
    row.refresh_from_db()
    assert row.hears_private
    assert "Hears of private incidents" in client.get(HOME).content.decode()
    audited = client.get("/audit/").content.decode()
    assert "opened to private incidents" in audited
    assert (
        call(client, "patch", f"channels/{row.pk}/", {"hears_private": False}).json()["hears_private"]
        is False
    )
    told = (
        Event.objects.filter(name="destination.changed")
        .order_by("pk")
        .values_list("payload__what", flat=True)
    )
    assert list(told) == [
        "added",
        "changed",
        "changed",
        "opened to private incidents",
        "changed",
        "closed to private incidents",
    ]


def test_who_manages_an_opened_channel_changes_its_name_and_leaves_it_open(
    client: Client, mona: User
) -> None:
    row = cast.channel(of=cast.team())
    Destination.objects.update(hears_private=True)
    given = {"name": "#pay", "team": cast.team().pk, "is_enabled": "on"}
    assert client.post(f"{HOME}{row.pk}/", given).status_code == 302
    assert call(client, "patch", f"channels/{row.pk}/", {"name": "#salaries"}).status_code == 200
    row.refresh_from_db()
    assert (row.name, row.hears_private) == ("#salaries", True)


def test_the_list_says_what_a_channel_cannot_do(client: Client, mona: User, settings: Settings) -> None:
    settings.SLACK_BOT_TOKEN = ""
    cast.channel("#payments")
    assert "cannot be changed" not in client.get(HOME).content.decode()
    cast.channel("fixed")
    assert client.get(HOME).content.decode().count("Its messages cannot be changed") == 1
    settings.SLACK_BOT_TOKEN = "xoxb-1"
    cast.channel("C012AB3CD", kind="slack")
    assert "Not set up here" not in client.get(HOME).content.decode()
    settings.SLACK_BOT_TOKEN = ""
    assert "Not set up here: nothing can be sent by Slack." in client.get(HOME).content.decode()


def test_the_list_says_where_an_alert_can_be_acknowledged(
    client: Client, mona: User, settings: Settings
) -> None:
    settings.SLACK_BOT_TOKEN = settings.SLACK_SIGNING_SECRET = "a-secret"
    slack = cast.channel("C012AB3CD", kind="slack")
    cast.channel("https://hooks.example/x", kind="webhook")
    page = client.get(HOME).content.decode()
    assert (page.count("Buttons: yes."), page.count("Buttons: no.")) == (1, 0)
    assert call(client, "get", f"channels/{slack.pk}/").json()["has_buttons"] is True
    cast.channel("https://hooks.slack.example/x", kind="slack")
    assert client.get(HOME).content.decode().count("Buttons: no.") == 1
    settings.SLACK_SIGNING_SECRET = ""
    assert client.get(HOME).content.decode().count("Buttons: no.") == 2
    assert call(client, "get", f"channels/{slack.pk}/").json()["has_buttons"] is False


def test_an_admin_reads_it_masked(client: Client) -> None:
    cast.channel(kind="webhook", name="https://hooks.example/SECRET")
    cast.sign_in(client, cast.ada())
    page = client.get("/admin/oncall/destination/").content.decode()
    assert "https://hooks.example/•••" in page
