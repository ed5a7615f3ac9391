"""J01, how it ends: mitigated at 14:47, confirmed by monitoring at 15:05, closed at 15:47."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tests import cast
from tests.fastclock import stop
from tests.stories.rooms import Room, day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

pytestmark = pytest.mark.django_db


@pytest.fixture
def go(db: None) -> Callable[[datetime], None]:
    return stop(connection)


def until_monitoring(go: Callable[[datetime], None], *, anchor: str) -> Room:
    level = cast.severity("SEV2")
    level.stable_since = anchor
    level.save()
    room = Room(
        go,
        day(2025, 11, 15),
        declared="14:29",
        commander=cast.alice(),
        title="15% of users cannot sign in",
        severity="sev2",
        started_at="2025-11-15T14:23:00Z",
    )
    room.at("14:40")
    room.post("status", status="mitigating", reason="Rollback initiated")
    mitigated = room.at("14:47")
    room.patch(mitigated_at=mitigated.isoformat())
    room.at("15:05")
    room.post("status", status="monitoring", reason="Monitoring confirms full recovery")
    return room


@pytest.mark.parametrize("anchor", ["mitigated", "monitoring"])
def test_j01_a_closing_at_15_47_is_accepted_by_either_anchor(
    go: Callable[[datetime], None], anchor: str
) -> None:
    room = until_monitoring(go, anchor=anchor)
    room.at("15:47")
    found = room.resolve(reason="Stable")
    assert (found["status"], found["resolved_early"]) == ("resolved", False)
    assert found["resolved_at"] == "2025-11-15T15:47:00.000000Z"


def test_j01_b_at_15_47_it_has_been_stable_for_60_min_since_mitigation(
    go: Callable[[datetime], None],
) -> None:
    room = until_monitoring(go, anchor="mitigated")
    room.at("15:47")
    found = room.closing()
    assert (found["stable_since"], found["is_stable"]) == ("2025-11-15T14:47:00.000000Z", True)
    assert found["possible_at"] == "2025-11-15T15:17:00.000000Z"


def test_j01_b_at_15_47_it_has_been_stable_for_42_min_since_monitoring(
    go: Callable[[datetime], None],
) -> None:
    room = until_monitoring(go, anchor="monitoring")
    room.at("15:47")
    found = room.closing()
    assert (found["stable_since"], found["is_stable"]) == ("2025-11-15T15:05:00.000000Z", True)
    assert found["possible_at"] == "2025-11-15T15:35:00.000000Z"


def test_j01_c_a_try_at_15_20_is_refused_with_anchor_monitoring(go: Callable[[datetime], None]) -> None:
    room = until_monitoring(go, anchor="monitoring")
    room.at("15:20")
    said = room.refused()
    assert "stable for 15 min of 30 min, which is over at Sat 15 Nov 2025 15:35 UTC" in said
    assert room.now()["status"] == "monitoring"


def test_j01_d_a_try_at_15_20_is_accepted_with_anchor_mitigated(go: Callable[[datetime], None]) -> None:
    room = until_monitoring(go, anchor="mitigated")
    room.at("15:20")
    found = room.resolve()
    assert (found["status"], found["resolved_early"]) == ("resolved", False)
