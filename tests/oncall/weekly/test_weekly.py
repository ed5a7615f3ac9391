"""One mail a week to each person with something ahead or behind, and one message to the channels of a team."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.outbox import sending
from core.outbox.models import Message
from core.people.directory import operations as directory
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.absences import operations as absences
from oncall.models import WeeklySummary
from oncall.paging.models import Page
from oncall.weekly import operations, queries, rules
from tests import cast
from tests.chats import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test.utils import CaptureQueriesContext

    from core.accounts.models import User
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


def due(user: User, week: str = "2026-W48") -> Timer:
    """The promise to mail somebody their week."""
    timers.set(operations.MINE, user.pk, occurrence=week, due_at=timezone.now())
    return Timer.objects.get(kind=operations.MINE, subject_id=user.pk, occurrence=week)


def mailed(user: User) -> list[Message]:
    return list(Message.objects.filter(client=operations.CLIENT, user=user).order_by("pk"))


def paged(user: User, at: datetime, **about: object) -> None:
    """Somebody was paged about something."""
    running = cast.escalation(cast.alert(f"At {at}"), cast.policy((600, [user]), name=f"P {at}"), **about)  # type: ignore[arg-type]
    page = Page.objects.create(
        escalation=running, user=user, nonce="n", status="sent", planned_at=at, sent_at=at, epoch=1
    )
    Page.objects.filter(pk=page.pk).update(created_at=at)


# When


@pytest.mark.parametrize(
    ("after", "weekday", "hour", "zone", "at"),
    [
        ("2026-11-22 12:00", 0, 9, "Europe/Berlin", "2026-11-23 08:00"),
        ("2026-11-23 07:59", 0, 9, "Europe/Berlin", "2026-11-23 08:00"),
        ("2026-11-23 08:00", 0, 9, "Europe/Berlin", "2026-11-30 08:00"),
        ("2026-03-28 12:00", 6, 2, "Europe/Berlin", "2026-03-29 01:00"),
        ("2026-11-22 12:00", 0, 9, "Pacific/Auckland", "2026-11-22 20:00"),
    ],
)
def test_it_comes_at_the_chosen_hour_of_the_persons_own_clock(
    after: str, weekday: int, hour: int, zone: str, at: str
) -> None:
    start = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = rules.next_moment(weekday, hour, zone=ZoneInfo(zone), after=start)
    assert found == datetime.fromisoformat(at).replace(tzinfo=UTC)


@given(
    after=st.integers(0, 20 * 366 * 1440).map(
        lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
    ),
    weekday=st.integers(0, 6),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]),
)
def test_the_next_one_is_within_eight_days_and_after_now(
    after: datetime, weekday: int, hour: int, zone: str
) -> None:
    found = rules.next_moment(weekday, hour, zone=ZoneInfo(zone), after=after)
    assert after < found <= after + timedelta(days=8, hours=2)
    assert rules.next_moment(weekday, hour, zone=ZoneInfo(zone), after=found) > found


def test_it_is_planned_a_day_before_and_moved_with_the_setting(alice: User) -> None:
    now = timezone.now()
    soon, later = now + timedelta(hours=2), now + timedelta(hours=5)
    operations.choose(user=alice, is_on=True, weekday=soon.weekday(), hour=soon.hour, actor=alice)
    first = Timer.objects.get(kind=operations.MINE, subject_id=alice.pk)
    assert (first.due_at, operations.plan()) == (soon.replace(minute=0, second=0, microsecond=0), 0)
    operations.choose(user=alice, is_on=True, weekday=later.weekday(), hour=later.hour, actor=alice)
    waiting = Timer.objects.filter(kind=operations.MINE, subject_id=alice.pk, cancelled_at=None)
    assert [each.due_at for each in waiting] == [later.replace(minute=0, second=0, microsecond=0)]
    operations.choose(user=alice, is_on=False, weekday=later.weekday(), hour=later.hour, actor=alice)
    assert (waiting.all().count(), operations.plan()) == (0, 0)


def test_everybody_is_planned_who_did_not_choose(alice: User, bob: User) -> None:
    at = timezone.now() + timedelta(hours=3)
    for user in (alice, bob):
        WeeklySummary.objects.create(user=user, weekday=at.weekday(), hour=at.hour)
    directory.deactivate(bob, actor=cast.ada())
    carol = cast.carol()
    assert queries.of_user(carol).weekday == 0
    operations.plan()
    planned = Timer.objects.filter(kind=operations.MINE)
    assert {timer.subject_id for timer in planned} & {alice.pk, bob.pk} == {alice.pk}


# What


def test_it_says_what_is_ahead_and_behind(alice: User, bob: User, smtp: Smtp) -> None:
    now = timezone.now()
    schedule = cast.always(alice)
    absences.add(alice, start=now + timedelta(days=3), end=now + timedelta(days=4))
    cast.swap(schedule)
    night = (now - timedelta(days=2)).replace(hour=3, minute=0)
    paged(alice, night)
    paged(bob, night + timedelta(minutes=1))
    operations.send_mine(due(alice))
    sending.send_due()
    (mail,) = [each for each in smtp.mails if "week on call" in each.subject]
    found = queries.summary(alice, now=now)
    assert mail.recipients == ["alice@example.com"]
    assert mail.subject == "Your week on call: 1 shift in the next two weeks, 1 page last week"
    text = " ".join(mail.text.split())
    assert "Your shifts of the next two weeks: - " in text
    assert "You are away while on call: - " in text
    assert "Your swaps and requests: - Payments primary, " in text
    assert "nobody has taken it yet" in text
    assert "Last week: 1 page, 1 out of hours, woken in 1 night." in text
    assert "/me/weekly-summary/" in text
    assert (len(found.shifts), len(found.away), len(found.swaps), found.woken) == (1, 1, 1, 1)


def test_who_has_nothing_ahead_or_behind_gets_no_mail(alice: User) -> None:
    operations.send_mine(due(alice))
    assert mailed(alice) == []


def test_it_is_sent_once_however_often_the_job_runs_or_dies(alice: User) -> None:
    cast.always(alice)
    timer = due(alice)
    with transaction.atomic():
        operations.send_mine(timer)
        transaction.set_rollback(True)
    assert mailed(alice) == []
    for _ in range(3):
        operations.send_mine(timer)
    assert [message.key for message in mailed(alice)] == [f"weekly-{alice.pk}-2026-W48"]
    timers.run_due()
    assert len(mailed(alice)) == 1


def test_it_is_not_sent_to_who_switched_it_off_or_left(alice: User, bob: User) -> None:
    cast.weekly(alice, bob)
    first, second = due(alice), due(bob)
    operations.choose(user=alice, is_on=False, weekday=0, hour=9, actor=alice)
    directory.deactivate(bob, actor=cast.ada())
    operations.send_mine(first)
    operations.send_mine(second)
    assert (mailed(alice), mailed(bob)) == ([], [])


def test_managers_read_what_the_look_ahead_finds_for_their_teams(alice: User, mona: User) -> None:
    cast.weekly(alice, None)
    assert any("nobody" in worry.lower() for worry in queries.summary(mona, now=timezone.now()).worries)
    assert queries.summary(alice, now=timezone.now()).worries == ()


def test_no_private_incident_is_named(alice: User, bob: User) -> None:
    incident = cast.incident("Keys of Acme leaked", by=bob, private=True)
    at = timezone.now() - timedelta(days=2)
    running = cast.escalation(incident, cast.policy((600, [alice])))
    page = Page.objects.create(
        escalation=running, user=alice, nonce="n", status="sent", planned_at=at, sent_at=at, epoch=1
    )
    Page.objects.filter(pk=page.pk).update(created_at=at)
    cast.always(alice)
    for user in (alice, bob):
        said = operations.content(queries.summary(user, now=timezone.now()))
        assert "Acme" not in str(said)


def test_long_lists_are_cut_and_counted() -> None:
    lines = tuple(f"Request {n}" for n in range(40))
    said = rules.text(rules.Summary(zone=BERLIN, wanted=lines), url="u", settings_url="s")
    assert ("Request 29" in said, "Request 30" in said, "And 10 more." in said) == (True, False, True)


# The channels of a team


def test_the_channels_of_a_team_hear_who_is_on_call_in_the_next_week(
    alice: User, bob: User, mona: User, room: Room
) -> None:
    team = cast.team()
    schedule = cast.weekly(alice, bob)
    cast.channel("#payments", of=team)
    row = operations.choose(team=team, is_on=True, weekday=0, hour=9, time_zone="Europe/Berlin", actor=mona)
    now = timezone.now()
    text = operations.team_content(row, now=now)["text"]
    assert f"{schedule.name}:\n- " in text
    assert ("Alice Example" in text, "Bob Example" in text, "CE" in text) == (True, True, True)
    timers.set(operations.TEAMS, team.pk, occurrence="2026-W48", due_at=now)
    timer = Timer.objects.get(kind=operations.TEAMS, occurrence="2026-W48")
    operations.send_team(timer)
    operations.send_team(timer)
    (told,) = Message.objects.filter(client=operations.CLIENT)
    assert (told.user_id, told.content["subject"]) == (None, "On call in Payments in the next seven days")
    operations.choose(team=team, is_on=False, weekday=0, hour=9, actor=mona)
    timers.set(operations.TEAMS, team.pk, occurrence="2026-W49", due_at=now)
    operations.send_team(Timer.objects.get(kind=operations.TEAMS, occurrence="2026-W49"))
    assert Message.objects.filter(client=operations.CLIENT).count() == 1


def test_a_gap_is_said_and_a_team_without_a_schedule_tells_nothing(alice: User, mona: User) -> None:
    team = cast.team()
    row = operations.choose(team=team, is_on=True, weekday=0, hour=9, actor=mona)
    assert operations.team_content(row, now=timezone.now()) == {}
    cast.weekly(alice, None)
    assert "nobody" in operations.team_content(row, now=timezone.now())["text"]


# Screens and the API


def test_the_settings_page_shows_how_it_would_read(alice: User, bob: User) -> None:
    cast.always(alice)
    his = cast.sign_in(Client(), alice)
    page = his.get("/me/weekly-summary/").content.decode()
    assert "Your week on call: 1 shift in the next two weeks, no page last week" in page
    assert his.post("/me/weekly-summary/", {"is_on": "on", "weekday": "4", "hour": "16"}).status_code == 302
    row = WeeklySummary.objects.get(user=alice)
    assert (row.is_on, row.weekday, row.hour) == (True, 4, 16)
    wrong = his.post("/me/weekly-summary/", {"is_on": "on", "weekday": "9", "hour": "16"})
    assert (wrong.status_code, "Select a valid choice" in wrong.content.decode()) == (422, True)
    assert his.post("/me/weekly-summary/", {"weekday": "4", "hour": "16"}).status_code == 302
    assert "It is switched off." in his.get("/me/weekly-summary/").content.decode()
    assert (
        "There is nothing to say now"
        in cast.sign_in(Client(), bob).get("/me/weekly-summary/").content.decode()
    )


def test_only_managers_switch_on_what_the_channels_are_told(alice: User, mona: User) -> None:
    body = {"is_on": "on", "weekday": "0", "hour": "9", "time_zone": "Europe/Berlin"}
    cast.team()
    member, manager = cast.sign_in(Client(), alice), cast.sign_in(Client(), mona)
    assert "It is switched off." in member.get("/on-call/-/weekly/payments/").content.decode()
    assert member.post("/on-call/-/weekly/payments/", body).status_code == 403
    assert manager.post("/on-call/-/weekly/payments/", {**body, "time_zone": "Mars"}).status_code == 422
    assert manager.post("/on-call/-/weekly/payments/", body).status_code == 302
    assert WeeklySummary.objects.get(team__slug="payments").time_zone == "Europe/Berlin"
    with pytest.raises(PermissionDenied):
        operations.choose(user=mona, is_on=False, weekday=0, hour=9, actor=alice)


def test_the_api_reads_and_writes_it(alice: User, mona: User) -> None:
    cast.team()
    mine = cast.caller(alice)
    path = "/api/v1/weekly-summaries/me/"
    assert mine.get(path).data == {"is_on": True, "weekday": "monday", "hour": 9, "time_zone": "UTC"}
    put = mine.put(path, {"is_on": True, "weekday": "friday", "hour": 16}, format="json")
    assert (put.status_code, put.data["weekday"], put.data["hour"]) == (200, "friday", 16)
    lost = mine.put(path, {"is_on": False}, format="json", headers={"If-Match": '"old"'})
    assert lost.status_code == 412
    assert mine.put(path, {"is_on": True, "hour": 24}, format="json").status_code == 400
    team = "/api/v1/weekly-summaries/payments/"
    assert mine.get(team).data["is_on"] is False
    assert mine.put(team, {"is_on": True}, format="json").status_code == 403
    hers = cast.caller(mona).put(team, {"is_on": True, "time_zone": "Asia/Tokyo"}, format="json")
    assert (hers.status_code, hers.data["time_zone"]) == (200, "Asia/Tokyo")
    assert mine.get("/api/v1/weekly-summaries/nobody/").status_code == 404


def test_the_page_asks_a_bounded_number_of_questions(
    bob: User, mona: User, django_assert_max_num_queries: CaptureQueriesContext
) -> None:
    for n in range(6):
        schedule = cast.weekly(mona, bob, name=f"Schedule {n}")
        cast.swap(schedule)
    client = cast.sign_in(Client(), mona)
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        assert client.get("/me/weekly-summary/").status_code == 200
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        assert client.get("/on-call/-/weekly/payments/").status_code == 200
