from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from config import env
from core.channels import secrets
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.paging import operations as paging
from oncall.paging import queries as paging_queries
from oncall.paging.models import ContactMethod, Page
from oncall.quiet import operations as quiet
from oncall.readiness import operations, queries
from oncall.readiness.rules import Problem
from oncall.schedules import operations as schedules
from tests import cast
from tests.oncall.paging.test_api import caller

if TYPE_CHECKING:
    from pytest_django import Settings

    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
BOARD, API = "/on-call/readiness/", "/api/v1/on-call/readiness/"


def prepared(user: User) -> User:
    """Somebody whom a page reaches: two channels, and a test page that was acknowledged."""
    paging.ensure_default(user)
    ContactMethod.objects.create(
        user=user, channel="webhook", address=f"https://example.com/{user.pk}", verified_at=timezone.now()
    )
    page = paging.send_test(user)
    paging.acknowledge_test(page)
    return user


@pytest.fixture(autouse=True)
def _mail_is_set_up(settings: Settings) -> None:
    settings.MAIL = env.mail("smtp://127.0.0.1:25")


@pytest.fixture
def bob() -> User:
    return prepared(cast.bob())


@pytest.fixture
def primary(bob: User) -> Schedule:
    return cast.always(bob)


def problems_of(user: User) -> tuple[Problem, ...]:
    return next(line.problems for line in queries.board().lines if line.user == user)


# The board


def test_whoever_is_reached_by_two_channels_and_was_tested_is_ready(bob: User, primary: Schedule) -> None:
    (line,) = queries.board().lines
    assert (line.user, line.is_now, line.ready, line.shifts[0].name) == (bob, True, True, "Payments primary")
    page = cast.sign_in(Client(), cast.vera()).get(BOARD).content.decode()
    assert "Everybody can be reached." in page


@pytest.mark.parametrize("problem", list(Problem))
def test_each_thing_that_is_wrong_makes_a_person_red(bob: User, primary: Schedule, problem: Problem) -> None:
    match problem:
        case Problem.NO_METHOD:
            bob.contact_methods.update(is_enabled=False)
        case Problem.ONE_CHANNEL:
            bob.contact_methods.filter(channel="webhook").update(verified_at=None)
        case Problem.NOT_SET_UP:
            bob.contact_methods.filter(channel="webhook").update(channel="sms", address="+4915112345678")
        case Problem.FAILED:
            bob.contact_methods.filter(channel="webhook").update(last_error="410 Gone")
        case Problem.UNTESTED:
            Page.objects.update(acknowledged_at=F("acknowledged_at") - timedelta(days=31))
        case Problem.QUIET:
            quiet.add_hours(bob, weekdays=range(7), start=time(22), end=time(7))
    alone = {Problem.NOT_SET_UP: (Problem.ONE_CHANNEL, Problem.NOT_SET_UP)}
    assert problems_of(bob) == alone.get(problem, (problem,))
    page = cast.sign_in(Client(), bob).get(BOARD).content.decode()
    assert "Pages may not reach 1 of 1." in page
    assert "Mend it" in page


@pytest.mark.parametrize(
    ("channel", "address", "setting", "value"),
    [
        ("sms", "+4915112345678", "SMS_GATEWAY_URL", "https://sms.example/"),
        ("slack", "U012AB3CD", "SLACK_BOT_TOKEN", "xoxb-1"),
        ("discord", "@80351110224678912", "DISCORD_BOT_TOKEN", "token"),
        ("telegram", "4711", "TELEGRAM_BOT_TOKEN", "1:token"),
    ],
)
def test_what_nothing_can_be_sent_by_is_no_way_to_be_reached(
    bob: User, primary: Schedule, settings: Settings, channel: str, address: str, setting: str, value: str
) -> None:
    bob.contact_methods.filter(channel="webhook").update(channel=channel, address=secrets.seal(address))
    setattr(settings, setting, "")
    assert problems_of(bob) == (Problem.ONE_CHANNEL, Problem.NOT_SET_UP)
    mine = cast.sign_in(Client(), bob).get("/me/notifications/").content.decode()
    assert mine.count("This channel is not set up here") == 1

    setattr(settings, setting, value)
    assert problems_of(bob) == ()


def test_a_webhook_of_a_chat_needs_no_bot(bob: User, primary: Schedule, settings: Settings) -> None:
    settings.SLACK_BOT_TOKEN = ""
    bob.contact_methods.filter(channel="webhook").update(channel="slack")
    assert problems_of(bob) == ()


def test_without_a_mail_server_mail_reaches_nobody(bob: User, primary: Schedule, settings: Settings) -> None:
    settings.MAIL = None
    bob.contact_methods.filter(channel="webhook").delete()
    assert problems_of(bob) == (Problem.NO_METHOD, Problem.NOT_SET_UP)
    assert "No channel of your contact methods is set up here." in paging_queries.reach(bob).problem


def test_who_is_on_call_within_a_week_is_listed_after_who_is_now(bob: User, primary: Schedule) -> None:
    carol, now = cast.carol(), timezone.now()
    schedules.add_override(
        primary, start=now + timedelta(days=2), end=now + timedelta(days=3), user=carol, actor=None
    )
    schedules.add_override(
        primary, start=now + timedelta(days=9), end=now + timedelta(days=10), user=cast.alice(), actor=None
    )
    lines = queries.board(at=now).lines
    assert [(line.user, line.is_now, len(line.shifts)) for line in lines] == [
        (bob, True, 2),
        (carol, False, 1),
    ]


def test_a_team_without_shifts_has_an_empty_board() -> None:
    assert "Nobody is on call" in cast.sign_in(Client(), cast.vera()).get(BOARD).content.decode()


def test_the_board_is_linked_from_the_on_call_page(bob: User) -> None:
    assert BOARD in cast.sign_in(Client(), bob).get("/on-call/").content.decode()


@pytest.mark.parametrize("count", [2, 12])
def test_the_board_takes_the_same_few_queries_however_many_people(
    count: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(count):
        cast.always(prepared(cast.person(f"P{n}", team=cast.team())), f"Schedule {n}")
    with django_assert_max_num_queries(13):
        assert len(queries.board().lines) == count


def test_the_api_gives_each_person_with_the_reasons(bob: User, primary: Schedule) -> None:
    bob.contact_methods.filter(channel="webhook").delete()
    answer = caller(cast.vera(), "read").get(API)
    assert answer.status_code == 200
    (line,) = answer.data
    assert (line["user"], line["name"], line["on_call_now"], line["ready"]) == (
        str(bob.pk),
        "Bob Example",
        True,
        False,
    )
    assert line["reasons"] == [
        {"code": "only_one_channel", "detail": "Only one channel: nothing to fall back on"}
    ]
    assert line["shifts"][0]["schedule"] == "Payments primary"
    assert line["shifts"][0]["end"].endswith("Z")


# The mail before the shift


def shift_of(user: User, primary: Schedule, *, hours: float) -> Any:
    start = (timezone.now() + timedelta(hours=hours)).replace(microsecond=0)
    return schedules.add_override(primary, start=start, end=start + timedelta(hours=8), user=user, actor=None)


def fall_due() -> None:
    """Run every check: the test's transaction began before any of them was due."""
    Timer.objects.update(due_at=F("due_at") - timedelta(hours=30))
    timers.run_due()


def test_whoever_is_red_gets_one_mail_a_day_before_the_shift(bob: User, primary: Schedule) -> None:
    carol = cast.carol()
    override = shift_of(carol, primary, hours=24.5)
    assert operations.plan_checks() == 1
    assert operations.plan_checks() == 0
    timer = Timer.objects.get(subject_id=carol.pk)
    assert timer.due_at == override.start - timedelta(hours=24)
    assert timers.run_due() == 0
    fall_due()
    (message,) = Message.objects.filter(client="oncall.readiness")
    assert (message.address, message.lane, message.channel) == ("carol@example.com", 2, "email")
    assert "No verified contact method" in message.content["text"]
    assert "/me/notifications/" in message.content["text"]
    assert operations.plan_checks() == 0
    Timer.objects.update(done_at=None)
    fall_due()
    assert Message.objects.filter(client="oncall.readiness").count() == 1


def test_a_shift_that_begins_within_the_day_is_checked_at_once(bob: User, primary: Schedule) -> None:
    shift_of(cast.carol(), primary, hours=3)
    assert operations.plan_checks() == 2  # hers, and Bob's after it
    assert Timer.objects.filter(due_at__lte=timezone.now()).count() == 2
    fall_due()
    assert Message.objects.filter(client="oncall.readiness").count() == 1


def test_whoever_is_ready_gets_no_mail(primary: Schedule) -> None:
    shift_of(prepared(cast.carol()), primary, hours=3)
    operations.plan_checks()
    fall_due()
    assert not Message.objects.filter(client="oncall.readiness").exists()


def test_a_shift_that_was_taken_back_warns_nobody(primary: Schedule) -> None:
    override = shift_of(cast.carol(), primary, hours=3)
    operations.plan_checks()
    schedules.cancel_override(override, actor=None)
    fall_due()
    assert not Message.objects.filter(client="oncall.readiness").exists()


def test_a_shift_under_way_and_one_far_off_are_not_planned(bob: User, primary: Schedule) -> None:
    shift_of(cast.carol(), primary, hours=26)
    assert operations.plan_checks() == 0
