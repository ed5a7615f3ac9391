"""J14: a P2 without a commander for thirty minutes (003 L33-37)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from incidents.severities import operations as severities
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 15)


class Cast:
    """Bob is on call and works on it; Alice declared it and leads nothing."""

    def __init__(self, replay: Replay) -> None:
        cast.severity()
        severities.install_preset("p4")
        self.replay, self.alice, self.bob = replay, cast.alice(), cast.bob()
        made = replay.post(self.alice, "incidents/", title="Search is slow", severity="P2")
        self.incident = f"incidents/{made['id']}/"
        replay.post(self.alice, f"{self.incident}command/give-back/")
        for role in ("tech-lead", "expert"):
            replay.post(self.bob, f"{self.incident}roles/", role=role, user=str(self.bob.pk))

    def seen(self) -> dict[str, Any]:
        asked = {"kind": "no_commander", "ordering": "due_at"}
        rows = self.replay.get(self.bob, f"{self.incident}nudges/", **asked)["results"]
        entries = self.replay.get(self.bob, f"{self.incident}timeline/", kind="reminder")["results"]
        return {
            "missed": [self.replay.clock(row["due_at"]) for row in rows],
            "command": self.replay.get(self.bob, f"{self.incident}command/"),
            "said": [row["text"] for row in entries if row["text"].startswith("Nobody commands")],
        }


def unresolved(replay: Replay) -> dict[str, Any]:
    """Half an hour passes."""
    story = Cast(replay)
    replay.at("10:29")
    before = story.seen()
    replay.at("10:30")
    return {"before": before, **story.seen()}


def in_time(replay: Replay) -> dict[str, Any]:
    """It works again a minute before."""
    story = Cast(replay)
    replay.at("10:29")
    replay.post(story.bob, f"{story.incident}resolve/", reason="The index is back")
    replay.at("10:45")
    return story.seen()


def raised(replay: Replay) -> dict[str, Any]:
    """After ten minutes it is worse than they thought."""
    story = Cast(replay)
    replay.at("10:10")
    allowed = replay.post(story.bob, f"{story.incident}roles/", role="commander", user=str(story.bob.pk))
    both = {row["role"] for row in allowed["roles"] if row["user"] == str(story.bob.pk)}
    replay.post(story.bob, f"{story.incident}command/give-back/")
    replay.post(story.bob, f"{story.incident}severity/", severity="P1", reason="Nothing is found")
    seen = story.seen()
    status, words = replay.refused(
        story.alice, f"{story.incident}roles/", role="commander", user=str(story.bob.pk)
    )
    replay.post(story.alice, f"{story.incident}command/take-over/")
    other = replay.refused(story.alice, f"{story.incident}roles/", role="tech-lead", user=str(story.alice.pk))
    return {**seen, "both": both, "refused": (status, words), "other": other, "after": story.seen()}


@pytest.fixture(scope="module")
def late(play: Callable[..., Any]) -> Any:
    return play(DAY, "10:00", unresolved)


@pytest.fixture(scope="module")
def quick(play: Callable[..., Any]) -> Any:
    return play(DAY, "10:00", in_time)


@pytest.fixture(scope="module")
def worse(play: Callable[..., Any]) -> Any:
    return play(DAY, "10:00", raised)


def test_j14_a_after_30_minutes_somebody_has_to_command(late: Any) -> None:
    before = late["before"]
    assert (before["missed"], before["command"]["commander_is_required"]) == ([], False)
    assert before["command"]["commander_required_from"][11:16] == "10:30"
    assert (late["missed"], late["command"]["commander_is_required"]) == (["10:30"], True)
    assert late["said"][0].startswith("Nobody commands, for 30 min. Told ")


def test_j14_b_resolved_after_29_minutes_nothing_is_said(quick: Any) -> None:
    assert (quick["missed"], quick["said"]) == ([], [])
    assert quick["command"]["commander_required_from"] is None


def test_j14_c_raised_to_p1_somebody_has_to_command_at_once(worse: Any) -> None:
    assert worse["missed"] == ["10:10"]
    assert worse["command"]["commander_is_required"]
    assert worse["after"]["command"]["commander_required_from"] is None


def test_j14_d_from_then_on_nobody_commands_and_leads_the_technical_work(worse: Any) -> None:
    assert {"commander", "tech-lead"} <= worse["both"]
    status, words = worse["refused"]
    assert (status, "leads the technical work" in words) == (409, True)
    status, words = worse["other"]
    assert (status, "somebody else leads the technical work" in words) == (409, True)
