"""A trainee in front is paged first, and whoever is on call a little later at most, whatever fails."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core import failpoints
from core.outbox import sending
from core.outbox.models import Message
from core.people.directory import operations as directory
from oncall.breakglass import queries as glass
from oncall.escalation import operations, queries
from oncall.escalation.rules import plans, targets
from oncall.escalation.rules.plans import Kind, LevelSpec, Plan, TargetSpec
from oncall.escalation.rules.steps import Position
from oncall.escalation.rules.targets import Answer
from oncall.models import Shadow
from oncall.nights import operations as nights
from oncall.paging import operations as paging
from oncall.paging.models import ContactMethod, Page
from oncall.paging.rules import Front
from oncall.quiet import operations as quiet
from oncall.schedules import queries as resolver
from oncall.shadows import operations as shadows
from tests import cast
from tests.fastclock import stop
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.models import User
    from oncall.models import Escalation
    from tests.peers import Smtp

MINUTE = timedelta(minutes=1)
TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
NOON = TODAY + timedelta(days=9 - TODAY.weekday())
"""Noon of a Wednesday to come: what people enter goes by the clock of the product, paging by that of the database."""


class Story:
    """Alice is on call, Bob is in front of her from noon on; Carol is the second level after 20 minutes."""

    def __init__(self, go: Callable[[datetime], None], **how: object) -> None:
        self._go = go
        self.at(0)
        self.alice, self.bob, self.carol, self.ada = cast.alice(), cast.bob(), cast.carol(), cast.ada()
        for user in (self.alice, self.bob, self.carol):
            paging.ensure_default(user)
        self.schedule = cast.always(self.alice)
        self.policy = cast.policy((1200, [self.schedule]), (1200, [self.carol]), repeat=2)
        self.shadow = shadows.add(
            self.schedule,
            **{  # type: ignore[arg-type]
                "trainee": self.bob,
                "start": NOON,
                "end": NOON + timedelta(days=7),
                "is_reverse": True,
                "actor": self.ada,
                **how,
            },
        )

    def at(self, minutes: float) -> None:
        """Let so many minutes have passed since noon."""
        self._go(NOON + minutes * MINUTE)

    def fire(self, **about: object) -> Escalation:
        alert = cast.alert(f"Alert {Page.objects.count()}", **about)  # type: ignore[arg-type]
        running = cast.escalation(alert, self.policy, urgency=str(about.get("urgency", "high")))
        drain()
        running.refresh_from_db()
        return running

    def send(self) -> None:
        """Let the outbox send what is due."""
        for _ in range(2):
            drain()
            sending.send_due()

    def paged(self, smtp: Smtp) -> list[str]:
        """Who got mails of pages, in that order."""
        return [mail.recipients[0].split("@")[0] for mail in smtp.mails if "primary" not in mail.subject]

    def page(self, user: User) -> Page:
        return Page.objects.filter(user=user).latest("pk")

    def due(self, user: User) -> float:
        """When the first message of somebody's latest page goes out, in minutes after noon."""
        at = Message.objects.filter(subject_id=self.page(user).pk, client="oncall.page").earliest("due_at")
        return (at.due_at - NOON) / MINUTE


@pytest.fixture
def go(db: None) -> Callable[[datetime], None]:
    return stop(connection)


@pytest.fixture
def story(go: Callable[[datetime], None]) -> Story:
    return Story(go)


def test_the_trainee_is_paged_first_and_who_is_on_call_after_the_delay(story: Story, smtp: Smtp) -> None:
    story.fire()
    story.send()
    assert story.paged(smtp) == ["bob"]
    said = " ".join(next(mail for mail in smtp.mails if "primary" not in mail.subject).text.split())
    assert "in front of who is on call, to learn" in said
    assert "Alice Example is paged 5 min later, unless somebody has acknowledged." in said
    page = story.page(story.alice)
    assert (page.status, page.in_front, page.waits_until) == ("pending", story.bob, NOON + 5 * MINUTE)
    assert page.why == (
        'Level 1 of Engineering: on call in Payments primary (layer "Weekly" (weekly, Monday 09:00 UTC)).'
        " Bob Example is in front, to learn: this comes 5 min"
        " later, unless somebody has acknowledged."
    )
    story.at(4.9)
    story.send()
    assert story.paged(smtp) == ["bob"]
    story.at(5)
    story.send()
    story.send()
    assert story.paged(smtp) == ["bob", "alice"]
    assert story.page(story.alice).status == "sent"


def test_what_the_trainee_acknowledges_does_not_reach_who_is_on_call(story: Story, smtp: Smtp) -> None:
    running = story.fire()
    story.send()
    assert running.alert
    story.at(2)
    operations.acknowledge(alert=running.alert, actor=story.bob)
    story.at(30)
    story.send()
    assert story.paged(smtp) == ["bob"]
    assert story.page(story.alice).status == "suppressed"


def test_the_experienced_person_stays_the_one_on_call(story: Story) -> None:
    at, until = NOON + MINUTE, NOON + timedelta(days=1)
    assert resolver.on_call([story.schedule.pk], at)[story.schedule.pk].users == (story.alice.pk,)
    assert resolver.shifts_of(story.bob, start=at, end=until) == []
    assert len(resolver.shifts_of(story.alice, start=at, end=until)) == 1
    address = f"/on-call/{story.schedule.slug}/?from={NOON:%Y-%m-%d}&view=week"
    calendar = cast.sign_in(Client(), story.carol).get(address)
    words = "Bob Example is in front of whoever is on call, paged 5 min before them"
    assert words in calendar.content.decode()


# Whatever fails, who is on call is paged by the delay


def test_a_trainee_without_a_contact_method_holds_nothing_up(story: Story) -> None:
    ContactMethod.objects.filter(user=story.bob).delete()
    story.fire()
    assert (story.due(story.alice), story.page(story.alice).in_front) == (0, None)
    assert story.page(story.alice).why.endswith("At once: who is in front, to learn, cannot be reached now.")


def test_a_closed_account_holds_nothing_up(story: Story) -> None:
    directory.deactivate(story.bob, actor=story.ada)
    story.fire()
    assert (story.due(story.alice), Page.objects.filter(user=story.bob).count()) == (0, 0)


def test_an_account_closed_before_it_was_sent_brings_the_other_page_forward(story: Story, smtp: Smtp) -> None:
    story.fire()
    directory.deactivate(story.bob, actor=story.ada)
    story.at(1)
    story.send()
    assert story.paged(smtp) == ["alice"]


def test_a_channel_that_refuses_brings_the_other_page_forward(story: Story, smtp: Smtp) -> None:
    story.fire()
    smtp.behave("550")
    sending.send_due()
    assert story.due(story.alice) == 0
    assert story.page(story.alice).why.endswith("Now: Bob Example could not be reached.")


def test_what_they_planned_for_later_stays_as_much_later(story: Story, smtp: Smtp) -> None:
    phone = ContactMethod.objects.create(
        user=story.alice, channel="email", address="phone@home.example", verified_at=NOON
    )
    paging.add_rule(story.alice, urgency="high", method=phone, delay_seconds=120)
    story.fire()

    def due() -> dict[str, float]:
        own = Message.objects.filter(subject_id=story.page(story.alice).pk, client="oncall.page")
        return {each.address: (each.due_at - NOON) / MINUTE for each in own}

    assert due() == {"alice@example.com": 5, "phone@home.example": 7}
    directory.deactivate(story.bob, actor=story.ada)
    story.at(1)
    sending.send_due()
    assert due() == {"alice@example.com": 1, "phone@home.example": 3}


def test_half_of_the_level_is_the_most_that_anybody_waits(story: Story) -> None:
    story.policy = cast.policy((300, [story.schedule]), (600, [story.carol]), name="Short")
    story.fire()
    assert story.due(story.alice) == 2.5


def test_the_delay_counts_from_when_it_was_due_and_not_from_when_the_pager_woke(story: Story) -> None:
    alert = cast.alert("Checkout is down")
    cast.escalation(alert, story.policy)
    story.at(3)
    drain()
    assert story.due(story.alice) == 5
    cast.escalation(cast.alert("Search is down"), story.policy)
    story.at(9)
    drain()
    assert story.due(story.alice) == 9


def test_nobody_waits_for_a_trainee_in_quiet_hours(story: Story) -> None:
    quiet.add_hours(story.bob, weekdays=range(7), start=time(11), end=time(13))
    story.fire(urgency="low")
    assert story.page(story.bob).held_until == NOON + 60 * MINUTE
    assert (story.due(story.alice), story.page(story.alice).in_front) == (0, None)


def test_nobody_waits_for_a_trainee_who_is_left_alone_for_the_night(story: Story) -> None:
    nights.set_limit(1, actor=None)
    story.at(12 * 60)
    story.fire()
    running = story.fire()
    assert running.alert
    Page.objects.filter(user=story.alice).update(sent_at=None, ended_at=NOON)
    story.fire()
    assert story.page(story.bob).over_limit == "passed_over"
    assert (story.due(story.alice), story.page(story.alice).in_front) == (12 * 60, None)


def test_nobody_is_passed_over_because_a_trainee_is_asked(story: Story) -> None:
    story.policy = cast.policy((1200, [story.schedule]), name="Alone")
    nights.set_limit(1, actor=None)
    story.at(12 * 60)
    story.fire()
    Page.objects.filter(user=story.bob).update(sent_at=None, ended_at=NOON)
    story.fire()
    assert (story.page(story.bob).over_limit, story.page(story.alice).over_limit) == ("", "went_through")


def test_who_gives_it_back_leaves_who_is_on_call_asked_at_once(story: Story, smtp: Smtp) -> None:
    running = story.fire()
    story.send()
    assert running.alert
    story.at(2)
    operations.acknowledge(alert=running.alert, actor=story.bob)
    story.at(3)
    operations.unacknowledge(alert=running.alert, actor=story.bob)
    story.send()
    assert story.paged(smtp) == ["bob", "alice"]
    assert "Whoever took it gave it back." in story.page(story.alice).why
    operations.acknowledge(alert=running.alert, actor=story.bob)
    operations.unacknowledge(alert=running.alert, actor=story.bob)
    story.send()
    assert story.paged(smtp) == ["bob", "alice"], "who was paged is not paged again for it"


def test_who_passes_it_on_asks_who_is_on_call_as_well(story: Story, smtp: Smtp) -> None:
    running = story.fire()
    story.send()
    story.at(1)
    operations.escalate_now(actor=story.bob, alert=running.alert)
    story.send()
    assert sorted(story.paged(smtp)) == [
        "alice",
        "bob",
        "carol",
    ]


def test_who_declines_a_page_by_hand_brings_the_other_one_forward(story: Story) -> None:
    operations.page_by_hand(actor=story.carol, schedule=story.schedule, message="Look at the database")
    drain()
    assert story.due(story.alice) == 2.5, "a page by hand has five minutes"
    story.at(1)
    mine = Page.objects.select_related("user", "escalation").get(user=story.bob)
    operations.decline(mine, actor=story.bob, reason="On a plane")
    assert story.due(story.alice) == 1


def test_from_the_second_time_on_both_are_asked_at_once(story: Story) -> None:
    running = story.fire()
    story.at(40)
    drain()
    running.refresh_from_db()
    assert (story.page(story.alice).round, story.due(story.alice)) == (1, 40)


def test_a_last_resort_waits_for_nobody(story: Story) -> None:
    last = cast.policy((1200, [story.schedule]), name="Last")
    operations.set_last_resort(policy=last, user=None, actor=None)
    story.policy = cast.policy((60, [story.carol]), name="First")
    story.fire()
    story.at(2)
    drain()
    assert story.page(story.alice).escalation.is_last_resort  # type: ignore[union-attr]
    assert (story.due(story.alice), story.page(story.alice).in_front) == (2, None)


def test_break_glass_pages_both_at_once(story: Story) -> None:
    snapshot = glass.take(NOON + MINUTE)
    assert snapshot.turns[story.policy.pk][0].people == (story.bob.pk, story.alice.pk)
    assert {story.bob.pk, story.alice.pk} <= snapshot.people.keys()


def test_shadows_that_cannot_be_read_leave_who_is_on_call_paged_at_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter table oncall_shadow rename to away")
    story.fire()
    assert (story.due(story.alice), Page.objects.filter(user=story.bob).count()) == (0, 0)


def test_a_crash_while_the_level_is_asked_pages_everybody_once(
    story: Story, smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failpoints, "_armed", lambda: {"in_advance": "raise"})
    cast.escalation(cast.alert("Checkout is down"), story.policy)
    operations.advance_due()
    assert Page.objects.count() == 0
    monkeypatch.setattr(failpoints, "_armed", dict)
    story.at(1)
    drain()
    story.at(6)
    story.send()
    assert sorted(story.paged(smtp)) == ["alice", "bob"]


def test_what_was_to_be_brought_forward_when_it_died_comes_by_the_delay(story: Story, smtp: Smtp) -> None:
    story.fire()
    page = Page.objects.select_related("escalation").get(user=story.bob)
    with transaction.atomic():
        assert paging.send_behind([page], why="{name} could not be reached.") == 1
        transaction.set_rollback(True)
    assert story.due(story.alice) == 5
    with transaction.atomic():
        assert [paging.send_behind([page], why="{name} does not come.") for _ in range(2)] == [1, 0]
    assert story.due(story.alice) == 0


# Who waits for whom

ALICE, BOB, CAROL = 1, 2, 3
PRIMARY, OTHER, HERSELF = (
    TargetSpec(Kind.SCHEDULE, 1, "Primary"),
    TargetSpec(Kind.SCHEDULE, 2, "Other"),
    TargetSpec(Kind.USER, ALICE, "Alice"),
)
FRONT = Front(BOB, 5 * MINUTE)
BEHIND = Answer((BOB, ALICE), "on call", told=((BOB, "in front"),), behind=((ALICE, FRONT),))


@pytest.mark.parametrize(
    ("asked", "behind"),
    [
        ({PRIMARY: BEHIND}, {ALICE: (FRONT,)}),
        ({PRIMARY: BEHIND, HERSELF: Answer((ALICE,))}, {}),
        ({PRIMARY: BEHIND, OTHER: Answer((ALICE,), "on call")}, {}),
        ({PRIMARY: BEHIND, OTHER: Answer((CAROL,), "on call")}, {ALICE: (FRONT,)}),
    ],
)
def test_who_is_asked_otherwise_as_well_waits_for_nobody(
    asked: dict[TargetSpec, Answer], behind: dict[int, tuple[Front, ...]]
) -> None:
    level = LevelSpec(1200, tuple(asked))
    assert targets.asks(level, asked).behind == behind


@given(
    wait=st.integers(0, 1800),
    timeout=st.integers(1, 7200),
    late=st.integers(0, 7200),
    pass_=st.integers(0, 2),
    is_first=st.booleans(),
)
def test_nobody_ever_waits_longer_than_the_delay_or_into_the_next_level(
    wait: int, timeout: int, late: int, pass_: int, *, is_first: bool
) -> None:
    front = Front(BOB, timedelta(seconds=wait))
    answer = Answer((BOB, ALICE), told=((BOB, ""),), behind=((ALICE, front),))
    plan = Plan("P", 3, (LevelSpec(timeout, (PRIMARY,)),))
    found = targets.asks(plan.levels[0], {PRIMARY: answer})
    place, lag = Position(pass_, 0), timedelta(seconds=late)
    waits = targets.fronts(plan, place, found, late=lag, is_first=is_first)
    longest = max((each.wait for own in waits.values() for each in own), default=timedelta())
    assert timedelta() <= longest
    assert longest == timedelta() or lag + longest <= min(
        timedelta(seconds=wait), timedelta(seconds=timeout) / 2
    )
    assert (is_first and pass_ == 0) or not waits


def test_a_replayed_plan_asks_the_same(story: Story) -> None:
    plan = queries.plan_of(story.policy)
    again = plans.from_json(plans.to_json(plan))
    at = NOON + MINUTE
    first, second = (
        targets.asks(each.levels[0], queries.answers(queries.targets_of(each), at=at))
        for each in (plan, again)
    )
    assert first == second
    assert first.behind == {story.alice.pk: (Front(story.bob.pk, 5 * MINUTE),)}


def test_the_simulator_says_the_same(story: Story) -> None:
    lines = queries.simulate(story.policy, at=NOON + MINUTE, urgency="high")
    said = [(line.person.name, (line.at - NOON) / MINUTE) for line in lines if line.person][:3]
    assert said == [("Bob Example", 1), ("Alice Example", 6), ("Carol Example", 21)]


def test_in_front_they_are_paged_as_if_on_call(story: Story) -> None:
    phone = ContactMethod.objects.create(
        user=story.bob, channel="email", address="phone@bob.example", verified_at=NOON
    )
    paging.add_rule(story.bob, urgency="high", method=phone, delay_seconds=60, only_on_call=True)
    story.fire()
    own = Message.objects.filter(client="oncall.page", subject_id=story.page(story.bob).pk)
    assert "phone@bob.example" in own.values_list("address", flat=True)


@pytest.mark.parametrize(("minutes", "due"), [(0, 0), (1, 1), (10, 10)])
def test_the_delay_is_chosen(go: Callable[[datetime], None], minutes: int, due: float) -> None:
    story = Story(go, delay_minutes=minutes)
    story.fire()
    assert story.due(story.alice) == due


def test_of_two_shadows_of_one_trainee_none_makes_anybody_wait(story: Story) -> None:
    now = NOON + timedelta(days=1)
    shadows.add(story.schedule, trainee=story.bob, start=NOON, end=now, actor=story.ada)
    story.fire()
    assert story.due(story.alice) == 0


@pytest.mark.parametrize("is_reverse", [True, False])
def test_the_page_of_a_trainee_names_no_private_incident(
    go: Callable[[datetime], None], smtp: Smtp, *, is_reverse: bool
) -> None:
    story = Story(go, is_reverse=is_reverse)
    incident = cast.incident("Keys of Acme leaked", by=story.carol, private=True)
    cast.escalation(incident, story.policy)
    drain()
    page = story.page(story.bob)
    stored = Message.objects.filter(client="oncall.page").values_list("content", flat=True)
    story.at(31)
    story.send()
    mails = [f"{mail.subject} {mail.text}" for mail in smtp.mails if "primary" not in mail.subject]
    assert len(mails) == 3, "Bob, Alice, and Carol after them"
    for said in (page.why, *map(str, stored), *mails):
        assert "Acme" not in said
    his = cast.sign_in(Client(), story.alice).get("/api/v1/pages/").content.decode()
    assert "Acme" not in his


def test_screens_and_api(story: Story) -> None:
    manager = cast.sign_in(Client(), cast.mona())
    address = f"/on-call/{story.schedule.slug}/shadows/"
    shown = manager.get(address).content.decode()
    assert "Bob Example is in front of whoever is on call" in shown
    assert "who is on call is paged 5 min later" in shown
    body = {
        "trainee": story.carol.pk,
        "is_reverse": "1",
        "start": f"{NOON:%Y-%m-%d}T13:00",
        "end": f"{NOON:%Y-%m-%d}T17:00",
    }
    wrong = manager.post(address, {**body, "delay_minutes": "31"})
    assert (wrong.status_code, "less than or equal to 30" in wrong.content.decode()) == (422, True)
    assert manager.post(address, {**body, "delay_minutes": "0"}).status_code == 302
    added = Shadow.objects.latest("pk")
    assert (added.is_reverse, added.delay_minutes) == (True, 0)
    api = cast.caller(story.ada)
    given_ = {
        "trainee": str(story.carol.pk),
        "start": f"{NOON:%Y-%m-%d}T13:00:00Z",
        "end": f"{NOON:%Y-%m-%d}T17:00:00Z",
    }
    path = f"/api/v1/schedules/{story.schedule.slug}/shadows/"
    made = api.post(path, {**given_, "is_reverse": True, "delay_minutes": 12}, format="json")
    assert made.status_code == 201, made.data
    assert (made.status_code, made.data["is_reverse"], made.data["delay_minutes"]) == (201, True, 12)
    refused = api.post(path, {**given_, "delay_minutes": 31}, format="json")
    assert refused.status_code == 400
    mail = Message.objects.get(client="oncall.shadows", subject_id=story.shadow.pk, user=story.bob)
    assert "Whoever is on call is paged 5 min later, unless somebody has acknowledged" in mail.content["text"]
    story.fire()
    page = api.get("/api/v1/pages/", {"user": story.alice.pk}).data["results"][0]
    assert (page["in_front"], page["waits_until"] is not None) == (str(story.bob.pk), True)
