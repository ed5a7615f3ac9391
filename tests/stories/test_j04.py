"""J04: the commander debugs, or delegates (004 Pitfall 1 L427-437)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from core.outbox.models import Message
from incidents.nudges import operations as nudges
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 15)


class Cast:
    """Carol commands, Bob is her deputy and knows the database, Alice writes to customers."""

    def __init__(self, replay: Replay) -> None:
        cast.severity("SEV2")
        self.replay = replay
        self.alice, self.bob, self.carol = cast.alice(), cast.bob(), cast.carol()
        made = replay.post(self.carol, "incidents/", title="Orders cannot be saved", severity="SEV2")
        self.incident = f"incidents/{made['id']}/"
        for role, person in (("deputy", self.bob), ("communications", self.alice)):
            replay.post(self.carol, f"{self.incident}roles/", role=role, user=str(person.pk))

    def say(self, clock: str, who: Any, text: str) -> Any:
        self.replay.at(clock)
        return self.replay.post(who, f"{self.incident}timeline/", kind="note", text=text)

    def answer(self, clock: str, who: Any, result: str) -> None:
        """The open task of somebody is done with these words."""
        self.replay.at(clock)
        (task,) = self.replay.get(who, f"{self.incident}tasks/", state="open", assignee=str(who.pk))[
            "results"
        ]
        self.replay.post(who, f"{self.incident}tasks/{task['id']}/done/", result=result)

    def seen(self) -> dict[str, Any]:
        asked = {"kind": "silent_commander", "ordering": "due_at"}
        silent = self.replay.get(self.bob, f"{self.incident}nudges/", **asked)["results"]
        return {
            "silent": [self.replay.clock(row["due_at"]) for row in silent],
            "told": sorted(
                Message.objects.filter(client=nudges.CLIENT, content__subject__startswith="The commander")
                .values_list("address", flat=True)
                .distinct()
            ),
            "tasks": [
                row
                for row in self.replay.get(self.bob, f"{self.incident}tasks/", page_size=100)["results"]
                if not row["list"]
            ],
            "decisions": self.replay.get(self.bob, f"{self.incident}timeline/", kind="decision")["results"],
            "incident": self.replay.get(self.bob, self.incident),
            "people": {"alice": str(self.alice.pk), "bob": str(self.bob.pk), "carol": str(self.carol.pk)},
        }


def debugs(replay: Replay) -> dict[str, Any]:
    """Fifteen minutes of silence."""
    story = Cast(replay)
    story.say("14:32", story.carol, "Checking the database logs")
    story.say("14:47", story.carol, "The pool is exhausted")
    return story.seen()


def delegates(replay: Replay) -> dict[str, Any]:
    """Two questions, two answers, a decision."""
    story = Cast(replay)
    story.say("14:32", story.carol, "@bob what is the pool status?")
    story.answer("14:35", story.bob, "Pool 98/100, queries back up")
    story.say("14:36", story.carol, "@alice what is the normal count?")
    story.answer("14:37", story.alice, "Usually 20 to 30")
    replay.at("14:38")
    path = f"{story.incident}status/"
    replay.post(story.carol, path, status="identified", reason="The pool is exhausted")
    story.say("14:38", story.carol, "Decision: roll back last deploy. @bob initiate rollback.")
    return story.seen()


@pytest.fixture(scope="module")
def bad(play: Callable[..., Any]) -> Any:
    return play(DAY, "14:32", debugs)


@pytest.fixture(scope="module")
def good(play: Callable[..., Any]) -> Any:
    return play(DAY, "14:32", delegates)


def test_j04_a_ten_minutes_of_silence_are_missed_at_14_42(bad: Any) -> None:
    assert bad["silent"] == ["14:42"]


def test_j04_b_deputy_and_communications_are_told(bad: Any) -> None:
    assert bad["told"] == ["alice@example.com", "bob@example.com"]


def test_j04_c_who_asks_every_few_minutes_is_not_missed(good: Any) -> None:
    assert (good["silent"], good["told"]) == ([], [])


def test_j04_d_a_name_in_a_note_makes_a_question_with_an_answer(good: Any) -> None:
    first, second, _ = good["tasks"]
    assert [(row["title"], row["assignee"], row["state"], row["result"]) for row in (first, second)] == [
        ("What is the pool status?", good["people"]["bob"], "done", "Pool 98/100, queries back up"),
        ("What is the normal count?", good["people"]["alice"], "done", "Usually 20 to 30"),
    ]


def test_j04_e_a_decision_is_one_and_a_task_for_whom_it_names(good: Any) -> None:
    (decision,) = good["decisions"]
    assert (decision["at"][11:16], decision["text"]) == (
        "14:38",
        "roll back last deploy. @bob initiate rollback.",
    )
    assert decision["decision"]["decided_by"] == good["people"]["carol"]
    task = good["tasks"][-1]
    assert (task["title"], task["assignee"], task["state"]) == (
        "Initiate rollback",
        good["people"]["bob"],
        "open",
    )


def test_j04_f_found_and_decided_in_six_minutes(good: Any) -> None:
    assert good["incident"]["declared_at"][11:16] == "14:32"
    assert good["incident"]["identified_at"][11:16] == "14:38"
    assert good["decisions"][0]["at"][11:16] == "14:38"
