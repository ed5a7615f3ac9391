from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.events.models import Event
from core.outbox import sending
from core.outbox.models import Message
from oncall.alerts import operations as alerts
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, EscalationStatus, Policy
from oncall.paging.models import Page, PageStatus
from oncall.schedules import operations as schedules
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db


@pytest.fixture
def engineering(alice: User, bob: User, carol: User) -> Policy:
    """Story J06: primary 10 min, secondary 10 min, manager 15 min, two passes in all."""
    primary, secondary = cast.always(alice, "Primary"), cast.always(bob, "Secondary")
    return cast.policy((600, [primary]), (600, [secondary]), (900, [carol]), repeat=2)


def test_the_first_level_is_asked_at_once_and_says_why(engineering: Policy, alice: User) -> None:
    running = cast.escalation(cast.alert(), engineering)
    assert drain() == 1
    page = Page.objects.get()
    assert (page.user, page.round, page.level, page.epoch, page.status) == (
        alice,
        0,
        0,
        1,
        PageStatus.PENDING,
    )
    assert page.why == (
        'Level 1 of Engineering: on call in Primary (layer "Weekly" (weekly, Monday 09:00 UTC)).'
        " There is no verified contact method, so by the sign-in e-mail."
    )
    message = Message.objects.get()
    assert (message.client, message.subject_id, message.channel, message.address, message.epoch) == (
        "oncall.page",
        page.pk,
        "email",
        "alice@example.com",
        1,
    )
    running.refresh_from_db()
    assert (running.round, running.level) == (0, 1)
    assert running.next_at is not None
    assert running.next_at - page.planned_at == timedelta(minutes=10)


def test_nobody_answers_two_passes_and_it_gives_up_after_70_minutes(engineering: Policy) -> None:
    running = cast.escalation(cast.alert(), engineering)
    began = running.next_at
    assert began is not None
    drain()
    passed, due = 0, []
    for wait in (10, 10, 15, 10, 10, 15):
        running.refresh_from_db()
        assert running.next_at is not None
        due.append(round((running.next_at - began).total_seconds() / 60 + passed, 1))
        pass_time(running, minutes=wait)
        passed += wait
        assert operations.advance_due() == 1
    assert due == [10, 20, 35, 45, 55, 70]
    assert [(who, round_, level) for who, round_, level, _ in asked(running)] == [
        ("Alice", 0, 0),
        ("Bob", 0, 1),
        ("Carol", 0, 2),
        ("Alice", 1, 0),
        ("Bob", 1, 1),
        ("Carol", 1, 2),
    ]
    running.refresh_from_db()
    assert (running.status, running.next_at) == (EscalationStatus.EXHAUSTED, None)
    assert running.exhausted_at is not None
    assert operations.advance_due() == 0


def test_giving_up_is_an_event_and_tells_every_admin(alice: User) -> None:
    ada = cast.ada()
    other = cast.person("Olga", role="admin")
    gone = cast.person("Gone", role="admin")
    gone.is_active = False
    gone.save()
    alert = cast.alert()
    running = cast.escalation(alert, cast.policy((60, [alice])))
    drain()
    pass_time(running, minutes=1)
    drain()
    event = Event.objects.get(name="escalation.exhausted")
    assert event.payload == {"escalation_id": running.pk, "alert_id": alert.pk, "incident_id": None}
    alarms = Message.objects.filter(client="oncall.alarm").order_by("id")
    assert [(alarm.address, alarm.lane) for alarm in alarms] == [(ada.email, 0), (other.email, 0)]
    assert alarms[0].content["subject"] == "Nobody answered: Checkout API error rate above 5%"
    assert alarms[0].content["url"] == f"http://127.0.0.1:8000/alerts/{alert.pk}/"


def test_the_alarm_is_not_sent_when_somebody_takes_it_meanwhile(alice: User, smtp: Smtp) -> None:
    cast.ada()
    alert = cast.alert()
    running = cast.escalation(alert, cast.policy((60, [alice])))
    drain()
    pass_time(running, minutes=1)
    drain()
    operations.acknowledge(actor=alice, alert=alert)
    sending.send_due()
    assert [mail.recipients for mail in smtp.mails] == []
    assert set(Message.objects.values_list("client", "state")) == {
        ("oncall.page", "suppressed"),
        ("oncall.alarm", "suppressed"),
    }


def test_the_policy_is_frozen_when_it_starts(engineering: Policy, alice: User, bob: User) -> None:
    running = cast.escalation(cast.alert(), engineering)
    drain()
    operations.change_policy(
        engineering,
        name="Engineering",
        levels=queries.plan_of(cast.policy((60, [alice]), name="Other")).levels,
        actor=None,
    )
    pass_time(running, minutes=10)
    drain()
    assert asked(running)[-1][:3] == ("Bob", 0, 1)
    operations.remove_policy(engineering, actor=None)
    pass_time(running, minutes=10)
    drain()
    assert asked(running)[-1][:3] == ("Carol", 0, 2)
    fresh = cast.escalation(cast.alert("Another"), Policy.objects.get(name="Other"))
    assert [level["timeout"] for level in fresh.plan["levels"]] == [60]


def test_who_is_on_call_is_decided_when_the_level_is_due(alice: User, bob: User) -> None:
    primary = cast.always(alice, "Primary")
    running = cast.escalation(cast.alert(), cast.policy((600, [primary]), repeat=2))
    drain()
    at = queries.now()
    schedules.add_override(
        primary, start=at, end=at + timedelta(hours=1), user=bob, replaces=alice, actor=None
    )
    pass_time(running, minutes=10)
    drain()
    assert [who for who, *_ in asked(running)] == ["Alice", "Bob"]


def test_s13_a_level_that_asks_nobody_is_recorded_and_the_next_is_asked_at_once(bob: User) -> None:
    empty = cast.always(None, "Primary")
    running = cast.escalation(cast.alert(), cast.policy((600, [empty]), (600, [bob])))
    drain()
    assert asked(running) == [("nobody", 0, 0, "failed"), ("Bob", 0, 1, "pending")]
    gap = Page.objects.get(user=None)
    assert gap.why.startswith("Level 1 of Engineering. Nobody is on call in Primary")
    event = Event.objects.get(name="page.failed")
    assert event.payload["page_id"] == gap.pk
    assert event.payload["user_id"] is None
    running.refresh_from_db()
    assert running.next_at is not None
    assert running.next_at - Page.objects.get(user=bob).planned_at == timedelta(minutes=10)


def test_s13_a_plan_in_which_nobody_can_be_asked_gives_up_at_once_with_an_alarm() -> None:
    cast.ada()
    gone = cast.bob()
    gone.is_active = False
    gone.save()
    running = cast.escalation(cast.alert(), cast.policy((600, [gone]), (600, [cast.always(None)]), repeat=2))
    drain()
    running.refresh_from_db()
    assert running.status == EscalationStatus.EXHAUSTED
    assert [status for *_, status in asked(running)] == ["failed"] * 4
    assert Page.objects.filter(user=gone).first().why == "Level 1 of Engineering. Their account is closed."  # type: ignore[union-attr]
    assert Message.objects.get().client == "oncall.alarm"


def test_one_target_without_anybody_does_not_hurry_the_others(alice: User) -> None:
    running = cast.escalation(
        cast.alert(), cast.policy((600, [cast.always(None), alice]), (60, [cast.bob()]))
    )
    drain()
    assert asked(running) == [("Alice", 0, 0, "pending"), ("nobody", 0, 0, "failed")]


def test_a_person_named_twice_is_paged_once(alice: User) -> None:
    running = cast.escalation(cast.alert(), cast.policy((600, [alice, cast.always(alice)])))
    drain()
    assert asked(running) == [("Alice", 0, 0, "pending")]


@pytest.mark.parametrize("which", ["empty", "missing"])
def test_without_a_usable_policy_every_admin_is_asked_and_it_says_so(which: str, alice: User) -> None:
    ada = cast.ada()
    policy = cast.policy((600, [alice]))
    policy.levels.all().delete()
    running = cast.escalation(cast.alert(), policy if which == "empty" else None)
    drain()
    assert asked(running) == [("Ada", 0, 0, "pending")]
    reason = "The policy Engineering has no level" if which == "empty" else "No escalation policy covers this"
    assert Page.objects.get(user=ada).why.startswith(f"{reason}, so every admin is asked.")


def test_after_an_outage_only_the_current_level_is_asked_and_says_that_it_is_late(
    engineering: Policy,
) -> None:
    running = cast.escalation(cast.alert(), engineering)
    pass_time(running, minutes=25)
    assert drain() == 1
    assert asked(running) == [
        ("nobody", 0, 0, "suppressed"),
        ("nobody", 0, 1, "suppressed"),
        ("Carol", 0, 2, "pending"),
    ]
    page = Page.objects.get(user__name="Carol Example")
    assert "Asked 5:00 late." in page.why
    message = Message.objects.get()
    assert "This page is 5:00 late: the pager was not running when it was due." in message.content["text"]
    running.refresh_from_db()
    assert running.next_at is not None
    assert abs(running.next_at - queries.now() - timedelta(minutes=10)) < timedelta(seconds=5)


def test_an_alert_that_was_resolved_behind_its_back_closes_the_escalation(engineering: Policy) -> None:
    alert = cast.alert()
    running = cast.escalation(alert, engineering)
    alerts.resolve_alert(alert.pk, actor=None)
    drain()
    running.refresh_from_db()
    assert (running.status, running.epoch) == (EscalationStatus.CLOSED, 2)
    assert asked(running) == []


def test_a_plan_that_cannot_be_read_gives_up_and_holds_up_no_other(engineering: Policy) -> None:
    broken = cast.escalation(cast.alert("One"), engineering)
    Escalation.objects.filter(pk=broken.pk).update(plan={"levels": "nonsense"})
    running = cast.escalation(cast.alert("Two"), engineering)
    drain()
    broken.refresh_from_db()
    assert broken.status == EscalationStatus.EXHAUSTED
    assert asked(running)[0][0] == "Alice"


def test_one_that_fails_is_put_off_and_the_others_go_on(
    engineering: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = cast.escalation(cast.alert("Bad"), engineering)
    good = cast.escalation(cast.alert("Good"), engineering)
    before = queries.notice

    def notice(escalation: Escalation, **given: object) -> object:
        if escalation.pk == bad.pk:
            raise RuntimeError("a title that raises")
        return before(escalation, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "notice", notice)
    assert operations.advance_due() == 1
    assert asked(good)[0][0] == "Alice"
    bad.refresh_from_db()
    assert bad.next_at is not None
    assert bad.next_at > queries.now() + timedelta(seconds=25)


def test_urgent_ones_are_asked_first(engineering: Policy) -> None:
    low = cast.escalation(cast.alert("Low", urgency="low"), engineering, urgency="low")
    high = cast.escalation(cast.alert("High"), engineering)
    assert operations.advance_due(limit=1) == 1
    assert (len(asked(high)), len(asked(low))) == (1, 0)


def test_each_run_about_the_same_thing_has_its_own_number(engineering: Policy) -> None:
    alert = cast.alert()
    starts = [operations.Start(alert_id=alert.pk, policy_id=engineering.pk) for _ in range(3)]
    ids = operations.start_many(starts)
    assert list(
        Escalation.objects.filter(pk__in=ids).order_by("pk").values_list("generation", flat=True)
    ) == [1, 2, 3]


def test_a_batch_of_fifty_takes_no_more_statements_than_one(engineering: Policy) -> None:
    cast.escalation(cast.alert("First"), engineering)
    with CaptureQueriesContext(connection) as one:
        operations.advance_due()
    for n in range(50):
        cast.escalation(cast.alert(f"Alert {n}"), engineering)
    with CaptureQueriesContext(connection) as many:
        assert operations.advance_due() == 50
    assert len(many) <= len(one) + 2
    assert len(one) <= 30
