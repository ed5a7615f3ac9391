from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.accounts.models import Membership, Role
from oncall.destinations.models import Destination
from oncall.escalation import queries
from oncall.escalation.models import Level, Policy, Target
from oncall.escalation.rules.targets import Answer
from oncall.paging.models import Page
from oncall.schedules import operations as schedules
from oncall.schedules.queries import on_call
from tests import cast
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.escalation.rules.plans import TargetSpec
    from oncall.schedules.models import Schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[User]:
    return [cast.alice(), cast.bob(), cast.carol()]


@pytest.fixture
def primary(people: list[User]) -> Schedule:
    return cast.weekly(*people, name="Primary")


def turns(primary: Schedule, people: list[User]) -> tuple[User, User, User]:
    """Who had the schedule before, who has it, and who is next."""
    now = on_call([primary.pk])[primary.pk].users[0]
    n = [person.pk for person in people].index(now)
    return people[n - 1], people[n], people[(n + 1) % 3]


def test_the_next_and_the_previous_of_a_schedule_are_asked(primary: Schedule, people: list[User]) -> None:
    before, _, after = turns(primary, people)
    policy = cast.policy((600, [cast.target(primary, "next")]), (600, [cast.target(primary, "previous")]))
    cast.escalation(cast.alert(), policy)
    drain()
    page = Page.objects.get()
    assert page.user == after
    assert page.why.startswith(
        'Level 1 of Engineering: next on call in Primary (layer "Weekly" (weekly, Monday 09:00 UTC)).'
    )
    answers = queries.answers([cast.target(primary, "previous")], at=queries.now())
    assert list(answers.values()) == [
        Answer((before.pk,), 'on call before in Primary (layer "Weekly" (weekly, Monday 09:00 UTC))')
    ]


def test_a_policy_read_as_rows_is_the_same_plan(primary: Schedule, people: list[User]) -> None:
    """The pager reads it by a statement of its own; every other place reads models."""
    nameless = cast.person("Nameless")
    nameless.name = ""
    nameless.save()
    room = Destination.objects.create(name="Ops", channel="webhook", address="https://example.com/ops")
    everything = [cast.target(one) for one in (nameless, cast.team(), room, people[1], people[0])]
    policy = cast.policy((600, [*everything, cast.target(primary, "next")]), (60, [cast.target(primary)]))
    Level.objects.filter(policy=policy, position=1).update(
        round_robin=True, acks_needed=2, branch={"urgency": "low"}
    )
    empty = Policy.objects.create(slug="empty", name="Empty")
    read = {row.pk: queries.plan_of(row) for row in Policy.objects.prefetch_related(*queries.TARGETS)}
    assert queries.plans_of([policy.pk, empty.pk, 0]) == read
    assert [target.id for target in read[policy.pk].levels[0].targets] == [
        one.id for one in (*everything, cast.target(primary, "next"))
    ]


def test_an_override_made_after_the_alert_counts_when_the_level_is_asked(
    primary: Schedule, people: list[User]
) -> None:
    before, on_duty, _ = turns(primary, people)
    running = cast.escalation(cast.alert(), cast.policy((600, [cast.target(primary, "next")])))
    at = queries.now()
    schedules.add_override(
        primary, start=at + timedelta(minutes=1), end=at + timedelta(hours=1), user=before, replaces=on_duty, actor=None
    )  # fmt: skip
    drain()
    assert [who for who, *_ in asked(running)] == [before.name.split()[0]]


def test_a_schedule_that_only_one_person_has_has_no_next(people: list[User]) -> None:
    only = cast.always(people[0], "Primary")
    running = cast.escalation(
        cast.alert(), cast.policy((600, [cast.target(only, "next")]), (600, [people[1]]))
    )
    drain()
    assert asked(running) == [("nobody", 0, 0, "failed"), ("Bob", 0, 1, "pending")]
    why = Page.objects.get(user=None).why
    assert why == (
        "Level 1 of Engineering. Nobody is next on call in Primary (nobody else has it within 120 days)."
    )


def test_a_team_is_everybody_in_it_who_responds_when_it_is_asked(people: list[User]) -> None:
    team = cast.team()
    cast.person("Walter", role=Role.VIEWER, team=team)
    running = cast.escalation(cast.alert(), cast.policy((600, [team])))
    gone = people[0]
    gone.is_active = False
    gone.save()
    newcomer = cast.person("Nina", team=team)
    Membership.objects.filter(user=people[1]).delete()
    drain()
    assert [who for who, *_ in asked(running)] == ["Carol", "Nina"]
    assert Page.objects.get(user=newcomer).why.startswith("Level 1 of Engineering: in the team Payments.")


def test_a_team_without_responders_is_nobody(people: list[User]) -> None:
    empty = cast.team("Empty")
    cast.person("Walter", role=Role.VIEWER, team=empty)
    running = cast.escalation(cast.alert(), cast.policy((600, [empty]), (600, [people[0]])))
    drain()
    assert asked(running) == [("nobody", 0, 0, "failed"), ("Alice", 0, 1, "pending")]
    assert Page.objects.get(user=None).why.endswith("The team Empty has no active responder.")


def test_the_frozen_plan_keeps_the_rule_and_not_its_answer(primary: Schedule) -> None:
    running = cast.escalation(cast.alert(), cast.policy((600, [cast.target(primary, "next"), cast.team()])))
    assert running.plan["levels"][0]["targets"] == [
        {"kind": "schedule", "id": primary.pk, "name": "Primary", "turn": "next"},
        {"kind": "team", "id": cast.team().pk, "name": "Payments", "turn": "now"},
    ]


def test_many_targets_take_as_many_queries_as_one_of_each_kind(primary: Schedule, people: list[User]) -> None:
    def kinds(schedule: Schedule, team: str) -> list[TargetSpec]:
        return [
            *(cast.target(schedule, turn) for turn in ("now", "next", "previous")),
            cast.target(cast.team(team)),
        ]

    few = kinds(primary, "Payments")
    many = few + [
        each for n in range(5) for each in kinds(cast.weekly(*people, name=f"Schedule {n}"), f"Team {n}")
    ]
    counts = []
    for chosen in (few, many):
        with CaptureQueriesContext(connection) as found:
            queries.answers(chosen, at=queries.now())
        counts.append(len(found))
    assert counts[0] == counts[1] <= 32


@pytest.mark.parametrize("broken", ["nothing", "two", "turn"])
def test_a_target_is_one_thing(people: list[User], primary: Schedule, broken: str) -> None:
    level = cast.policy((600, [people[0]])).levels.get()
    kinds: dict[str, dict[str, Any]] = {
        "nothing": {},
        "two": {"schedule": primary, "team": cast.team()},
        "turn": {"team": cast.team(), "turn": "next"},
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Target.objects.create(level=level, **kinds[broken])
    assert Policy.objects.get().levels.get().targets.count() == 1
