"""J12: the production database turns read-only off hours (000 L150-158): the hour changes nothing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from oncall.models import ServicePolicy
from oncall.paging import operations as paging
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db

TOLD = {"title": "The production database is read-only", "affected_percent": "100", "critical_down": True}


def night_and_day(replay: Replay) -> dict[str, Any]:
    """The same answers at 03:00 and at 15:00, and what comes of each."""
    cast.severity("SEV1")
    alice, bob = cast.alice(), cast.bob()
    policy = cast.policy((300, [bob]))
    paging.ensure_default(bob)
    service = cast.service("Orders database")
    ServicePolicy.objects.create(service=service, policy=policy)
    seen = {}
    for clock in ("03:00", "15:00"):
        replay.at(clock)
        outlook = replay.post(alice, "incidents/outlook/", **TOLD, services=[service.slug])
        made = replay.post(
            alice, "incidents/", title=TOLD["title"], severity=outlook["severity"], services=[service.slug]
        )
        pages = replay.get(alice, "pages/", incident=made["id"])["results"]
        seen[clock] = {
            "outlook": outlook,
            "made": made,
            "pages": pages,
            "bob": str(bob.pk),
            "alice": str(alice.pk),
        }
    return seen


@pytest.fixture(scope="module")
def seen(play: Callable[..., Any]) -> Any:
    return play(date(2025, 11, 18), "02:00", night_and_day)


@pytest.mark.parametrize("clock", ["03:00", "15:00"])
def test_j12_a_the_same_answers_give_rank_1_at_any_hour(seen: Any, clock: str) -> None:
    assert (seen[clock]["outlook"]["severity"], seen[clock]["made"]["severity"]) == ("sev1", "sev1")


@pytest.mark.parametrize("clock", ["03:00", "15:00"])
def test_j12_b_people_are_paged_at_once(seen: Any, clock: str) -> None:
    (page,) = seen[clock]["pages"]
    assert page["user"] == seen[clock]["bob"]
    assert page["planned_at"][11:16] == clock
    assert page["held_until"] is None


@pytest.mark.parametrize("clock", ["03:00", "15:00"])
def test_j12_c_somebody_commands_from_the_first_second(seen: Any, clock: str) -> None:
    made = seen[clock]["made"]
    assert made["commander"] == seen[clock]["alice"]
    assert [row["since"] for row in made["roles"] if row["role"] == "commander"] == [made["declared_at"]]
