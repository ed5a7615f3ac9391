"""The updates of one incident by mail: asked for, sent once, ended in one press without signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from core.channels.email import transport
from core.channels.registry import Content, Delivery
from core.events.models import Event
from core.outbox.models import Message
from incidents.audiences import operations as audiences
from incidents.audiences.models import AudienceList
from incidents.audiences.operations import Who
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations.base import Ended
from incidents.models import Told
from incidents.subscriptions import operations, queries, tokens
from incidents.subscriptions.models import Subscription
from incidents.updates import operations as updates
from incidents.updates.operations import telling
from tests import cast

if TYPE_CHECKING:
    from pytest_django import Settings

    from core.accounts.models import User
    from incidents.models import Incident, Update

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice)


def say(incident: Incident, actor: User, **given: object) -> Update:
    return updates.publish(incident, **{"audience": "internal", "text": "Cards fail.", **given}, actor=actor)  # type: ignore[arg-type]


def mails() -> list[str]:
    return list(Message.objects.filter(client=telling.TOLD).order_by("pk").values_list("address", flat=True))


def test_who_asked_for_it_gets_each_update_once_even_from_a_list_as_well(
    incident: Incident, alice: User
) -> None:
    vera = cast.vera()
    for _ in range(2):
        operations.subscribe(incident, actor=vera)
    assert Subscription.objects.count() == 1
    support = AudienceList.objects.get(slug="support")
    audiences.change(support, members=[Who(user=vera), Who(email="VERA@example.com")], actor=None)
    update = say(incident, alice)
    assert mails() == ["vera@example.com"]
    assert Told.objects.get(update=update).lists == ["Support", "Subscribers"]
    audiences.change(support, members=[], actor=None)
    second = say(incident, alice, text="Rolled back.")
    assert Told.objects.get(update=second).lists == ["Subscribers"]
    mail = telling.render(Message.objects.latest("pk"))
    assert "Rolled back." in mail.text
    assert "asked for the updates of this incident" in mail.text
    assert mail.url.endswith(f"/incidents/{incident}/for-stakeholders/")
    assert mail.unsubscribe in mail.text
    say(incident, alice, text="", no_news=True)
    assert mails() == ["vera@example.com"] * 2


def test_the_composer_counts_them_and_they_can_be_left_out(
    incident: Incident, alice: User, bob: User
) -> None:
    operations.subscribe(incident, actor=alice, email="partner@example.org", hears="public")
    operations.subscribe(incident, actor=bob)
    operations.subscribe(incident, actor=alice)  # who writes is not written to
    from incidents.updates import queries as found  # noqa: PLC0415
    from tests.incidents.clock import now  # noqa: PLC0415

    seen = found.telling(incident, audience="internal", status=incident.status, actor=alice, at=now())
    assert [(choice.row.name, choice.size) for choice in seen.choices][-1] == ("Subscribers", "1 person")
    assert seen.button == "Tell 1 person"
    say(incident, alice, lists=["support"])
    assert mails() == []
    say(incident, alice, audience="public", text="Some cards are declined.")
    assert mails() == ["partner@example.org"]
    mail = telling.render(Message.objects.get(client=telling.TOLD))
    assert "Checkout fails" not in mail.subject + mail.text  # customers' words alone
    assert mail.unsubscribe


def test_others_are_put_on_by_who_has_communications_or_commands(
    incident: Incident, alice: User, bob: User, carol: User
) -> None:
    with pytest.raises(PermissionDenied):
        operations.subscribe(incident, actor=bob, user=carol)
    row = operations.subscribe(incident, actor=alice, user=carol)
    assert incident.timeline.latest("id").text == "Carol Example gets the updates by mail"
    lifecycle.assign_role(incident, role_slug="communications", user=bob, actor=alice)
    operations.end(row, actor=bob)
    with pytest.raises(PermissionDenied):
        operations.subscribe(incident, actor=cast.vera(), email="x@example.org")
    assert [
        event.payload["what"]
        for event in Event.objects.filter(name="incident.subscription_changed").order_by("pk")
    ] == [
        "added",
        "ended",
    ]


def test_what_cannot_be_is_refused_with_a_sentence(incident: Incident, alice: User) -> None:
    with pytest.raises(operations.NotAnAddress):
        operations.subscribe(incident, actor=alice, email="nobody")
    with pytest.raises(operations.NotAnAddress):
        operations.subscribe(incident, actor=alice, user=alice, email="a@example.org")
    lifecycle.close(incident, reason="None", outcome="false_alarm", actor=alice)
    with pytest.raises(Ended):
        operations.subscribe(incident, actor=alice)


def test_of_a_private_incident_only_members_hear_and_content_free_where_it_is_set(
    alice: User, bob: User, settings: Settings
) -> None:
    hidden = cast.incident("Keys leaked", by=alice, private=True)
    with pytest.raises(operations.MembersOnly):
        operations.subscribe(hidden, actor=alice, email="x@example.org")
    with pytest.raises(operations.MembersOnly):
        operations.subscribe(hidden, actor=alice, user=bob)
    lifecycle.invite(hidden, user=bob, actor=alice)
    operations.subscribe(hidden, actor=alice, user=bob)
    say(hidden, alice, text="Keys are rotated.", lists=["_subscribers"])
    message = Message.objects.get(client=telling.TOLD)
    assert "Keys are rotated." in telling.render(message).text
    settings.PRIVATE_MAILS_SAY_NOTHING = True
    mail = telling.render(message)
    assert "Keys" not in mail.subject + mail.text
    assert str(hidden) not in mail.subject + mail.text
    lifecycle.leave(hidden, user=bob, actor=bob)
    assert telling.unwanted([message]) == {message.pk: "the incident is private now"}
    say(hidden, alice, text="Again.")
    assert mails() == ["bob@example.com"]


def test_one_that_becomes_private_is_sent_to_members_alone(incident: Incident, alice: User) -> None:
    vera = cast.vera()
    operations.subscribe(incident, actor=vera)
    operations.subscribe(incident, actor=alice, email="x@example.org")
    say(incident, alice)
    lifecycle.set_private(incident, private=True, actor=alice)
    messages = list(Message.objects.filter(client=telling.TOLD))
    assert set(telling.unwanted(messages).values()) == {"the incident is private now"}
    assert len(telling.unwanted(messages)) == 2
    say(incident, alice, text="Inside.")
    assert len(mails()) == 2


def test_the_address_in_a_mail_ends_it_by_post_alone_and_without_signing_in(
    incident: Incident, alice: User
) -> None:
    row = operations.subscribe(incident, actor=cast.vera())
    say(incident, alice)
    message = Message.objects.get(client=telling.TOLD)
    url = telling.render(message).unsubscribe.removeprefix("http://127.0.0.1:8000")
    path = url[url.index("/unsubscribe/") :]
    stranger = Client(enforce_csrf_checks=True)
    for _ in range(2):  # scanners follow links
        page = stranger.get(path)
        assert f"No more mails about {incident}?" in page.content.decode()
        assert "Checkout fails" not in page.content.decode()
    row.refresh_from_db()
    assert row.ended_at is None
    for _ in range(2):
        done = stranger.post(
            path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )
        assert (done.status_code, done["Referrer-Policy"]) == (200, "no-referrer")
        assert "You get no more of these mails." in done.content.decode()
    row.refresh_from_db()
    assert row.ended_at is not None
    assert telling.unwanted([message]) == {message.pk: "they asked for no more mails"}
    say(incident, alice, text="Again.")
    assert len(mails()) == 1
    forged = f"{tokens.make(row.pk)[:-2]}xx"
    assert stranger.post(f"/unsubscribe/{forged}/").status_code == 404
    assert queries.address(row.pk).endswith(path)


def test_the_name_of_a_private_incident_is_not_on_that_page(alice: User) -> None:
    hidden = cast.incident("Keys leaked", by=alice, private=True)
    row = operations.subscribe(hidden, actor=alice)
    page = Client().get(f"/unsubscribe/{tokens.make(row.pk)}/").content.decode()
    assert "No more mails about a private incident?" in page
    assert str(hidden) not in page


@pytest.mark.parametrize(("scheme", "post"), [("https", "List-Unsubscribe=One-Click"), ("http", None)])
def test_a_mail_says_how_it_is_ended_in_one_press(scheme: str, post: str | None) -> None:
    url = f"{scheme}://watchbill.example.com/unsubscribe/1.x/\r\nBcc: a@example.org"
    content = Content(subject="Update", text="Cards fail.", unsubscribe=url)
    mail = transport.compose(Delivery(key="k", address="v@example.com", secret="", content=content))
    assert (
        mail["List-Unsubscribe"] == f"<{scheme}://watchbill.example.com/unsubscribe/1.x/ Bcc: a@example.org>"
    )
    assert mail["Bcc"] is None
    assert mail["List-Unsubscribe-Post"] == post
    plain = transport.compose(
        Delivery(key="k", address="v@example.com", secret="", content=Content("A", "b"))
    )
    assert plain["List-Unsubscribe"] is None


def test_anybody_subscribes_from_the_page_for_stakeholders_by_a_plain_form(
    client: Client, incident: Incident, alice: User
) -> None:
    vera = cast.vera()
    operations.subscribe(incident, actor=alice, email="partner@example.org")
    client.force_login(vera)
    assert "Mail me the updates" in client.get(f"/incidents/{incident}/for-stakeholders/").content.decode()
    client.post(f"/incidents/{incident}/mails/subscribe/")
    page = client.get(f"/incidents/{incident}/mails/").content.decode()
    assert "You get the updates by mail." in page
    assert "partner@example.org" not in page
    assert "Put somebody on" not in page
    assert client.post(f"/incidents/{incident}/mails/", {"email": "x@example.org"}).status_code == 403
    client.post(f"/incidents/{incident}/mails/end/")
    assert not Subscription.objects.lasting().filter(user=vera).exists()


def test_who_commands_puts_others_on_and_off_in_the_room(
    client: Client, incident: Incident, alice: User
) -> None:
    client.force_login(alice)
    path = f"/incidents/{incident}/mails/"
    wrong = client.post(path, {"user": "", "email": "no address", "hears": "public"})
    assert wrong.status_code == 422
    assert 'value="no address"' in wrong.content.decode()
    assert client.post(path, {"user": "", "email": "p@example.org", "hears": "public"}).status_code == 302
    row = Subscription.objects.get()
    assert (row.email, row.hears, row.added_by) == ("p@example.org", "public", alice)
    client.post(f"{path}{row.pk}/end/")
    row.refresh_from_db()
    assert row.ended_by == alice


def test_programs_subscribe_and_unsubscribe(incident: Incident, alice: User) -> None:
    vera = cast.vera()
    path = f"/api/v1/incidents/{incident}/subscriptions/"
    made = cast.caller(vera).post(path, {}, format="json")
    assert (made.status_code, made.json()["email"]) == (201, "vera@example.com")
    other = cast.caller(alice).post(path, {"email": "p@example.org", "hears": "public"}, format="json")
    assert other.status_code == 201
    assert cast.caller(vera).post(path, {"email": "q@example.org"}, format="json").status_code == 403
    seen = [row["email"] for row in cast.caller(vera).get(path).json()["results"]]
    assert seen == ["vera@example.com"]
    assert cast.caller(vera).delete(f"{path}{other.json()['id']}/").status_code == 404
    assert cast.caller(vera).delete(f"{path}{made.json()['id']}/").status_code == 204
    hidden = cast.incident("Keys leaked", by=alice, private=True)
    assert (
        cast.caller(vera).post(f"/api/v1/incidents/{hidden}/subscriptions/", {}, format="json").status_code
        == 404
    )


def test_who_only_reads_sees_no_address_of_somebody_outside(
    client: Client, incident: Incident, alice: User
) -> None:
    vera = cast.vera()
    operations.subscribe(incident, email="press@customer.example", actor=alice)
    operations.subscribe(incident, user=vera, actor=alice)
    update = updates.publish(incident, audience="internal", text="We are on it", actor=alice)
    update.told.filter(user=None).update(state="failed", detail="550 <press@customer.example> unknown")
    page, path = f"/incidents/{incident}/updates/{update.pk}/", f"/api/v1/incidents/{incident}/told/"
    client.force_login(vera)
    shown = client.get(page).content.decode()
    assert "somebody outside" in shown
    assert "press@" not in shown
    assert "Vera Example" in shown
    rows = cast.caller(vera).get(path).json()["results"]
    assert ("somebody outside", "") in {(row["name"], row["detail"]) for row in rows}
    assert "press@" not in cast.caller(vera).get(f"{path}{rows[0]['id']}/").content.decode()
    client.force_login(alice)
    assert "press@customer.example" in client.get(page).content.decode()
