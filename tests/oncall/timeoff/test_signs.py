"""What wears the people of a schedule out is shown on it, without a name (R311)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from core.outbox.models import Message
from oncall.load import operations as load
from oncall.lookahead import operations as lookahead
from oncall.lookahead import queries
from oncall.nights import operations as nights
from oncall.schedules import operations as schedules
from oncall.timeoff.queries import compensated
from tests import cast
from tests.oncall.load.test_load import made_in_january, paged
from tests.oncall.timeoff.test_time_off import hard_night, last_night, terms

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import Team, User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
API = "/api/v1/on-call/ahead/"


@pytest.fixture(autouse=True)
def limit_of_three() -> None:
    nights.set_limit(3, actor=None)


def pay(actor: User, team: Team | None, amount: int, since: str = "2026-01-01") -> None:
    load.set_rates(
        team=team, since=date.fromisoformat(since), currency="EUR", per_week=Decimal(amount), actor=actor
    )


def shown(schedule: Schedule) -> dict[str, str]:
    now = timezone.now()
    found = queries.shown_of(schedule, now)
    assert found == queries.shown(now)[schedule.pk]
    return {
        worry.kind.value: worry.text for worry in found if worry.kind in ("hard_nights", "no_compensation")
    }


def test_hard_nights_of_whoever_had_it_are_counted_and_nobody_is_named(alice: User, bob: User) -> None:
    schedule = made_in_january(cast.always(alice))
    other = made_in_january(cast.always(None, "Elsewhere"))
    for ago in (3, 9):
        hard_night(alice, ago=ago)
    hard_night(alice, ago=35)
    hard_night(bob, ago=3)
    found = queries.shown_of(schedule, timezone.now())
    (worry,) = [each for each in found if each.kind == "hard_nights"]
    assert worry.text == (
        "2 nights of the last four weeks brought whoever had Payments primary more than 3 pages."
    )
    assert (worry.users, worry.is_grave) == ((), False)
    assert "hard_nights" not in shown(other)
    for path in (
        f"/on-call/{schedule.slug}/-/ahead/",
        f"/on-call/{schedule.slug}/ahead/",
        "/on-call/-/ahead/",
    ):
        assert worry.text in cast.sign_in(Client(), bob).get(path).content.decode()
    rows = cast.caller(bob).get(API, {"schedule": schedule.slug}).json()
    assert [row["users"] for row in rows if row["kind"] == "hard_nights"] == [[]]


def test_one_a_week_is_grave(alice: User) -> None:
    schedule = made_in_january(cast.always(alice))
    for ago in (3, 9, 16, 23):
        hard_night(alice, ago=ago)
    (worry,) = [each for each in queries.shown_of(schedule, timezone.now()) if each.kind == "hard_nights"]
    assert worry.is_grave


def test_a_private_incident_counts_for_nobody(alice: User) -> None:
    schedule = made_in_january(cast.always(alice))
    leak = cast.incident("Leak", by=alice, private=True)
    for number, clock in enumerate(("00:40", "02:47", "04:10")):
        paged(alice, cast.alert(f"Alert {number}"), last_night(clock, ago=3))
    paged(alice, leak, last_night("05:05", ago=3))
    assert "hard_nights" not in shown(schedule)
    type(leak).objects.update(private=False)
    assert shown(schedule)["hard_nights"].startswith("One night of the last four weeks")


def test_a_team_that_gets_nothing_for_it_is_told_until_somebody_said_what(alice: User, ada: User) -> None:
    schedule = made_in_january(cast.always(alice))
    assert shown(schedule) == {
        "no_compensation": "Nobody said what people get for being on call in Payments primary."
    }
    terms(ada, cast.team())
    assert shown(schedule) == {}


def test_what_a_team_says_for_itself_comes_before_what_holds_for_all(ada: User) -> None:
    team = cast.team()
    assert compensated({team.pk, None}) == set()
    pay(ada, None, 200)
    assert compensated({team.pk, None}) == {team.pk, None}
    pay(ada, team, 100)
    pay(ada, team, 0, "2026-02-01")
    pay(ada, team, 100, str(timezone.localdate() + timedelta(days=9)))
    assert compensated({team.pk, None}) == {None}
    terms(ada, team, per_night=0, per_incident=0, per_weekend=1)
    assert compensated({team.pk, None}) == {team.pk, None}


def test_an_informal_schedule_hears_of_neither_and_nobody_is_mailed(alice: User) -> None:
    schedule = made_in_january(cast.always(alice))
    hard_night(alice, ago=3)
    lookahead.warn()
    assert not [mail for mail in Message.objects.all() if "being on call" in mail.content["text"]]
    layers = schedules.specs_of(schedule.layers.all())
    schedules.save_layers(schedule, layers=layers, terms=schedules.Terms(is_informal=True), actor=None)
    assert shown(schedule) == {}


def test_ten_schedules_take_as_many_queries_as_one(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(10):
        user = cast.person(f"P{number}", team=cast.team())
        made_in_january(cast.always(user, f"S{number}"))
        hard_night(user, ago=3)
    with django_assert_max_num_queries(22):
        found = queries.shown(timezone.now())
    assert sum(worry.kind == "hard_nights" for some in found.values() for worry in some) == 10
