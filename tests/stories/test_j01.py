"""J01: login fails after a deploy (004 L107-144): its clocks outside, and how it ends."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from tests import cast
from tests.fastclock import stop
from tests.stories.rooms import Room, confirmed, day, reach_customers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.stories.replay import Replay

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


def slow_logins(replay: Replay) -> dict[str, Any]:
    """From the deploy of 14:18 until it is closed; nobody outside is told until 15:47."""
    cast.severity()
    alice, bob = cast.alice(), cast.bob()
    service = cast.service("Auth")
    cast.status_page(service)
    reach_customers()
    replay.post(
        alice, "changes/", service=service.slug, kind="deploy", summary="v2.3.4", version="v2.3.4",
        at=replay.moment("14:18").isoformat(),
    )  # fmt: skip
    replay.at("14:29")
    made = replay.post(
        alice, "incidents/", title="15% of users cannot sign in", severity="SEV2", services=[service.slug],
        started_at=replay.moment("14:23").isoformat(), detected_at=replay.moment("14:27").isoformat(),
    )  # fmt: skip
    path = f"incidents/{made['id']}/"
    changes = replay.get(alice, f"{path}changes/")
    replay.at("14:32")
    replay.post(bob, f"{path}timeline/", kind="hypothesis", text="Connection pool exhausted")
    replay.post(alice, f"{path}status/", status="identified")
    replay.at("14:38")
    replay.post(alice, f"{path}timeline/", kind="decision", text="Roll back rather than a larger pool")
    replay.at("14:40")
    replay.post(alice, f"{path}status/", status="mitigating", reason="Rollback initiated")
    asked = replay.get(alice, f"{path}owed-words/")["results"]
    replay.at("14:47")
    replay.patch(alice, path, mitigated_at=replay.moment("14:47").isoformat())
    replay.at("15:05")
    replay.post(alice, f"{path}status/", status="monitoring", reason="Monitoring confirms full recovery")
    replay.at("15:47")
    closed = replay.post(
        alice,
        f"{path}resolve/",
        confirmed=confirmed(),
        public_clear="This is resolved. It lasted 84 minutes.",
    )
    nudged = replay.get(alice, f"{path}nudges/", page_size=100)["results"]
    return {
        "changes": changes,
        "asked": {row["kind"]: replay.clock(row["due_at"]) for row in asked},
        "reminded": [
            (replay.clock(row["at"]), row["text"].partition(",")[0])
            for row in replay.get(alice, f"{path}timeline/", kind="reminder", page_size=100)["results"]
            if row["data"].get("owed")
        ],
        "nudged": [(row["kind"], replay.clock(row["due_at"])) for row in nudged],
        "ended": {
            row["kind"]: (row["state"], row["is_late"], replay.clock(row["ended_at"]))
            for row in replay.get(alice, f"{path}owed-words/")["results"]
        },
        "times": {
            name: replay.clock(closed[f"{name}_at"])
            for name in ("started", "detected", "declared", "identified", "mitigated", "resolved")
        },
    }


@pytest.fixture(scope="module")
def story(play: Callable[..., Any]) -> Any:
    return play(date(2025, 11, 15), "14:18", slow_logins)


def test_j01_e_each_step_has_its_time(story: Any) -> None:
    assert story["times"] == {
        "started": "14:23",
        "detected": "14:27",
        "declared": "14:29",
        "identified": "14:32",
        "mitigated": "14:47",
        "resolved": "15:47",
    }


def test_j01_f_the_deploy_of_14_18_stands_among_the_changes_before_it(story: Any) -> None:
    (change,) = story["changes"]
    assert (change["change"]["summary"], change["before_seconds"], change["suspect"]) == ("v2.3.4", 300, True)


def test_j01_g_the_first_word_is_due_at_14_44_and_customers_at_15_29(story: Any) -> None:
    assert story["asked"] == {"public": "14:44", "customers": "15:29"}


def test_j01_h_who_waits_for_them_is_reminded_until_they_have_it(story: Any) -> None:
    first, customers = "First word on the status page", "Write to customers"
    assert sorted(story["reminded"]) == [
        ("14:39", first),
        ("14:44", first),
        ("14:59", first),
        ("15:14", first),
        ("15:14", customers),
        ("15:29", customers),
        ("15:47", f"{first}: done"),
        ("15:47", f"{customers}: done"),
    ]


def test_j01_i_told_at_15_47_they_are_late_and_what_happened_is_owed(story: Any) -> None:
    assert story["ended"] == {
        "public": ("done", True, "15:47"),
        "customers": ("done", True, "15:47"),
        "account": ("open", False, ""),
    }


def test_j01_j_the_commander_is_not_missed_for_nine_minutes_nor_after_it_was_mitigated(story: Any) -> None:
    assert [at for kind, at in story["nudged"] if kind in {"silent_commander", "no_progress"}] == []
