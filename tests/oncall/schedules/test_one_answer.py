"""S-06 and S-18 through the product: everything that says who is on call says the same, and a frozen plan asks the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import icalendar
import pytest
from django.test import Client
from django.utils import timezone

from oncall.escalation import queries as escalations
from oncall.escalation.rules import plans
from oncall.feeds import operations as feeds
from oncall.feeds import queries as addresses
from oncall.feeds.models import Kind
from oncall.models import Page
from oncall.schedules import operations, queries
from tests import cast
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def primary() -> Schedule:
    return cast.weekly(cast.alice(), cast.bob(), cast.carol(), name="Primary")


def given_out(reader: User, schedule: Schedule, kind: Kind) -> str:
    """What a secret address gives."""
    made, secret = feeds.add(reader, kind=kind, schedule=schedule)
    path = addresses.urls(made, secret)[0].removeprefix("http://127.0.0.1:8000")
    return Client(REMOTE_ADDR="203.0.113.61").get(path).content.decode()


@pytest.mark.parametrize("covered", [False, True], ids=["by its rotation", "by an override"])
def test_s06_pages_screen_api_calendar_and_text_name_the_same_person(
    primary: Schedule, covered: object
) -> None:
    now, vera = timezone.now(), cast.vera()
    if covered:
        operations.add_override(
            primary, start=now, end=now + timedelta(days=1), user=cast.person("Dora"), actor=None
        )
    (person,) = queries.watch(primary).people

    answer = cast.caller(vera).get("/api/v1/schedules/primary/on-call/").json()
    assert answer["users"] == [str(person.pk)]
    (row,) = cast.caller(vera).get("/api/v1/on-call/").json()
    assert row["users"] == [str(person.pk)]

    assert given_out(vera, primary, Kind.NOW).startswith(f"Primary: {person}")

    calendar = icalendar.Calendar.from_ical(given_out(vera, primary, Kind.CALENDAR))
    at = datetime.now(UTC)
    titles = [
        str(event["SUMMARY"])
        for event in calendar.walk("VEVENT")
        if event.decoded("DTSTART") <= at < event.decoded("DTEND")
    ]
    assert [str(person) in title for title in titles] == [True]

    cast.escalation(cast.alert(), cast.policy((600, [primary])))
    drain()
    page = Page.objects.get()
    assert page.user == person
    piece = queries.on_call([primary.pk])[primary.pk]
    assert page.why.startswith(f"Level 1 of Engineering: on call in Primary ({piece.reason}).")


def test_s18_a_plan_that_was_stored_and_read_again_asks_the_same_people(primary: Schedule) -> None:
    policy = cast.policy(
        (600, [primary, cast.target(primary, "next")]),
        (60, [cast.target(primary, "previous"), cast.person("Dora")]),
    )
    run = cast.escalation(cast.alert(), policy)
    plan = plans.from_json(run.plan)
    assert plans.from_json(plans.to_json(plan)) == plan
    at = escalations.now()
    targets = [target for level in plan.levels for target in level.targets]
    again = [target for level in plans.from_json(plans.to_json(plan)).levels for target in level.targets]
    asked = escalations.answers(targets, at=at)
    assert list(asked.values()) == list(escalations.answers(again, at=at).values())
    assert len({user for found in asked.values() for user in found.people}) == 4


def test_s18_a_version_that_is_restored_gives_the_same_people(primary: Schedule) -> None:
    start = timezone.now() + timedelta(days=1)
    end = start + timedelta(days=60)

    def told() -> list[tuple[datetime, tuple[int, ...]]]:
        (one,) = queries.resolve([primary.pk], start=start, end=end).values()
        return [(piece.start, piece.users) for piece in one.final(start, end)]

    before = told()
    (version,) = queries.versions(primary)
    operations.save_layers(primary, layers=[], actor=None)
    assert [users for _, users in told()] == [()]
    operations.restore(primary, version.number, actor=None)
    assert told() == before
