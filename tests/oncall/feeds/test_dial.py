"""A number at Twilio connects whoever calls it to who is on call and agreed, and tells the numbers to nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now
from django.test import Client

from oncall.feeds import operations, queries
from oncall.feeds.models import FeedAddress, Kind
from oncall.paging import operations as paging
from oncall.paging.models import ContactMethod
from tests import cast
from tests.twilio import signature

if TYPE_CHECKING:
    from pytest_django import Settings

    from core.accounts.models import User
    from tests.twilio import Twilio

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("twilio")]
BASE = "http://127.0.0.1:8000"


def phone(user: User, number: str, *, takes: bool = True, verified: bool = True) -> ContactMethod:
    """A telephone number of somebody, to which callers may be connected or not."""
    method = ContactMethod.objects.create(user=user, channel="voice", address=number)
    if verified:
        ContactMethod.objects.filter(pk=method.pk).update(verified_at=Now())
        method.refresh_from_db()
        paging.set_takes_calls(method, takes=takes)
    return method


@pytest.fixture
def path(alice: User, bob: User, mona: User) -> str:
    """The address of a schedule that Alice and Bob share, each with a number."""
    schedule = cast.weekly(alice, name="Payments primary")
    other = cast.weekly(bob, name="Payments secondary")
    assert schedule.team == other.team
    phone(alice, "+4915112345001")
    phone(bob, "+4915112345002")
    address, secret = operations.add(mona, kind=Kind.NOW, team=schedule.team, connects=True)
    return queries.urls(address, secret)[1].removeprefix(BASE)


def call(path: str, **fields: str) -> str:
    """What Twilio is told when somebody calls, or when a number did not answer."""
    given = {"From": "+15005550006", **fields}
    signed = signature(BASE + path, given)
    answer = Client(REMOTE_ADDR="203.0.113.61").post(path, given, headers={"X-Twilio-Signature": signed})
    assert answer.status_code == 200
    return answer.content.decode()


def test_callers_are_connected_one_after_the_other(path: str) -> None:
    first = call(path)
    assert "You are being connected to Alice Example and Bob Example." in first
    assert "<Number>+4915112345001</Number>" in first
    assert f'action="{BASE}{path}?tried=1" method="POST"' in first
    second = call(f"{path}?tried=1", DialCallStatus="no-answer")
    assert ("<Number>+4915112345002</Number>" in second, "Alice" in second) == (True, False)
    last = call(f"{path}?tried=2", DialCallStatus="busy")
    assert ("Nobody answers." in last, "<Dial" in last) == (True, False)


def test_a_call_that_was_taken_is_over_and_rings_nobody_else(path: str) -> None:
    assert call(f"{path}?tried=1", DialCallStatus="completed").endswith("<Response><Hangup/></Response>\n")


def test_numbers_are_told_to_twilio_alone(path: str) -> None:
    client = Client(REMOTE_ADDR="203.0.113.62")
    forged = {"X-Twilio-Signature": signature(BASE + path, {}, token="another")}
    for answer in (
        client.get(path),
        client.get(f"{path}?tried=1"),
        client.post(path, {"From": "+1"}),
        client.post(path, {}, headers=forged),
        client.get(path.replace(".xml", ".txt")),
    ):
        assert "+4915" not in answer.content.decode()
        assert "Alice Example" in answer.content.decode()
        assert "<Dial" not in answer.content.decode()


def test_nobody_is_called_who_did_not_agree(path: str, alice: User, bob: User) -> None:
    mine = ContactMethod.objects.get(user=alice, channel="voice")
    paging.set_takes_calls(mine, takes=False)
    assert "<Number>+4915112345002</Number>" in call(path)
    paging.set_enabled(ContactMethod.objects.get(user=bob, channel="voice"), enabled=False)
    said = call(path)
    assert ("<Dial" in said, "On call now." in said) == (False, True)
    phone(alice, "+4915112345003", verified=False)
    ContactMethod.objects.filter(address="+4915112345003").update(takes_calls=True)
    assert "<Dial" not in call(path)
    with pytest.raises(paging.NotVerified):
        paging.set_takes_calls(ContactMethod.objects.get(address="+4915112345003"), takes=True)


def test_it_ends_with_the_right_to_manage_the_schedule(path: str, mona: User) -> None:
    mona.memberships.all().delete()
    said = call(path)
    assert ("<Dial" in said, "On call now." in said) == (False, True)


def test_without_a_token_of_twilio_nobody_is_connected(path: str, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    assert "<Dial" not in call(path)


def test_only_who_manages_the_schedule_makes_one(alice: User, mona: User, twilio: Twilio) -> None:
    schedule = cast.weekly(alice)
    for what in ({"schedule": schedule}, {"team": schedule.team}):
        with pytest.raises(PermissionDenied):
            operations.add(alice, kind=Kind.NOW, connects=True, **what)
    with pytest.raises(operations.ConnectsNobody):
        operations.add(mona, kind=Kind.CALENDAR, schedule=schedule, connects=True)
    body = {"kind": "now", "shows": f"schedule-{schedule.pk}", "connects": "on"}
    assert cast.sign_in(Client(), alice).post("/me/calendars/", body).status_code == 403
    made = cast.sign_in(Client(), mona).post("/me/calendars/", body)
    assert (made.status_code, "connects callers" in made.content.decode()) == (201, True)
    api = {"kind": "now", "schedule": schedule.slug, "connects": True}
    assert cast.caller(alice).post("/api/v1/users/me/calendars/", api, format="json").status_code == 403
    hers = cast.caller(mona).post("/api/v1/users/me/calendars/", api, format="json")
    assert (hers.status_code, hers.data["connects"]) == (201, True)
    assert FeedAddress.objects.filter(connects=True).count() == 2


def test_each_person_agrees_for_a_number_of_theirs(alice: User, bob: User) -> None:
    method = phone(alice, "+4915112345001", takes=False)
    his, own = cast.sign_in(Client(), bob), cast.sign_in(Client(), alice)
    path = f"/me/notifications/methods/{method.pk}/calls/"
    assert his.post(path).status_code == 404
    assert "Let callers through" in own.get("/me/notifications/").content.decode()
    assert own.post(path).status_code == 302
    assert "May be called by on-call numbers" in own.get("/me/notifications/").content.decode()
    api = cast.caller(alice)
    address = f"/api/v1/users/me/contact-methods/{method.pk}/"
    assert api.get(address).data["takes_calls"] is True
    assert api.patch(address, {"takes_calls": False}, format="json").data["takes_calls"] is False
