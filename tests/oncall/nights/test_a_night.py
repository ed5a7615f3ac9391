"""A night of a person, by the database's clock: 02:47 is the one that somebody remembers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from core.accounts.models import User
from core.events.models import Event
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.escalation import operations, queries
from oncall.mornings import operations as mornings
from oncall.nights import operations as nights
from oncall.nights import queries as limits
from oncall.paging import operations as paging
from oncall.paging.models import Page
from tests import cast
from tests.chats import Room
from tests.fastclock import stop
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oncall.models import Escalation, Policy

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def clock(db: None) -> Callable[[datetime], None]:
    return stop(connection)


class Story:
    """Alice has the first level and Bob the second, on a Wednesday in Berlin."""

    def __init__(self, go: Callable[[datetime], None]) -> None:
        self.go = go
        self.at("Tue 18:00")
        self.alice, self.bob = (
            cast.person(name, team=cast.team(), zone=str(ZONE)) for name in ("Alice", "Bob")
        )
        for user in (self.alice, self.bob):
            paging.ensure_default(user)
        nights.set_limit(3, actor=None)

    def at(self, when: str) -> None:
        """Let the clocks in Berlin show this time of Tuesday, Wednesday or Thursday."""
        day = {"Tue": 10, "Wed": 11, "Thu": 12}[when[:3]]
        hour, minute = map(int, when[4:].split(":"))
        self.go(datetime(2026, 3, day, hour, minute, tzinfo=ZONE))

    def policy(self, *, repeat: int = 1) -> Policy:
        return cast.policy((600, [self.alice]), (600, [self.bob]), repeat=repeat)

    def fire(self, when: str, by: Policy, *, urgency: str = "high", severity: str = "") -> Escalation:
        """Let an alert come, and the pager look at it."""
        self.at(when)
        return self.ask(cast.alert(f"At {when}", urgency=urgency, severity=severity), by, urgency)

    def ask(self, about: object, by: Policy, urgency: str = "high") -> Escalation:
        running = cast.escalation(about, by, urgency=urgency)  # type: ignore[arg-type]
        drain()
        Page.objects.filter(status="pending", held_until=None).update(
            status="sent", sent_at="2026-03-11T00:00Z"
        )
        running.refresh_from_db()
        return running

    def three(self, by: Policy) -> list[Escalation]:
        """Alice is paged three times, and takes each."""
        return [self.taken(self.fire(when, by)) for when in ("Wed 00:40", "Wed 02:47", "Wed 04:10")]

    def taken(self, running: Escalation, *, by: User | None = None) -> Escalation:
        assert running.alert
        operations.acknowledge(alert=running.alert, actor=by or self.alice)
        return running


@pytest.fixture
def story(clock: Callable[[datetime], None]) -> Story:
    return Story(clock)


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


def reports() -> list[Message]:
    return list(Message.objects.filter(client=mornings.CLIENT).order_by("id"))


def test_j21_the_fourth_page_of_a_night(story: Story, mona: User, room: Room) -> None:
    cast.channel("#payments", of=cast.team())
    policy = story.policy()
    first = story.three(policy)
    fourth = story.taken(story.fire("Wed 05:05", policy), by=story.bob)
    cast.severity("SEV1")
    worst = story.fire("Wed 05:40", policy, severity="critical")
    story.at("Wed 08:59")
    timers.run_due()
    too_early = reports()
    story.at("Wed 09:00")
    timers.run_due()
    said = reports()[0].content["text"]

    three_go_to_the_primary = [asked(each) for each in first] == [[("Alice", 0, 0, "acknowledged")]] * 3
    assert three_go_to_the_primary

    the_fourth_goes_to_the_secondary = asked(fourth) == [
        ("Alice", 0, 0, "suppressed"),
        ("Bob", 0, 1, "acknowledged"),
    ]
    assert the_fourth_goes_to_the_secondary
    at_once = {page.planned_at for page in fourth.pages.all()} == {fourth.started_at}
    assert at_once
    with_the_reason_in_the_ledger = fourth.pages.get(user=story.alice).why == (
        "Level 1 of Engineering. Not asked: over Alice Example's limit of 3 pages this night."
        " Others are asked at once instead."
    )
    assert with_the_reason_in_the_ledger

    facts = Event.objects.filter(name="night_limit.passed").order_by("id")
    it_is_reported = [fact.payload["outcome"] for fact in facts] == ["passed_over", "went_through"]
    assert it_is_reported

    pages = Page.objects.filter(user=story.alice).order_by("planned_at")[:4]
    all_four_count_as_out_of_hours = [page.is_out_of_hours for page in pages] == [True] * 4
    assert all_four_count_as_out_of_hours

    a_page_of_rank_1_goes_through = asked(worst) == [("Alice", 0, 0, "sent")]
    assert a_page_of_rank_1_goes_through

    the_morning_report_lists_them = [line.split(": ")[0] for line in said.split("\n\n")[1].splitlines()] == [
        "00:40 At Wed 00:40",
        "02:47 At Wed 02:47",
        "04:10 At Wed 04:10",
        "05:05 At Wed 05:05",
        "05:40 At Wed 05:40",
    ]
    assert the_morning_report_lists_them
    assert "05:05 At Wed 05:05: over the limit, others were asked instead, Bob Example took it" in said

    a_rest_is_proposed = "Proposal: Alice Example rests today" in said
    assert a_rest_is_proposed

    it_comes_in_the_morning = not too_early
    assert it_comes_in_the_morning
    the_team_hears_of_it = {(each.channel, each.user_id) for each in reports()} == {
        ("email", story.alice.pk),
        ("email", mona.pk),
        ("room", None),
    }
    assert the_team_hears_of_it


def test_a_night_is_told_once_however_often_it_is_looked_at(story: Story) -> None:
    policy = story.policy()
    story.three(policy)
    story.fire("Wed 05:05", policy)
    story.fire("Wed 05:10", policy)
    story.at("Wed 09:00")
    (promise,) = Timer.objects.filter(kind=nights.REPORT)
    mornings.report(promise)
    timers.run_due()
    mornings.report(promise)
    assert [each.user_id for each in reports()] == [
        story.alice.pk,
        User.objects.get(email="ada@example.com").pk,
    ]
    assert reports()[0].content["subject"] == "Alice Example was paged 3 times in the night to Wednesday"


def test_the_report_names_no_private_incident(story: Story, ada: User) -> None:
    policy = story.policy()
    story.three(policy)
    secret = cast.incident("Somebody took the keys", by=ada, private=True)
    story.at("Wed 05:05")
    story.ask(secret, policy)
    story.at("Wed 09:00")
    timers.run_due()
    said = reports()[0].content["text"]
    assert "05:05 A private incident: over the limit, others were asked instead" in said
    assert "keys" not in said


def test_the_report_says_where_somebody_else_can_take_the_day(story: Story) -> None:
    policy = story.policy()
    cast.always(story.alice)
    story.three(policy)
    story.fire("Wed 05:05", policy)
    story.at("Wed 09:00")
    timers.run_due()
    assert "Let somebody else take Payments primary" in reports()[0].content["text"]
    assert "/on-call/payments-primary/" in reports()[0].content["text"]


def test_the_next_night_begins_at_nought(story: Story) -> None:
    policy = story.policy()
    story.three(policy)
    assert asked(story.fire("Thu 00:40", policy)) == [("Alice", 0, 0, "sent")]


def test_in_working_hours_there_is_no_limit(story: Story) -> None:
    policy = story.policy()
    story.three(policy)
    assert asked(story.fire("Wed 09:00", policy)) == [("Alice", 0, 0, "sent")]


def test_where_nobody_else_is_left_it_goes_through_and_says_so(story: Story) -> None:
    policy = cast.policy((600, [story.alice]))
    story.three(policy)
    fourth = story.fire("Wed 05:05", policy)
    assert asked(fourth) == [("Alice", 0, 0, "sent")]
    page = fourth.pages.get()
    assert page.over_limit == "went_through"
    assert page.why.endswith(
        "over Alice Example's limit of 3 pages this night: nobody else is left to be asked."
    )


def test_a_channel_is_nobody_who_is_left(story: Story, room: Room) -> None:
    policy = cast.policy((600, [story.alice]), (600, [cast.channel()]))
    story.three(policy)
    assert story.fire("Wed 05:05", policy).pages.get(level=0).over_limit == "went_through"


def test_whoever_shares_the_level_is_enough(story: Story) -> None:
    alone, both = cast.policy((600, [story.alice])), cast.policy((600, [story.alice, story.bob]), name="Both")
    story.three(alone)
    fourth = story.fire("Wed 05:05", both)
    assert sorted(asked(fourth)) == [("Alice", 0, 0, "suppressed"), ("Bob", 0, 0, "sent")]
    assert fourth.next_at == datetime(2026, 3, 11, 5, 15, tzinfo=ZONE)  # and has the level's whole time


def test_who_was_passed_over_is_asked_before_it_gives_up(story: Story, ada: User) -> None:
    policy = story.policy()
    story.three(policy)
    fourth = story.fire("Wed 05:05", policy)
    story.at("Wed 05:15")
    drain()
    fourth.refresh_from_db()
    assert asked(fourth)[2] == ("Alice", 0, 2, "pending")
    page = fourth.pages.get(level=2)
    assert page.why.startswith("After every level of Engineering. It goes through although it is over")
    assert fourth.status == "escalating"
    story.at("Wed 05:25")
    drain()
    fourth.refresh_from_db()
    assert fourth.status == "exhausted"
    assert len(asked(fourth)) == 3


def test_the_second_pass_asks_everybody(story: Story) -> None:
    policy = story.policy(repeat=2)
    story.three(policy)
    fourth = story.fire("Wed 05:05", policy)
    story.at("Wed 05:15")
    drain()
    assert asked(fourth)[2] == ("Alice", 1, 0, "pending")


def test_to_be_asked_again_about_the_same_is_no_further_page(story: Story) -> None:
    policy = cast.policy((600, [story.alice]), (60, [story.bob]), repeat=4)
    running = story.fire("Wed 00:20", policy)
    for minute in (30, 31):
        story.at(f"Wed 00:{minute}")
        drain()
    assert [name for name, *_ in asked(running)] == ["Alice", "Bob", "Alice"]
    story.three(cast.policy((600, [story.alice]), (600, [story.bob]), name="Other"))
    assert [page.over_limit for page in Page.objects.filter(user=story.alice)].count("passed_over") == 1


def test_low_urgency_waits_for_the_morning(story: Story) -> None:
    policy = story.policy()
    story.three(policy)
    running = story.fire("Wed 05:05", policy, urgency="low")
    (page,) = running.pages.all()
    assert (page.user, page.status, page.over_limit) == (story.alice, "pending", "waits")
    morning = datetime(2026, 3, 11, 9, 0, tzinfo=ZONE)
    assert page.held_until == morning
    assert page.why.endswith(
        "Waits until Wednesday 09:00 CET: over Alice Example's limit of 3 pages this night."
    )
    (message,) = Message.objects.filter(client="oncall.held")
    assert message.due_at == morning
    assert message.content["subject"] == "Pages waited for the morning"
    assert running.next_at == datetime(2026, 3, 11, 9, 10, tzinfo=ZONE)  # the next level waits as long


def test_who_moves_to_another_zone_has_another_morning(story: Story) -> None:
    policy = story.policy()
    story.three(policy)
    running = story.fire("Wed 05:05", policy, urgency="low")
    story.alice.time_zone = "America/New_York"
    story.alice.save()
    assert operations.replan_held(story.alice.pk) == 1
    page = running.pages.get()
    assert page.held_until == datetime(2026, 3, 11, 13, 0, tzinfo=UTC)
    assert page.why.endswith("Waits until Wednesday 09:00 EDT: over the limit of pages of a night.")
    story.alice.time_zone = "Asia/Tokyo"  # where it is the middle of a working day
    story.alice.save()
    assert operations.replan_held(story.alice.pk, changed="time zone was") == 1
    page.refresh_from_db()
    assert page.held_until is None
    assert page.why.endswith(" Their time zone was changed, so it waits no more.")


def test_a_page_by_hand_is_not_turned_away(story: Story, mona: User) -> None:
    policy = story.policy()
    story.three(policy)
    story.at("Wed 05:05")
    operations.page_by_hand(actor=mona, message="Please look", policy=policy)
    drain()
    assert Page.objects.latest("pk").user == story.alice


def test_many_at_once_are_counted_one_by_one(story: Story) -> None:
    policy = story.policy()
    story.at("Wed 02:47")
    for n in range(5):
        cast.escalation(cast.alert(f"Disk {n}"), policy)
    drain()
    pages = Page.objects.order_by("pk")
    assert [page.over_limit for page in pages.filter(user=story.alice)].count("passed_over") == 2
    assert pages.filter(user=story.bob).count() == 2


def test_without_a_limit_everything_goes_through(story: Story) -> None:
    nights.set_limit(0, actor=None)
    policy = story.policy()
    story.three(policy)
    assert asked(story.fire("Wed 05:05", policy)) == [("Alice", 0, 0, "sent")]


def test_the_simulator_says_who_is_not_woken_tonight(story: Story) -> None:
    policy = story.policy()
    story.three(policy)
    told = queries.policies(story.alice).get(pk=policy.pk)
    tonight = queries.simulate(told, at=datetime(2026, 3, 11, 5, 5, tzinfo=ZONE), urgency="high")
    seen = [(line.person.name if line.person else "", line.is_spared, f"{line.at:%H:%M}") for line in tonight]
    assert seen == [
        ("Alice Example", True, "05:05"),
        ("Bob Example", False, "05:05"),
        ("Alice Example", False, "05:15"),
        ("", False, "05:25"),
    ]
    tomorrow = queries.simulate(told, at=datetime(2026, 3, 12, 5, 5, tzinfo=ZONE), urgency="high")
    assert [line.is_spared for line in tomorrow] == [False] * 3


def test_who_had_as_many_as_a_night_may_bring_rests_after_it(story: Story) -> None:
    story.three(story.policy())
    evening, morning = (datetime(2026, 3, day, hour, tzinfo=ZONE) for day, hour in ((10, 17), (11, 9)))
    both = [story.alice.pk, story.bob.pk]
    for now in (morning - timedelta(hours=1), morning + timedelta(hours=3)):
        assert limits.rests(both, now=now) == [(story.alice.pk, (evening, morning + limits.REST))]
    assert limits.rests(both, now=morning + timedelta(days=1)) == []
    nights.set_limit(0, actor=None)
    assert limits.rests(both, now=morning) == []
