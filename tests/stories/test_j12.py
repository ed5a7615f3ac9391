"""J12: the production database turns read-only off hours (000 L150-158): the hour changes nothing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from incidents.command import operations as command
from oncall.models import ServicePolicy
from oncall.paging import operations as paging
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.models import User
    from incidents.models import Service
    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db

TOLD = {"title": "The production database is read-only", "affected_percent": "100", "critical_down": True}


def night_and_day(replay: Replay) -> dict[str, Any]:
    """The same answers at 03:00 and at 15:00, and what comes of each."""
    cast.severity("SEV1")
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    policy = cast.policy((300, [bob]))
    for person in (bob, carol):
        paging.ensure_default(person)
    service = cast.service("Orders database")
    ServicePolicy.objects.create(service=service, policy=policy)
    command.put_in(carol, actor=bob)
    who = {"alice": str(alice.pk), "bob": str(bob.pk), "carol": str(carol.pk)}
    return {clock: {**declared(replay, clock, alice, service), **who} for clock in ("03:00", "15:00")}


def declared(replay: Replay, clock: str, alice: User, service: Service) -> dict[str, Any]:
    replay.at(clock)
    outlook = replay.post(alice, "incidents/outlook/", **TOLD, services=[service.slug])
    made = replay.post(
        alice, "incidents/", title=TOLD["title"], severity=outlook["severity"], services=[service.slug]
    )
    (asked,) = replay.get(alice, f"incidents/{made['id']}/hand-overs/")["results"]
    return {
        "outlook": outlook,
        "made": made,
        "pages": replay.get(alice, "pages/", incident=made["id"])["results"],
        "asked": asked,
    }


@pytest.fixture(scope="module")
def seen(play: Callable[..., Any]) -> Any:
    return play(date(2025, 11, 18), "02:00", night_and_day)


@pytest.mark.parametrize("clock", ["03:00", "15:00"])
def test_j12_a_the_same_answers_give_rank_1_at_any_hour(seen: Any, clock: str) -> None:
    assert (seen[clock]["outlook"]["severity"], seen[clock]["made"]["severity"]) == ("sev1", "sev1")


@pytest.mark.parametrize("clock", ["03:00", "15:00"])
def test_j12_b_people_are_paged_at_once(seen: Any, clock: str) -> None:
    pages = seen[clock]["pages"]
    assert {page["user"] for page in pages} == {seen[clock]["bob"], seen[clock]["carol"]}
    assert [(page["planned_at"][11:16], page["held_until"]) for page in pages] == [(clock, None)] * 2


@pytest.mark.parametrize("clock", ["03:00", "15:00"])
def test_j12_c_somebody_commands_from_the_first_second(seen: Any, clock: str) -> None:
    made = seen[clock]["made"]
    assert made["commander"] == seen[clock]["alice"]
    assert [row["since"] for row in made["roles"] if row["role"] == "commander"] == [made["declared_at"]]


@pytest.mark.parametrize("clock", ["03:00", "15:00"])
def test_j12_d_a_trained_commander_is_asked_the_moment_it_is_declared(seen: Any, clock: str) -> None:
    asked = seen[clock]["asked"]
    assert seen[clock]["outlook"]["asked_to_command"] == "Carol Example, next of those trained to command"
    assert (asked["to"], asked["holder"], asked["state"]) == (
        seen[clock]["carol"],
        seen[clock]["alice"],
        "waiting",
    )
    assert (asked["offered_at"][11:16], asked["asked_as"]) == (clock, "next of those trained to command")
