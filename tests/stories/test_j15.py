"""J15: the rhythm of updates by level (002 L173-177; 001 L51; 000 L352): SEV0 every 15 minutes, SEV1 every 30."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from incidents.severities import operations as severities
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.models import User
    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db

DAY = date(2025, 11, 15)


def reminders(replay: Replay, who: User, number: str) -> list[tuple[str, str]]:
    """When the room was reminded of an update, and of what, in order."""
    rows = replay.get(who, f"incidents/{number}/timeline/", page_size=100)["results"]
    said = [
        (replay.clock(row["at"]), row["text"].partition(",")[0]) for row in rows if row["kind"] == "reminder"
    ]
    return sorted(each for each in said if each[1].startswith("Update"))


def declared(replay: Replay, who: User, severity: str, title: str) -> str:
    return str(replay.post(who, "incidents/", title=title, severity=severity)["id"])


def nothing_said(replay: Replay) -> list[tuple[str, str]]:
    """A SEV1 about which nobody says a word."""
    severities.install_preset("sev0")
    alice = cast.alice()
    number = declared(replay, alice, "sev1", "Checkout is slow")
    replay.at("14:31")
    return reminders(replay, alice, number)


def told(replay: Replay) -> dict[str, Any]:
    """A SEV1 that says when its next word comes, gets worse and ends."""
    severities.install_preset("sev0")
    alice = cast.alice()
    number = declared(replay, alice, "sev1", "Checkout is slow")
    replay.at("14:28")
    replay.post(
        alice, f"incidents/{number}/updates/",
        audience="internal", text="Still investigating, next update in 15 minutes", next_update_in_seconds=900,
    )  # fmt: skip
    seen = {"agreed": replay.get(alice, f"incidents/{number}/")["next_update_due_at"]}
    replay.at("14:30")
    raised = replay.post(alice, f"incidents/{number}/severity/", severity="sev0", reason="Checkout is down")
    seen["raised"] = raised["next_update_due_at"]
    replay.at("14:33")
    over = replay.post(alice, f"incidents/{number}/resolve/", reason="The queue is empty again")
    seen["resolved"] = over["next_update_due_at"]
    before = reminders(replay, alice, number)
    replay.at("18:00")
    seen["after the end"] = reminders(replay, alice, number)[len(before) :]
    return seen


def together(replay: Replay) -> list[str]:
    """Three open incidents, two of which owe a word; the board's order."""
    severities.install_preset("sev0")
    alice = cast.alice()
    for severity, title in (
        ("sev2", "A page is slow"),
        ("sev1", "Checkout is slow"),
        ("sev0", "Checkout is down"),
    ):
        declared(replay, alice, severity, title)
    replay.at("14:40")
    rows = replay.get(alice, "incidents/", overdue=True, ordering="rank")["results"]
    return [row["title"] for row in rows]


def outage(replay: Replay) -> list[tuple[str, str]]:
    """All workers are away from before an update is due until long after."""
    severities.install_preset("sev0")
    alice = cast.alice()
    number = declared(replay, alice, "sev1", "Checkout is slow")
    replay.after("15:10")
    return reminders(replay, alice, number)


@pytest.fixture(scope="module")
def seen(play: Callable[..., Any]) -> Any:
    return play(DAY, "14:00", told)


def test_j15_a_a_reminder_comes_before_it_is_due_and_it_is_overdue_after(play: Callable[..., Any]) -> None:
    assert play(DAY, "14:00", nothing_said) == [("14:24", "Update due soon"), ("14:30", "Update overdue")]


def test_j15_b_what_was_agreed_wins_over_the_rhythm(seen: Any) -> None:
    assert seen["agreed"][11:16] == "14:43"


def test_j15_c_raised_to_sev0_the_next_is_due_by_its_rhythm(seen: Any) -> None:
    assert seen["raised"][11:16] <= "14:45"


def test_j15_d_resolved_the_reminders_stop(seen: Any) -> None:
    assert (seen["resolved"], seen["after the end"]) == (None, [])


def test_j15_e_the_overdue_are_listed_the_worst_first(play: Callable[..., Any]) -> None:
    assert play(DAY, "14:00", together) == ["Checkout is down", "Checkout is slow"]


def test_j15_f_an_outage_of_the_workers_makes_one_late_reminder(play: Callable[..., Any]) -> None:
    assert play(DAY, "14:00", outage) == [("15:10", "Update overdue")]
