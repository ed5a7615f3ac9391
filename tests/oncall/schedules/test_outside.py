"""A schedule of business hours asks who is paged outside of them for the worst level."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from incidents.severities.models import Severity
from oncall.escalation import operations, queries
from oncall.escalation.models import Policy
from oncall.escalation.rules.plans import LevelSpec
from oncall.matching.rules import Branch, Condition, Hours, WorkingHours
from oncall.models import Schedule
from oncall.schedules import operations as editing
from tests import cast
from tests.chats import Room
from tests.forms import as_shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
NEW = "/on-call/new/"
QUESTION = "Who is paged outside of these hours for the worst level?"
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]
OFFICE = WorkingHours(frozenset(range(5)), time(9), time(17), "Europe/Berlin")
WORST = (Condition("severity", "matches", "critical"),)


@pytest.fixture
def own() -> Client:
    return cast.sign_in(Client(), cast.ada())


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


def begin(own: Client, preset: str = "business-hours", **given: str) -> str:
    """Save a schedule from a preset as the editor sends it, and give the page that is shown then."""
    shown = as_shown(own.get(f"{NEW}?preset={preset}").content.decode(), action=NEW)
    about = {"name": "Search", "slug": "search", "time_zone": "Europe/Berlin"}
    sent = own.post(NEW, shown | about | {"layers-0-person_0": str(cast.alice().pk)} | given, follow=True)
    assert sent.redirect_chain == [("/on-call/search/", 302)]
    return sent.content.decode()


def page(own: Client) -> str:
    return own.get("/on-call/search/").content.decode()


def link(shown: str) -> str:
    """Where the question leads; "" where it is not asked."""
    found = re.search(rf'href="([^"]+)">{re.escape(QUESTION)}', shown)
    return found[1] if found else ""


def asks(schedule: Schedule, *more: LevelSpec, name: str = "Search") -> Policy:
    return cast.policy(LevelSpec(300, (cast.target(schedule),)), *more, name=name)


def level(whom: User | Schedule, branch: Branch | None = None) -> LevelSpec:
    return LevelSpec(300, (cast.target(whom),), branch=branch)


def test_after_saving_it_leads_to_a_new_policy_with_the_branch_and_creates_nothing(own: Client) -> None:
    mona = cast.mona()
    address = link(begin(own))
    assert address == "/escalation/new/?outside=search"
    shown = own.get(address).content.decode()
    assert not Policy.objects.exists()
    given = as_shown(shown, action="/escalation/new/")
    schedule = Schedule.objects.get()
    assert (given["name"], given["levels"]) == ("Search", "2")
    assert given["level-0-targets"] == f"schedule:{schedule.pk}"
    assert (given["level-1-targets"], given["level-1-how"]) == ("", "outside")
    assert (given["level-1-from"], given["level-1-to"], given["level-1-zone"]) == (
        "09:00",
        "17:00",
        "Europe/Berlin",
    )
    days = {f"level-{n}-weekdays": DAYS for n in range(2)}
    # Whom it asks is theirs to choose.
    assert own.post("/escalation/new/", given | days).status_code == 422
    assert not Policy.objects.exists()
    chosen = given | days | {"level-1-targets": f"user:{mona.pk}"}
    assert own.post("/escalation/new/", chosen).status_code == 302
    branch = queries.plan_of(Policy.objects.get()).levels[1].branch
    assert branch is not None
    assert (branch.how, branch.hours) == (Hours.OUTSIDE, OFFICE)
    (condition,) = branch.conditions
    assert condition.label == "severity"
    assert {"critical", "sev1"} <= set(condition.value.split("|"))
    assert not link(page(own))


def test_a_policy_that_asks_it_is_led_to_and_keeps_its_levels(own: Client) -> None:
    begin(own)
    schedule = Schedule.objects.get()
    policy = asks(schedule, level(cast.bob(), Branch("low")))
    address = link(page(own))
    assert address == f"/escalation/{policy.slug}/edit/?outside=search"
    given = as_shown(own.get(address).content.decode(), action=f"/escalation/{policy.slug}/edit/")
    assert [given[f"level-{n}-urgency"] for n in range(3)] == ["", "", "low"]
    assert given["level-1-condition-0-label"] == "severity"
    policy.refresh_from_db()
    assert (policy.version, policy.levels.count()) == (1, 2)
    # Without it the editor is as ever.
    plain = own.get(f"/escalation/{policy.slug}/edit/?outside=none").content.decode()
    assert as_shown(plain, action=f"/escalation/{policy.slug}/edit/")["levels"] == "2"


@pytest.mark.parametrize(
    ("branch", "answers"),
    [
        (None, True),
        (Branch(conditions=WORST), True),
        (Branch("high", WORST, OFFICE, Hours.OUTSIDE), True),
        (Branch("low"), False),
        (Branch(conditions=(Condition("severity", "equals", "warning"),)), False),
        (Branch(conditions=WORST, hours=OFFICE, how=Hours.IN), False),
        (Branch(conditions=(*WORST, Condition("team", "equals", "web"))), False),
    ],
)
def test_only_a_level_that_pages_somebody_then_is_an_answer(
    own: Client, *, branch: Branch | None, answers: bool
) -> None:
    begin(own)
    asks(Schedule.objects.get(), level(cast.bob(), branch))
    assert bool(link(page(own))) is not answers


def test_another_schedule_answers_where_it_has_somebody_and_a_channel_never_does(
    own: Client, room: Room
) -> None:
    begin(own)
    schedule = Schedule.objects.get()
    empty, staffed = cast.always(None, name="Empty"), cast.always(cast.bob(), name="Nights")
    policy = asks(schedule, level(empty), LevelSpec(300, (cast.target(cast.channel()),)))
    assert link(page(own))
    operations.change_policy(policy, name=policy.name, levels=[level(schedule), level(staffed)], actor=None)
    assert not link(page(own))


def test_a_schedule_that_is_always_covered_asks_nothing(own: Client) -> None:
    assert not link(begin(own, "weekly"))
    schedule = Schedule.objects.get()
    asks(schedule)
    assert QUESTION not in page(own)


def test_who_may_not_change_the_policy_is_not_asked(own: Client) -> None:
    begin(own)
    bob = cast.sign_in(Client(), cast.bob())
    assert QUESTION not in bob.get("/on-call/search/").content.decode()
    asks(Schedule.objects.get())
    assert QUESTION not in bob.get("/on-call/search/").content.decode()
    assert link(page(own))


def test_hours_that_no_branch_can_say_give_a_level_for_any_hour(own: Client) -> None:
    begin(own)
    schedule = Schedule.objects.get()
    policy = asks(schedule)
    known = editing.terms_at(schedule, None)
    editing.save_layers(
        schedule,
        layers=editing.specs_of(schedule.layers.filter(effective_until=None)),
        terms=editing.Terms(coverage=known.coverage, holidays="DE", closed_on_holidays=True),
        actor=None,
    )
    edit = f"/escalation/{policy.slug}/edit/"
    given = as_shown(own.get(f"{edit}?outside=search").content.decode(), action=edit)
    assert (given["levels"], given["level-1-how"]) == ("2", "")


def test_without_a_severity_there_is_no_worst_level(own: Client) -> None:
    begin(own)
    assert queries.words_of_worst()
    Severity.objects.update(is_active=False)
    assert not link(page(own))


def test_outside_of_the_hours_no_page_takes_it_for_a_gap() -> None:
    alice, now = cast.alice(), timezone.now()
    tomorrow = [((now + timedelta(days=1)).weekday(), time(9), time(17))]
    closed, empty = cast.always(alice, "Office"), cast.always(None, "Empty")
    editing.save_layers(
        closed,
        layers=editing.specs_of(closed.layers.all()),
        terms=editing.Terms(coverage=tomorrow),
        actor=None,
    )
    browser, meant = cast.sign_in(Client(), cast.ada()), "Nobody is meant to be"
    assert meant in browser.get(f"/on-call/{closed.slug}/").content.decode()
    gap = browser.get(f"/on-call/{empty.slug}/").content.decode()
    assert "<b>Nobody is on call</b>" in gap
    assert meant not in gap
    for path, bad in (("/on-call/", "Nobody is on call</span>"), ("/on-call/-/now/", "Nobody</span>")):
        shown = browser.get(path).content.decode()
        assert (shown.count(meant), shown.count(bad)) == (1, 1), path
