"""J02: payments on Black Friday (004 L464-484): decided at 09:23, called resolved at 09:30 before anybody outside heard."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from core.events.models import Event
from tests import cast
from tests.fastclock import stop
from tests.stories.rooms import Room, confirmed, day, reach_customers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.stories.replay import Replay

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


def payments(replay: Replay) -> dict[str, Any]:
    """From the alert at 09:16 until an hour after it was called resolved."""
    cast.severity()
    alice = cast.alice()
    cast.status_page()
    reach_customers()
    made = replay.post(
        alice,
        "incidents/",
        title="Payments fail",
        severity="sev1",
        started_at=replay.moment("09:15").isoformat(),
    )
    path = f"incidents/{made['id']}/"
    helpers = [cast.person(name) for name in ("Priya", "Dana", "Ivo")]
    replay.at("09:18")
    for person in helpers:
        replay.post(alice, f"{path}tasks/", title="Look at your part", assignee=str(person.pk))
    command = replay.get(alice, f"{path}command/")
    asked = {
        row["kind"]: replay.clock(row["due_at"]) for row in replay.get(alice, f"{path}owed-words/")["results"]
    }
    replay.at("09:20")
    replay.post(alice, f"{path}status/", status="identified", reason="Pool saturated, 200 of 200")
    replay.at("09:23")
    decided = replay.post(
        alice, f"{path}timeline/", kind="decision", text="Restart with a pool of 400",
        trade_off="2 minutes without payments", accepted_by="Head of sales",
    )  # fmt: skip
    replay.at("09:27")
    replay.post(alice, f"{path}status/", status="monitoring", reason="93% of payments succeed")
    replay.at("09:30")
    done = replay.post(alice, f"{path}resolve/", confirmed=confirmed(), despite=WHY)
    still = replay.get(alice, f"{path}owed-words/", state="open")["results"]
    replay.at("09:31")
    entries = replay.get(alice, f"{path}timeline/", kind="reminder", page_size=100)["results"]
    rows = {row["kind"]: row for row in still}
    why = "it was over within a quarter of an hour, and the summary of the day has it"
    ended = replay.post(alice, f"{path}owed-words/{rows['executives']['id']}/not-needed/", why=why)
    replay.at("09:40")
    replay.post(alice, f"{path}updates/", audience="public", status="resolved", text="Payments work again.")
    return {
        "made": made,
        "command": command,
        "asked": asked,
        "decided": decided,
        "done": done,
        "clocks": {
            name: replay.clock(done[f"{name}_at"])
            for name in ("started", "detected", "identified", "mitigated", "resolved")
        },
        "still": sorted(rows),
        "reminded": sorted(
            (replay.clock(row["at"]), row["text"].partition(",")[0])
            for row in entries
            if row["data"].get("owed") and row["at"] >= done["resolved_at"]
        ),
        "ended": (ended["state"], ended["why"]),
        "after": {
            row["kind"]: (row["state"], row["is_late"])
            for row in replay.get(alice, f"{path}owed-words/")["results"]
        },
    }


@pytest.fixture(scope="module")
def story(play: Callable[..., Any]) -> Any:
    return play(date(2025, 11, 28), "09:16", payments)


def test_j02_e_identified_after_4_minutes_mitigated_after_11_resolved_after_14(
    story: Any,
) -> None:
    assert story["clocks"] == {
        "started": "09:15",
        "detected": "09:16",
        "identified": "09:20",
        "mitigated": "09:27",
        "resolved": "09:30",
    }


def test_j02_f_three_report_to_the_commander_which_is_not_too_many(story: Any) -> None:
    command = story["command"]
    assert (command["reporting_to_commander"], command["span"], command["is_over_span"]) == (3, 7, False)


def test_j02_g_the_decision_keeps_what_it_costs_and_who_accepted_that(story: Any) -> None:
    data = story["decided"]["data"]["decision"]
    assert (data["trade_off"], data["accepted_by"]) == ("2 minutes without payments", "Head of sales")


def test_j02_h_the_first_word_outside_and_the_first_update_are_due_at_09_31(story: Any) -> None:
    assert story["asked"] == {"public": "09:31", "executives": "09:31", "customers": "10:16"}
    assert story["made"]["next_update_due_at"][11:16] == "09:31"


def test_j02_i_resolved_before_either_it_still_asks_for_the_page_and_for_executives(story: Any) -> None:
    assert story["still"] == ["account", "customers", "executives", "public"]
    assert story["reminded"] == [
        ("09:31", "First word on the status page"),
        ("09:31", "Tell executives"),
    ]


def test_j02_j_each_ends_by_being_told_or_by_a_reason(story: Any) -> None:
    assert story["ended"][0] == "not_needed"
    assert story["after"] == {
        "public": ("done", True),
        "customers": ("done", False),
        "executives": ("not_needed", False),
        "account": ("open", False),
    }
