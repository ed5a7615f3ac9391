"""What is written into a room: decisions with all that belongs to them, tags, and names that are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import TimelineEntry
from incidents.room import operations
from incidents.tasks.rules import Ask, asks
from tests import cast

if TYPE_CHECKING:
    from datetime import timedelta

    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice)


def seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@bob what is the pool status?", [("bob", "What is the pool status?", None)]),
        ("Decision: roll back. @bob, initiate rollback.", [("bob", "Initiate rollback", None)]),
        ("@bob start in 60 seconds", [("bob", "Start in 60 seconds", 60)]),
        ("@bob look at v2.3.4 within 5 min. It is slow.", [("bob", "Look at v2.3.4 within 5 min", 300)]),
        ("@bob roll back @alice.example: tell support", [("bob", "Roll back", None), ("alice.example", "Tell support", None)]),
        ("Ask @bob", []),
        ("mail bob@example.com now", []),
        ("@bob, @carol look", [("carol", "Look", None)]),
        ("@bob do it\nand something else", [("bob", "Do it", None)]),
        ("@bob wait in 0 s", [("bob", "Wait in 0 s", None)]),
    ],
)  # fmt: skip
def test_what_a_note_asks_of_whom(text: str, found: list[tuple[str, str, int | None]]) -> None:
    assert [(ask.name, ask.what, seconds(ask.within)) for ask in asks(text)] == found


def test_a_note_asks_for_five_things_at_most_and_a_title_has_an_end() -> None:
    assert len(asks("@bob look! " * 9)) == 5
    assert len(asks(f"@bob {'x' * 500}")[0].what) == 200
    assert Ask("bob", "Why?", None).is_question


def test_a_name_in_a_note_is_a_task_with_an_answer(incident: Incident, alice: User, bob: User) -> None:
    wrote = operations.write(
        incident, kind="note", text="@bob how full is the pool, in 5 minutes?", actor=alice
    )
    (task,) = wrote.tasks
    assert (task.title, task.assignee, task.hint) == (
        "How full is the pool, in 5 minutes?",
        bob,
        "Say there what the answer is.",
    )
    assert task.due_at is not None
    kinds = incident.timeline.order_by("-pk").values_list("kind", flat=True)[:2]
    assert list(kinds) == ["task", "note"]


@pytest.mark.parametrize("name", ["bob", "Bob", "bobexample", "bob.example"])
def test_people_are_named_as_one_calls_them(incident: Incident, alice: User, bob: User, name: str) -> None:
    assert operations.write(incident, kind="note", text=f"@{name} look", actor=alice).tasks[0].assignee == bob


def test_who_takes_part_goes_before_others_and_two_are_nobody(
    incident: Incident, alice: User, bob: User
) -> None:
    other = cast.person("Bobby")
    other.name = "Bob Other"
    other.save(update_fields=["name"])
    wrote = operations.write(incident, kind="note", text="@bob look", actor=alice)
    assert (wrote.tasks, list(wrote.unknown)) == ([], ["bob"])
    lifecycle.join(incident, user=bob)
    assert operations.write(incident, kind="note", text="@bob look", actor=alice).tasks[0].assignee == bob
    cast.vera()
    wrote = operations.write(incident, kind="note", text="@nobody look, @vera look", actor=alice)
    assert (wrote.tasks, list(wrote.unknown)) == ([], ["nobody", "vera"])


def test_in_a_private_incident_a_name_lets_nobody_in(alice: User, bob: User) -> None:
    hidden = cast.incident(by=alice, private=True)
    wrote = operations.write(hidden, kind="note", text="@bob look at the keys", actor=alice)
    assert (wrote.tasks, list(wrote.unknown)) == ([], ["bob"])
    assert not hidden.participants.filter(user=bob).exists()
    lifecycle.invite(hidden, user=bob, actor=alice)
    assert operations.write(hidden, kind="note", text="@bob look at the keys", actor=alice).tasks


def test_what_is_written_of_the_past_asks_nobody(incident: Incident, alice: User, bob: User) -> None:
    at = incident.declared_at
    assert not operations.write(incident, kind="note", text="@bob look", at=at, actor=alice).tasks


def test_a_note_that_begins_with_decision_is_one(incident: Incident, alice: User, bob: User) -> None:
    wrote = operations.write(incident, kind="note", text="Decision: roll back. @bob start.", actor=alice)
    assert (wrote.entry.kind, wrote.entry.text) == ("decision", "roll back. @bob start.")
    assert wrote.entry.data["decision"]["decided_by"] == alice.pk
    assert [task.title for task in wrote.tasks] == ["Start"]
    assert operations.write(incident, kind="note", text="Decision:", actor=alice).entry.kind == "note"


def test_a_decision_says_what_it_was_taken_by_and_is_found_by_kind_and_tag(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    program = cast.caller(alice)
    body = {
        "kind": "decision",
        "text": "Roll back",
        "tag": "decide",
        "options": ["Wait", "Fail over"],
        "reason": "It is the only change",
        "decided_by": str(bob.pk),
        "trade_off": "Refunds wait",
        "accepted_by": "Lena",
    }
    path = f"{API}/{incident}/timeline/"
    made = program.post(path, body, format="json")
    assert made.status_code == 201
    assert made.json()["decision"] == {
        "options": ["Wait", "Fail over"],
        "reason": "It is the only change",
        "decided_by": str(bob.pk),
        "decided_by_name": "Bob Example",
        "trade_off": "Refunds wait",
        "accepted_by": "Lena",
    }
    program.post(path, {"kind": "note", "text": "p99 is 4 s", "tag": "observe"}, format="json")
    assert program.post(path, {**body, "kind": "note"}, format="json").status_code == 400
    assert program.post(path, {"kind": "note", "text": "x", "tag": "dream"}, format="json").status_code == 400
    for asked, texts in (("kind=decision", ["Roll back"]), ("tag=observe", ["p99 is 4 s"]), ("tag=act", [])):
        assert [row["text"] for row in program.get(f"{path}?{asked}").json()["results"]] == texts
    client.force_login(bob)
    page = client.get(f"/incidents/{incident}/-/timeline/?show=decide").content.decode()
    for words in (
        "Roll back",
        "Considered: Wait; Fail over",
        "Why: It is the only change",
        "accepted by Lena",
    ):
        assert words in page, words
    assert "p99" not in page


def test_the_form_of_the_room_writes_all_of_it(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    lifecycle.join(incident, user=bob)
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/").content.decode()
    assert "For a decision: what else was considered, why, who decided" in page
    form = {
        "kind": "decision",
        "text": "Fail over. @bob start in 60 seconds. @zoe look.",
        "tag": "act",
        "options": "Wait; Roll back",
        "reason": "Faster",
        "decided_by": bob.pk,
        "trade_off": "",
        "accepted_by": "",
    }
    answer = client.post(f"/incidents/{incident}/notes/", form, follow=True)
    entry = TimelineEntry.objects.get(incident=incident, kind="decision")
    assert entry.data["tag"] == "act"
    assert entry.data["decision"]["options"] == ["Wait", "Roll back"]
    assert entry.data["decision"]["decided_by_name"] == "Bob Example"
    page = answer.content.decode()
    assert "Bob Example is asked: Start in 60 seconds" in page
    assert "called @zoe here" in page


def test_the_next_word_can_be_promised_with_a_hypothesis(incident: Incident, alice: User) -> None:
    body = {"kind": "hypothesis", "text": "Pool exhausted", "next_update_in_seconds": 600}
    assert cast.caller(alice).post(f"{API}/{incident}/timeline/", body, format="json").status_code == 201
    before = incident.declared_at
    incident.refresh_from_db()
    assert incident.next_update_due_at is not None
    assert 599 < (incident.next_update_due_at - before).total_seconds() < 660
