"""Levels that are asked only for some alerts, or at some hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from core.outbox.models import Message
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, Policy
from oncall.escalation.rules import plans
from oncall.escalation.rules.plans import LevelSpec
from oncall.matching.rules import Branch, Condition, Facts, Hours, WorkingHours
from oncall.paging.models import Page
from tests import cast
from tests.forms import as_shown
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db

LOW = Branch("low")
CRITICAL = Branch(conditions=(Condition("severity", "equals", "critical"),))


def shown_form(answer: Any, url: str) -> dict[str, Any]:
    """What a browser would send back; each level keeps its weekdays."""
    given: dict[str, Any] = as_shown(answer.content.decode(), action=url)
    days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    return given | {f"level-{n}-weekdays": days for n in range(int(given["levels"]))}


def level(whom: User, branch: Branch | None = None, minutes: int = 10) -> LevelSpec:
    return LevelSpec(minutes * 60, (cast.target(whom),), branch=branch)


def closed_now() -> Branch:
    """Working hours that begin on the day after tomorrow."""
    day = (queries.now() + timedelta(days=2)).weekday()
    return Branch(hours=WorkingHours(frozenset([day]), time(9), time(17), "UTC"), how=Hours.WAIT)


def started(*levels: LevelSpec, urgency: str = "high", repeat: int = 1, **told: Any) -> Escalation:
    policy = cast.policy(*levels, repeat=repeat)
    found = cast.escalation(cast.alert(urgency=urgency, **told), policy, urgency=urgency)
    drain()
    found.refresh_from_db()
    return found


def test_a_level_that_is_for_others_is_passed_over_at_once_and_the_ledger_says_why(
    alice: User, bob: User
) -> None:
    running = started(level(alice, LOW), level(bob, CRITICAL), severity="critical")
    assert asked(running) == [("nobody", 0, 0, "suppressed"), ("Bob", 0, 1, "pending")]
    skipped, taken = Page.objects.order_by("level")
    assert skipped.why == (
        "Level 1 of Engineering (for low urgency). It was not asked: it is for low urgency only."
    )
    assert taken.why.startswith("Level 2 of Engineering (when severity is critical).")
    assert (running.round, running.level) == (1, 0)


def test_the_plan_keeps_its_branches_whatever_becomes_of_the_policy(alice: User, bob: User) -> None:
    policy = cast.policy(level(alice, LOW), level(bob))
    running = cast.escalation(cast.alert(), policy)
    operations.change_policy(policy, name="Other", levels=[level(alice)], actor=None)
    assert plans.from_json(running.plan).levels[0].branch == LOW
    drain()
    assert asked(running)[1] == ("Bob", 0, 1, "pending")


def test_when_no_branch_is_taken_the_last_resort_is_asked_without_branches(alice: User, bob: User) -> None:
    last = cast.policy(level(bob, LOW), name="Last")
    operations.set_last_resort(actor=None, policy=last)
    cast.ada()
    running = started(level(alice, LOW), level(alice, CRITICAL), repeat=3)
    assert running.status == "exhausted"
    assert {page.why.split(". ")[1][:16] for page in running.pages.all()} == {"It was not asked"}
    resort = Escalation.objects.get(is_last_resort=True)
    assert asked(resort) == [("Bob", 0, 0, "pending")]
    alarm = Message.objects.filter(client="oncall.alarm").first()
    assert alarm is not None
    assert "Engineering has no level that is for this, so nobody was asked." in alarm.content["text"]


def test_low_urgency_waits_for_working_hours_and_is_asked_then(alice: User, client: Client) -> None:
    branch = closed_now()
    running = started(level(alice, branch), urgency="low")
    assert (running.status, running.round, running.level) == ("escalating", 0, 0)
    assert running.next_at is not None
    assert (running.next_at.hour, running.next_at > queries.now() + timedelta(days=1)) == (9, True)
    assert running.waits_for.startswith("Low urgency waits for working hours until")
    assert asked(running) == [("nobody", 0, 0, "suppressed")]
    client.force_login(alice)
    assert running.alert is not None
    shown = client.get(reverse("oncall:alert", args=[running.alert.pk])).content.decode()
    assert running.waits_for in shown
    # Looked at too early it goes on waiting and says nothing twice.
    Escalation.objects.filter(pk=running.pk).update(next_at=queries.now())
    drain()
    assert Page.objects.count() == 1
    today = WorkingHours(frozenset(range(7)), time.min, time.max, "UTC")
    plan = plans.from_json(running.plan)
    opened = LevelSpec(600, plan.levels[0].targets, branch=Branch(hours=today, how=Hours.WAIT))
    Escalation.objects.filter(pk=running.pk).update(
        next_at=queries.now(), plan=plans.to_json(plans.Plan(plan.name, 1, (opened,)))
    )
    drain()
    running.refresh_from_db()
    assert asked(running)[1:] == [("Alice", 0, 0, "pending")]
    assert running.waits_for == ""


def test_high_urgency_never_waits_for_working_hours(alice: User) -> None:
    assert asked(started(level(alice, closed_now()))) == [("Alice", 0, 0, "pending")]


def test_what_comes_next_leaves_out_what_is_not_for_it(alice: User, bob: User) -> None:
    carol = cast.carol()
    running = started(level(alice), level(bob, LOW), level(carol))
    upcoming = queries.next_up(running)
    assert upcoming is not None
    assert upcoming.people == (carol,)


def test_the_simulator_shows_which_branch_is_taken_and_why(client: Client, alice: User, bob: User) -> None:
    hours = WorkingHours(frozenset(range(5)), time(9), time(17), "UTC")
    policy = cast.policy(
        level(alice, CRITICAL), level(bob, Branch("low", hours=hours, how=Hours.WAIT)), name="Try"
    )
    saturday = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    read = queries.policies(alice).get(pk=policy.pk)
    lines = queries.simulate(read, at=saturday, urgency="low", facts=Facts(urgency="low", severity="warning"))
    assert [(line.at, line.level, line.is_aside) for line in lines] == [
        (saturday, 1, True),
        (saturday, 2, True),
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), 2, False),
        (datetime(2026, 11, 23, 9, 10, tzinfo=UTC), None, False),
    ]
    assert "and severity is warning" in lines[0].why
    assert "waits for working hours until Monday 09:00 UTC" in lines[1].why
    client.force_login(alice)
    given = {
        "policy": policy.slug,
        "at": "2026-11-21T03:00",
        "urgency": "high",
        "labels": "severity = critical",
    }
    shown = client.get(reverse("oncall:simulator"), given).content.decode()
    assert "Level 1 of Try (when severity is critical)." in shown
    assert "Level 2 asks nobody now" in shown
    assert client.get(reverse("oncall:simulator"), {**given, "labels": "x"}).status_code == 422


def test_a_branch_is_edited_without_javascript(client: Client) -> None:
    ada, bob = cast.ada(), cast.bob()
    client.force_login(ada)
    policy = cast.policy(level(bob), level(ada), name="Edited")
    url = reverse("oncall:edit-policy", args=[policy.slug])
    given = shown_form(client.get(url), url)
    shown = client.post(url, {**given, "do": "level-1-add"})
    given = shown_form(shown, url) | {
        "level-1-urgency": "low",
        "level-1-condition-0-label": "team",
        "level-1-condition-0-value": "payments",
        "level-1-how": "wait",
    }
    assert client.post(url, {**given, "level-1-to": "08:00"}).status_code == 422
    assert client.post(url, {**given, "do": "save"}).status_code == 302
    plan = queries.plan_of(queries.policies(ada).get(pk=policy.pk))
    assert plan.levels[0].branch is None
    assert plan.levels[1].branch == Branch(
        "low",
        (Condition("team", "equals", "payments"),),
        WorkingHours(frozenset(range(5)), time(9), time(17), "UTC"),
        Hours.WAIT,
    )
    page = client.get(reverse("oncall:policy", args=[policy.slug])).content.decode()
    assert "For low urgency, when team is payments, low urgency waits for Monday to Friday" in page
    assert shown_form(client.get(url), url)["level-1-how"] == "wait"


def test_the_api_takes_and_gives_branches(client: Client) -> None:
    ada = cast.ada()
    client.force_login(ada)
    branch = {
        "urgency": "low",
        "match": [{"label": "team", "op": "matches", "value": "pay.*"}],
        "hours": {
            "weekdays": ["monday"],
            "from": "09:00",
            "to": "17:00",
            "zone": "Europe/Berlin",
            "how": "wait",
        },
    }
    levels = [{"targets": [{"type": "user", "id": str(ada.pk)}], "branch": branch}]
    url = "/api/v1/escalation-policies/"
    made = client.post(url, {"name": "Api", "levels": levels}, content_type="application/json")
    assert made.status_code == 201, made.content
    assert made.json()["levels"][0]["branch"] == branch
    branch["match"] = [{"label": "team", "op": "matches", "value": "(a+)+"}]
    bad = client.post(url, {"name": "Bad", "levels": levels}, content_type="application/json")
    assert bad.status_code == 400
    assert not Policy.objects.filter(name="Bad").exists()
