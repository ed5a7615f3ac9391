from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import Refused
from core.events.models import Event
from oncall.models import Holiday, QuietHours
from oncall.quiet import operations
from tests import cast
from tests.oncall.paging.test_api import caller

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
HOME = "/me/quiet-hours/"
HOURS, HOLIDAYS = "/api/v1/users/me/quiet-hours/", "/api/v1/users/me/holidays/"


@pytest.fixture
def own(alice: User) -> Client:
    return cast.sign_in(Client(), alice)


def soon() -> str:
    return f"{timezone.now().date() + timedelta(days=20):%Y-%m-%d}"


def test_the_page_says_that_high_urgency_never_waits_and_is_reached_by_a_link(own: Client) -> None:
    assert "High urgency never waits." in own.get(HOME).content.decode()
    assert HOME in own.get("/me/notifications/").content.decode()


def test_quiet_hours_are_added_and_removed(own: Client, alice: User) -> None:
    given = {"start": "22:00", "end": "07:00", "weekdays": ["0", "1", "2", "3", "4"]}
    assert own.post(f"{HOME}add/", given).status_code == 302
    made = QuietHours.objects.get()
    assert str(made) == "Monday to Friday, 22:00 to 07:00"
    assert "Monday to Friday" in own.get(HOME).content.decode()
    assert own.post(f"{HOME}{made.pk}/remove/").status_code == 302
    assert not QuietHours.objects.exists()
    summaries = [event.payload["summary"] for event in Event.objects.order_by("id")]
    assert summaries == [
        "quiet hours: Monday to Friday, 22:00 to 07:00",
        "quiet hours no more: Monday to Friday, 22:00 to 07:00",
    ]


def test_a_holiday_is_added_once_and_removed(own: Client) -> None:
    assert own.post(f"{HOME}holidays/", {"day": soon(), "name": "Day off"}).status_code == 302
    assert own.post(f"{HOME}holidays/", {"day": soon()}).status_code == 422
    made = Holiday.objects.get()
    assert "Day off" in own.get(HOME).content.decode()
    assert own.post(f"{HOME}holidays/{made.pk}/remove/").status_code == 302
    assert not Holiday.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"start": "late"}, {"end": "22:00"}, {"weekdays": []}, {"weekdays": ["7"]}]
)
def test_bad_hours_come_back_with_what_is_wrong(own: Client, wrong: dict[str, Any]) -> None:
    given = {"start": "22:00", "end": "07:00", "weekdays": ["0"]} | wrong
    answer = own.post(f"{HOME}add/", given)
    assert (answer.status_code, "Not added." in answer.content.decode()) == (422, True)
    assert not QuietHours.objects.exists()


def test_what_belongs_to_another_does_not_exist(own: Client) -> None:
    bob = cast.bob()
    hours = operations.add_hours(bob, weekdays=[0], start=time(22), end=time(7))
    holiday = operations.add_holiday(bob, day=timezone.now().date())
    assert own.post(f"{HOME}{hours.pk}/remove/").status_code == 404
    assert own.post(f"{HOME}holidays/{holiday.pk}/remove/").status_code == 404
    assert (QuietHours.objects.count(), Holiday.objects.count()) == (1, 1)


@pytest.mark.parametrize("path", ["add/", "1/remove/", "holidays/", "holidays/1/remove/"])
def test_a_get_changes_nothing_and_an_old_session_is_asked_for_the_password(
    own: Client, alice: User, path: str
) -> None:
    assert own.get(HOME + path).status_code == 405
    client = Client()
    client.force_login(alice)
    answer = client.post(HOME + path, {"start": "22:00", "end": "07:00", "weekdays": ["0"], "day": soon()})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/")
    assert not QuietHours.objects.exists()


def test_there_is_a_limit(alice: User) -> None:
    for _ in range(operations.MOST_HOURS):
        operations.add_hours(alice, weekdays=[0], start=time(22), end=time(7))
    with pytest.raises(Refused, match="20 quiet hours"):
        operations.add_hours(alice, weekdays=[0], start=time(22), end=time(7))


def test_the_api_adds_lists_and_removes(alice: User) -> None:
    api = caller(alice)
    made = api.post(HOURS, {"weekdays": ["saturday"], "from": "08:00", "to": "20:00"}, format="json")
    assert (made.status_code, made.data) == (
        201,
        {"id": made.data["id"], "weekdays": ["saturday"], "from": "08:00", "to": "20:00"},
    )
    assert api.get(HOURS).data["results"] == [made.data]
    assert caller(cast.bob()).get(HOURS).data["results"] == []
    assert api.delete(f"{HOURS}{made.data['id']}/").status_code == 204
    day = api.post(HOLIDAYS, {"date": soon(), "name": "Day off"}, format="json")
    assert (day.status_code, day.data["date"], day.data["name"]) == (201, soon(), "Day off")
    assert api.post(HOLIDAYS, {"date": soon()}, format="json").status_code == 409
    assert api.delete(f"{HOLIDAYS}{day.data['id']}/").status_code == 204
    assert (QuietHours.objects.count(), Holiday.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "given", [{}, {"from": "8", "to": "x"}, {"from": "08:00", "to": "20:00", "weekdays": []}]
)
def test_the_api_says_which_field_is_wrong(alice: User, given: dict[str, Any]) -> None:
    answer = caller(alice).post(HOURS, given, format="json")
    assert (answer.status_code, bool(answer.data["errors"])) == (400, True)


def test_an_admin_reads_what_people_chose_and_changes_nothing(alice: User) -> None:
    made = operations.add_hours(alice, weekdays=[0], start=time(22), end=time(7))
    client = cast.sign_in(Client(), cast.ada())
    assert "Monday, 22:00 to 07:00" in client.get("/admin/oncall/quiethours/").content.decode()
    assert client.get("/admin/oncall/holiday/").status_code == 200
    assert client.post(f"/admin/oncall/quiethours/{made.pk}/delete/", {"post": "yes"}).status_code == 403
