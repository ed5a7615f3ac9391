"""J05: help is asked for late, and early (004 Pitfall 2 L440-452)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from oncall.paging import operations as paging
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 15)
WORDS = "Need help with unusual DB behavior"


class Cast:
    """Alice commands, Bob is the database expert on call."""

    def __init__(self, replay: Replay) -> None:
        cast.severity("SEV2")
        self.replay, self.alice, self.bob = replay, cast.alice(), cast.bob()
        paging.ensure_default(self.bob)
        made = replay.post(self.alice, "incidents/", title="Orders cannot be saved", severity="SEV2")
        self.incident = f"incidents/{made['id']}/"

    def page_and_find(self, paged: str, found: str) -> None:
        """Bob is paged, comes at once, and names the fault."""
        self.replay.at(paged)
        self.replay.post(self.alice, f"{self.incident}page/", user=str(self.bob.pk), message=WORDS)
        (page,) = self.replay.get(self.bob, "pages/", user=str(self.bob.pk))["results"]
        self.replay.post(self.bob, f"pages/{page['id']}/accept/")
        self.replay.at(found)
        self.replay.post(
            self.bob, f"{self.incident}status/", status="identified", reason="The pool is exhausted"
        )

    def seen(self) -> dict[str, Any]:
        """What everybody can read once it is over."""
        self.replay.post(self.alice, f"{self.incident}resolve/", reason="The pool has room again")
        nudges = self.replay.get(self.alice, f"{self.incident}nudges/", kind="no_progress", ordering="due_at")
        return {
            "incident": self.replay.get(self.alice, self.incident),
            "prompts": [(row["due_at"][11:16], row["state"]) for row in nudges["results"]],
            "pages": self.replay.get(self.bob, "pages/", user=str(self.bob.pk))["results"],
            "lookback": self.replay.get(self.alice, f"{self.incident}lookback/"),
            "timeline": self.replay.get(self.alice, f"{self.incident}timeline/", page_size=100)["results"],
        }


def late(replay: Replay) -> dict[str, Any]:
    """For two hours everybody guesses."""
    story = Cast(replay)
    story.page_and_find("16:45", "16:50")
    return story.seen()


def early(replay: Replay) -> dict[str, Any]:
    """After ten minutes somebody asks."""
    story = Cast(replay)
    replay.at("14:38")
    replay.post(story.alice, f"{story.incident}timeline/", kind="note", text="The checks reveal nothing")
    story.page_and_find("14:40", "14:45")
    return story.seen()


@pytest.fixture(scope="module")
def bad(play: Callable[..., Any]) -> Any:
    return play(DAY, "14:30", late)


@pytest.fixture(scope="module")
def good(play: Callable[..., Any]) -> Any:
    return play(DAY, "14:30", early)


def test_j05_a_without_progress_it_prompts_every_half_hour(bad: Any) -> None:
    assert [clock for clock, _ in bad["prompts"]] == ["15:00", "15:30", "16:00", "16:30"]


def test_j05_b_each_prompt_is_recorded_as_ignored(bad: Any) -> None:
    *earlier, last = [state for _, state in bad["prompts"]]
    assert (earlier, last) == (["ignored"] * 3, "settled")


def test_j05_c_looking_back_the_page_of_who_helped_came_late(bad: Any, good: Any) -> None:
    late = [row for row in bad["lookback"] if row["kind"] == "help_came_late"]
    assert [(row["name"], row["seconds"], row["then_seconds"]) for row in late] == [
        ("Bob Example", 135 * 60, 5 * 60)
    ]
    assert good["lookback"] == []


def test_j05_d_asking_early_there_is_no_prompt(good: Any) -> None:
    assert good["prompts"] == []


def test_j05_e_the_page_carries_the_message(good: Any) -> None:
    (page,) = good["pages"]
    assert (page["planned_at"][11:16], page["status"]) == ("14:40", "acknowledged")
    assert f"Bob Example is paged: {WORDS}" in [
        row["text"] for row in good["timeline"] if row["kind"] == "page"
    ]


@pytest.mark.parametrize("run", ["bad", "good"])
def test_j05_f_it_is_identified_five_minutes_after_the_page(run: str, request: pytest.FixtureRequest) -> None:
    seen = request.getfixturevalue(run)
    (page,) = seen["pages"]
    found, paged = seen["incident"]["identified_at"], page["planned_at"]
    assert (paged[11:16], found[11:16]) in {("16:45", "16:50"), ("14:40", "14:45")}
