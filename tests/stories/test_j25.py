"""J25: two incidents at once in a small team (003 L11; 002 L102; 004 L358)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from core.clock import now
from incidents.lifecycle import queries
from incidents.models import Severity
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 15)


class Cast:
    """Alice is on her own with a minor incident when a major one begins a minute later."""

    def __init__(self, replay: Replay) -> None:
        cast.severity()
        self.replay, self.alice, self.bob = replay, cast.alice(), cast.bob()

    def declare(self, title: str, severity: str) -> str:
        made = self.replay.post(self.alice, "incidents/", title=title, severity=severity)
        return f"incidents/{made['number']}/"

    def both(self) -> tuple[str, str]:
        minor = self.declare("Invoices are late", "SEV3")
        self.replay.at("10:01")
        return minor, self.declare("Nobody can pay", "SEV1")

    def command(self, incident: str) -> dict[str, Any]:
        found: dict[str, Any] = self.replay.get(self.bob, f"{incident}command/")
        return found

    def texts(self, incident: str, kind: str) -> list[str]:
        rows = self.replay.get(self.bob, f"{incident}timeline/", kind=kind)["results"]
        return [row["text"] for row in rows]


def allowed(replay: Replay) -> dict[str, Any]:
    """A small team, where one person may have to."""
    story = Cast(replay)
    minor, major = story.both()
    seen: dict[str, Any] = {
        "me": str(story.alice.pk),
        "names": [path.split("/")[1] for path in (minor, major)],
        "command": [story.command(path) for path in (minor, major)],
    }
    due = [replay.get(story.bob, path)["next_update_due_at"] for path in (minor, major)]
    replay.at("10:10")
    replay.post(story.alice, f"{major}updates/", audience="internal", text="We roll back")
    replay.post(story.alice, f"{major}timeline/", kind="note", text="The pool is full")
    after = [replay.get(story.bob, path)["next_update_due_at"] for path in (minor, major)]
    seen["due"] = [replay.clock(stamp) for stamp in (*due, *after)]
    seen["notes"] = [story.texts(path, "note") for path in (minor, major)]
    late = story.declare("Search is slow", "SEV3")
    replay.at("14:30")
    board = queries.board(story.bob, at=now())
    seen["board"] = [strip.incident.title for strip in board.strips]
    assert late
    return seen


def forbidden(replay: Replay) -> dict[str, Any]:
    """A company where nobody commands two of the worst."""
    story = Cast(replay)
    Severity.objects.filter(rank__lte=2).update(two_incidents="blocked")
    minor = story.declare("Invoices are late", "SEV3")
    replay.at("10:01")
    looked = replay.post(story.alice, "incidents/outlook/", title="Nobody can pay", severity="SEV1")
    major = story.declare("Nobody can pay", "SEV1")
    seen = {
        "names": [path.split("/")[1] for path in (minor, major)],
        "looked": looked["held_by"],
        "command": story.command(major)["commander"],
        "said": story.texts(major, "role"),
        "refused": [
            replay.refused(story.alice, f"{major}command/take-over/"),
            replay.refused(story.bob, f"{major}roles/", role="commander", user=str(story.alice.pk)),
            replay.refused(
                story.bob, f"{major}hand-overs/", user=str(story.alice.pk), briefing="You know it"
            ),
        ],
    }
    replay.post(story.bob, f"{minor}command/take-over/", reason="She is needed elsewhere")
    replay.post(story.alice, f"{major}command/take-over/")
    return {**seen, "me": str(story.alice.pk), "then": story.command(major)["commander"]}


@pytest.fixture(scope="module")
def small(play: Callable[..., Any]) -> Any:
    return play(DAY, "10:00", allowed)


@pytest.fixture(scope="module")
def strict(play: Callable[..., Any]) -> Any:
    return play(DAY, "10:00", forbidden)


def test_j25_a_both_rooms_say_that_one_person_commands_both(small: Any) -> None:
    assert [row["commander"] for row in small["command"]] == [small["me"], small["me"]]
    minor, major = small["names"]
    assert [row["also_commands"] for row in small["command"]] == [[major], [minor]]


def test_j25_b_the_second_begins_with_nobody_and_says_why(strict: Any) -> None:
    minor, _ = strict["names"]
    assert (strict["looked"], strict["command"]) == (minor, None)
    assert f"Nobody commands yet: Alice Example commands {minor}" in strict["said"]


def test_j25_c_nobody_makes_them_command_it_until_the_first_is_given_away(strict: Any) -> None:
    minor, _ = strict["names"]
    for status, words in strict["refused"]:
        assert (
            status,
            f"Alice Example commands {minor}. At SEV1 nobody commands two incidents" in words,
        ) == (
            409,
            True,
        )
    assert strict["then"] == strict["me"]


def test_j25_d_each_has_its_own_clock_and_timeline(small: Any) -> None:
    minor, major, minor_after, major_after = small["due"]
    assert (minor_after, major_after) == (minor, "10:25")
    assert (minor, major) == ("12:00", "10:16")
    assert small["notes"] == [[], ["The pool is full"]]


def test_j25_e_the_board_has_the_worst_first_then_the_most_overdue(small: Any) -> None:
    assert small["board"] == ["Nobody can pay", "Invoices are late", "Search is slow"]
