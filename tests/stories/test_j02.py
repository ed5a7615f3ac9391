"""J02, how it ends: restarted at 09:25, 93% of payments succeed at 09:27, called resolved at 09:30."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from core.events.models import Event
from tests import cast
from tests.fastclock import stop
from tests.stories.rooms import Room, confirmed, day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

pytestmark = pytest.mark.django_db
WHY = "The commander has watched it for three minutes, and it is Black Friday"


@pytest.fixture
def room(db: None) -> Room:
    go: Callable[[datetime], None] = stop(connection)
    cast.severity()
    room = Room(
        go,
        day(2025, 11, 28),
        declared="09:16",
        commander=cast.alice(),
        title="Payments fail",
        severity="sev1",
        started_at="2025-11-28T09:15:00Z",
    )
    room.at("09:27")
    room.post("status", status="monitoring", reason="93% of payments succeed")
    room.at("09:30")
    return room


def test_j02_a_resolving_at_09_30_is_refused_by_a_window_of_30_min(room: Room) -> None:
    said = room.refused()
    assert "stable for 3 min of 30 min, which is over at Fri 28 Nov 2025 09:57 UTC" in said
    assert room.now()["status"] == "monitoring"


def test_j02_b_resolving_at_09_30_is_then_accepted_with_a_reason(room: Room) -> None:
    room.refused()
    found = room.resolve(reason=WHY)
    assert (found["status"], found["resolved_at"]) == ("resolved", "2025-11-28T09:30:00.000000Z")


def test_j02_b_a_shorter_window_of_the_level_accepts_it_without_one(room: Room) -> None:
    level = cast.severity("SEV1")
    level.stable_seconds = 180
    level.save()
    assert room.resolve()["resolved_early"] is False


def test_j02_c_it_is_reported_as_early_on_the_timeline_in_the_api_and_in_the_audit(room: Room) -> None:
    room.resolve(despite=WHY)
    assert room.now()["resolved_early"] is True
    entries = room.client.get(f"{room.path}timeline/").json()["results"]
    ended = next(row for row in entries if row["data"].get("new") == "resolved")
    assert (ended["data"]["early"], ended["data"]["despite"]) == (True, WHY)
    assert "In spite of this: it has been stable for 3 min of 30 min" in ended["text"]
    event = Event.objects.get(name="incident.resolved_despite")
    assert (event.payload["early"], event.payload["reason"]) == (True, WHY)
    (kept,) = room.closing()["resolutions"]
    assert (kept["is_early"], kept["window_seconds"]) == (True, 1800)


def test_j02_d_metrics_at_baseline_is_not_confirmed_by_itself(room: Room) -> None:
    room.at("10:00")
    left = [slug for slug in confirmed() if slug != "metrics-normal"]
    assert "not confirmed: “Metrics are back at their baseline" in room.refused(confirmed=left)
    found = room.resolve(confirmed=left, despite="93% is as good as it gets today")
    assert found["resolved_early"] is False
    (kept,) = room.closing()["resolutions"]
    assert len(kept["lacking"]) == 1
