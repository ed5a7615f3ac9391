"""J03: checkout is slow, by the quotes of its commander (001 L32-36, L61-63)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from oncall.escalation import operations as escalation
from oncall.models import ServicePolicy
from oncall.paging import operations as paging
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 15)
"""A Saturday: a level that pages in business hours wakes nobody."""


def slow(replay: Replay) -> dict[str, Any]:
    """From the alert at 14:02 until it is raised to SEV1."""
    cast.severity()
    ada, alice, bob, carol = cast.ada(), cast.alice(), cast.bob(), cast.carol()
    for person in (bob, carol):
        paging.ensure_default(person)
    policy = cast.policy((300, [bob]), (300, [carol]))
    service = cast.service("Checkout")
    ServicePolicy.objects.create(service=service, policy=policy)
    alert = cast.alert("Checkout latency above 2 s", of=service)
    cast.escalation(alert, policy)
    escalation.advance_due()
    replay.at("14:03")
    replay.post(bob, f"alerts/{alert.pk}/acknowledge/")
    replay.at("14:07")
    made = replay.post(
        alice, "incidents/", title="Checkout is slow", severity="SEV3", services=[service.slug]
    )
    path = f"incidents/{made['id']}/"
    asked_before = replay.get(ada, "pages/", page_size=100)["results"]
    replay.at("14:12")
    words = "Connection pool exhausted; Bob looks into it"
    replay.post(alice, f"{path}timeline/", kind="hypothesis", text=words, next_update_in_seconds=600)
    thought = replay.get(alice, path)
    replay.at("14:18")
    replay.post(alice, f"{path}timeline/", kind="note", text="@bob roll back, start in 60 seconds.")
    seen: dict[str, Any] = {"overdue": {}}
    for clock in ("14:18:59", "14:19:01"):
        replay.at(clock)
        entries = replay.get(alice, f"{path}timeline/", kind="reminder")["results"]
        seen["overdue"][clock] = [row["text"] for row in entries if row["text"].startswith("Task overdue")]
    replay.at("14:20")
    raised = replay.post(alice, f"{path}severity/", severity="SEV1", reason="Now Sev1, paging the whole team")
    return seen | {
        "alert": replay.get(alice, f"alerts/{alert.pk}/"),
        "made": made,
        "asked_before": asked_before,
        "thought": thought,
        "timeline": replay.get(alice, f"{path}timeline/", page_size=200)["results"],
        "tasks": [row for row in replay.get(alice, f"{path}tasks/")["results"] if not row["list"]],
        "raised": raised,
        "level": replay.get(alice, "severities/sev1/"),
        "asked_after": replay.get(ada, "pages/", page_size=100)["results"],
        "people": {"alice": str(alice.pk), "bob": str(bob.pk), "carol": str(carol.pk)},
    }


@pytest.fixture(scope="module")
def seen(play: Callable[..., Any]) -> Any:
    return play(DAY, "14:02", slow)


def test_j03_a_acknowledged_after_a_minute_and_nobody_else_is_asked(seen: Any) -> None:
    assert (seen["alert"]["status"], seen["alert"]["acknowledged_at"][11:16]) == ("acknowledged", "14:03")
    assert [row["user"] for row in seen["asked_before"]] == [seen["people"]["bob"]]


def test_j03_b_somebody_commands_five_minutes_after_the_alert(seen: Any) -> None:
    made = seen["made"]
    assert (made["declared_at"][11:16], made["commander"]) == ("14:07", seen["people"]["alice"])


def test_j03_c_the_first_hypothesis_says_when_the_next_word_is_due(seen: Any) -> None:
    thought = seen["thought"]
    assert thought["hypothesis"] == "Connection pool exhausted; Bob looks into it"
    (entry,) = [row for row in seen["timeline"] if row["kind"] == "hypothesis"]
    assert entry["at"][11:16] == "14:12"
    assert thought["next_update_due_at"][11:16] == "14:22"


def test_j03_d_the_rollback_begins_sixteen_minutes_after_it(seen: Any) -> None:
    (task,) = seen["tasks"]
    assert (task["title"], task["assignee"], task["created_at"][11:19], task["due_at"][11:19]) == (
        "Roll back, start in 60 seconds",
        seen["people"]["bob"],
        "14:18:00",
        "14:19:00",
    )


def test_j03_e_a_task_of_60_seconds_is_overdue_at_61(seen: Any) -> None:
    assert seen["overdue"]["14:18:59"] == []
    assert seen["overdue"]["14:19:01"] == [
        "Task overdue: Roll back, start in 60 seconds. Reminded Bob Example and Alice Example"
    ]


def test_j03_f_raised_to_sev1_people_are_paged_and_rhythm_and_roles_follow(seen: Any) -> None:
    raised = seen["raised"]
    assert (raised["severity"], raised["update_every_seconds"]) == ("sev1", 900)
    assert raised["next_update_due_at"][11:16] == "14:22"  # a promise is not put off
    assert len(seen["asked_after"]) == len(seen["asked_before"]) + 1
    assert seen["level"]["required_roles"] == ["commander", "tech-lead", "communications", "scribe"]
    assert seen["level"]["separation"] == "blocked"
