from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.accounts.models import User
from core.events.models import Event
from core.outbox.models import Message
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, Level
from oncall.escalation.rules.plans import LevelSpec
from oncall.paging.models import ContactMethod, NotificationRule, Page
from tests import cast
from tests.oncall.escalation.clock import drain, pass_time

if TYPE_CHECKING:
    from oncall.escalation.models import Policy

pytestmark = pytest.mark.django_db
ADDRESS = "/escalation/-/simulator/"
NIGHT = datetime(2026, 11, 21, 2, 41, tzinfo=UTC)


def told(policy: Policy, **given: Any) -> list[tuple[float, int | None, str, str | None]]:
    """Minutes from the start, the level, who, and by which channel."""
    given = {"at": NIGHT, "urgency": "high", **given}
    return [
        (
            round((line.at - given["at"]).total_seconds() / 60, 1),
            line.level,
            line.person.name.split()[0] if line.person else "nobody",
            line.channel,
        )
        for line in queries.simulate(fresh(policy), **given)
    ]


def fresh(policy: Policy) -> Policy:
    return queries.policies(User.objects.all()[0]).get(pk=policy.pk)


def test_each_is_told_by_their_own_rules_until_it_gives_up(alice: User, bob: User) -> None:
    hook = ContactMethod.objects.create(
        user=alice, channel="webhook", address="https://a.example/", verified_at=NIGHT
    )
    mail = ContactMethod.objects.create(
        user=alice, channel="email", address="a@example.com", verified_at=NIGHT
    )
    for method, delay in ((mail, 0), (hook, 720)):
        NotificationRule.objects.create(user=alice, urgency="high", method=method, delay_seconds=delay)
    policy = cast.policy((600, [cast.always(alice, "Primary")]), (900, [bob]))
    assert told(policy) == [
        (0, 1, "Alice", "email"),
        (10, 2, "Bob", "email"),
        (12, 1, "Alice", "webhook"),
        (25, None, "nobody", None),
    ]
    lines = queries.simulate(fresh(policy), at=NIGHT, urgency="high")
    assert (
        lines[0].why
        == 'Level 1 of Engineering: on call in Primary (layer "Weekly" (weekly, Monday 09:00 UTC)).'
    )
    assert lines[1].why.endswith("There is no verified contact method, so by the sign-in e-mail.")
    assert lines[3].why == "Nobody has acknowledged: every admin is told"


def test_who_is_on_call_is_decided_at_each_instant(alice: User, bob: User) -> None:
    # Monday 9:00 is the hand-off: the first pass asks one, the second the other.
    weekly = cast.weekly(alice, bob)
    policy = cast.policy((600, [weekly]), (600, [cast.target(weekly, "next")]), repeat=2)
    monday = datetime(2026, 1, 12, 8, 45, tzinfo=UTC)
    assert [(at, who) for at, _, who, _ in told(policy, at=monday)] == [
        (0, "Alice"),
        (10, "Bob"),
        (20, "Bob"),
        (30, "Alice"),
        (40, "nobody"),
    ]


def test_nobody_and_the_unreachable_are_not_waited_for(alice: User, bob: User) -> None:
    alice.is_active = False
    alice.save()
    policy = cast.policy((600, [cast.always(None, "Empty")]), (600, [alice]), (600, [bob]))
    assert told(policy) == [
        (0, 1, "nobody", None),
        (0, 2, "Alice", None),
        (0, 3, "Bob", "email"),
        (10, None, "nobody", None),
    ]
    lines = queries.simulate(fresh(policy), at=NIGHT, urgency="high")
    assert lines[0].why.startswith("Level 1 of Engineering. Nobody is on call in Empty")
    assert lines[1].why == "Level 2 of Engineering. Their account is closed."


def test_the_last_resort_follows(alice: User, bob: User) -> None:
    operations.set_last_resort(user=bob, actor=None)
    policy = cast.policy((600, [alice]))
    assert told(policy) == [
        (0, 1, "Alice", "email"),
        (10, None, "nobody", None),
        (10, 1, "Bob", "email"),
        (15, None, "nobody", None),
    ]
    operations.set_last_resort(policy=policy, actor=None)
    assert len(told(policy)) == 2


def test_without_a_policy_every_admin_is_told(alice: User) -> None:
    cast.ada()
    lines = queries.simulate(None, at=NIGHT, urgency="high")
    assert [line.person.name for line in lines if line.person] == ["Ada Example", "Ada Example"]
    assert lines[0].why.startswith("No escalation policy covers this, so every admin is asked.")


def test_a_simulation_says_what_the_pager_then_does(alice: User, bob: User) -> None:
    turns = LevelSpec(300, (cast.target(alice), cast.target(bob)), round_robin=True)
    empty = cast.always(None, "Empty")
    policy = cast.policy(turns, (120, [empty]), (240, [cast.team()]), repeat=2)
    Level.objects.filter(round_robin=True).update(turn=7)
    at = queries.now()
    foretold = queries.simulate(fresh(policy), at=at, urgency="high")
    running = cast.escalation(cast.alert(), policy)
    # In tens of seconds: what the machine itself takes is between the levels too.
    began, passed = running.next_at, 0.0
    assert began is not None
    happened = []
    while True:
        known = set(Page.objects.values_list("pk", flat=True))
        drain()
        for page in Page.objects.exclude(pk__in=known).order_by("pk"):
            happened.append((round(passed, -1), page.level + 1, page.user_id, page.why))
        running.refresh_from_db()
        if running.next_at is None:
            break
        wait = (running.next_at - queries.now()).total_seconds()
        pass_time(running, minutes=wait / 60)
        passed += wait
    planned = [
        (
            round((line.at - at).total_seconds(), -1),
            line.level,
            line.person.id if line.person else None,
            line.why,
        )
        for line in foretold
    ]
    assert sorted(planned[:-1], key=str) == sorted(happened, key=str)
    assert (planned[-1][0], planned[-1][1]) == (round(passed, -1), None)
    assert round(passed, -1) == 1080


def test_nothing_is_written_and_nothing_sent(alice: User, bob: User) -> None:
    turns = LevelSpec(300, (cast.target(alice), cast.target(bob)), round_robin=True)
    policy = fresh(cast.policy(turns, repeat=10))
    before = Event.objects.count()
    with CaptureQueriesContext(connection) as found:
        queries.simulate(policy, at=NIGHT, urgency="low")
    assert all(each["sql"].lstrip().lower().startswith(("select", "savepoint", "release")) for each in found)
    assert not Escalation.objects.exists()
    assert not Message.objects.exists()
    assert (Event.objects.count(), Level.objects.get().turn) == (before, 0)


def test_a_long_plan_takes_as_many_queries_as_a_short_one(alice: User, bob: User) -> None:
    weekly = cast.weekly(alice, bob)
    counts = []
    for n, repeat in enumerate((1, 10)):
        levels = [(60, [cast.target(weekly, turn)]) for turn in ("now", "next", "previous")]
        policy = fresh(cast.policy(*levels, name=f"Policy {n}", repeat=repeat))
        with CaptureQueriesContext(connection) as found:
            queries.simulate(policy, at=NIGHT, urgency="high")
        counts.append(len(found))
    assert counts[0] == counts[1] <= 20


# The screen


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_screen_shows_who_is_told(alice: User, bob: User) -> None:
    cast.policy((600, [cast.always(alice, "Primary")]), (900, [bob]), name="Payments standard")
    cast.policy((60, [bob]), name="Other")
    client = signed_in(cast.vera())
    assert f'href="{ADDRESS}"' in client.get("/escalation/").content.decode()
    assert f'href="{ADDRESS}?policy=payments-standard"' in (
        client.get("/escalation/payments-standard/").content.decode()
    )
    blank = client.get(f"{ADDRESS}?policy=payments-standard").content.decode()
    assert 'value="payments-standard" selected' in blank
    assert "Alice Example</b> by" in blank
    given = {"policy": "payments-standard", "at": "2026-11-21T02:41", "urgency": "low"}
    html = client.get(ADDRESS, given).content.decode()
    for text in ("Alice Example</b> by", "02:41:00", "02:51:00", "03:06:00", "Gives up.", "Sat 21 Nov"):
        assert text in html
    assert 'value="2026-11-21T02:41"' in html


def test_what_is_wrong_is_said_and_a_post_is_refused(alice: User) -> None:
    client = signed_in(alice)
    assert "No policy yet" in client.get(ADDRESS).content.decode()
    cast.policy((600, [alice]))
    wrong = client.get(ADDRESS, {"policy": "none", "at": "yesterday", "urgency": "odd"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count("aria-invalid") == 3
    assert client.post(ADDRESS).status_code == 405
    assert Client().get(ADDRESS).status_code == 302


def test_the_time_is_in_the_zone_of_whoever_asks(bob: User) -> None:
    cast.policy((600, [bob]))
    tokyo = cast.person("Toshi", zone="Asia/Tokyo")
    given = {"policy": "engineering", "at": "2026-11-21T02:41", "urgency": "high"}
    assert "02:41:00" in signed_in(tokyo).get(ADDRESS, given).content.decode()
    lines = queries.simulate(None, at=NIGHT, urgency="high")
    assert lines[-1].at - NIGHT <= timedelta(minutes=10)
