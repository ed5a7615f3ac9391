from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction

from core.events import bus
from core.events.models import Event
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import Participant
from incidents.tasks import operations, queries
from incidents.tasks.models import State, Task
from incidents.tasks.rules import Occasion
from incidents.updates import operations as updates
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from incidents.lifecycle.models import Incident

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def settled() -> None:
    while bus.deliver_due():
        pass


def steps(incident: Incident, name: str) -> dict[str, str]:
    """The steps of a checklist in a room, by title, each with its state."""
    return dict(Task.objects.filter(incident=incident, list_name=name).values_list("title", "state"))


def pass_time(task: Task, by: timedelta) -> None:
    """Move a task's due time and its timer into the past together, then run what is due."""
    assert task.due_at is not None
    Task.objects.filter(pk=task.pk).update(due_at=task.due_at - by)
    for timer in Timer.objects.filter(
        kind=operations.DUE, subject_id=task.pk, cancelled_at=None, done_at=None
    ):
        mark = (task.due_at - by).isoformat()
        Timer.objects.filter(pk=timer.pk).update(
            due_at=timer.due_at - by, occurrence=mark, payload={"due_at": mark}
        )
    timers.run_due()
    task.refresh_from_db()


def test_one_named_person_is_asked_for_one_thing_and_told() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice, severity="SEV1")
    due = now() + 10 * MINUTE
    task = operations.add(incident, title=" Roll back payments-api ", assignee=bob, due_at=due, actor=alice)
    assert (task.title, task.assignee, task.state) == ("Roll back payments-api", bob, State.OPEN)
    assert Participant.objects.filter(incident=incident, user=bob).exists()
    entry = incident.timeline.latest("id")
    assert (entry.kind, entry.text) == ("task", "Task for Bob Example: Roll back payments-api")
    assert entry.data == {"task": task.pk, "what": "added", "assignee": bob.pk, "due_at": due.isoformat()}
    message = Message.objects.get(client=operations.ASKED)
    assert (message.address, message.content["subject"]) == (
        "bob@example.com",
        f"A task for you in {incident}: Roll back payments-api",
    )
    assert f"/incidents/{incident}/tasks/{task.pk}/" in message.content["text"]
    assert Event.objects.get(name="incident.task_changed").payload == {
        "incident_id": incident.pk,
        "task_id": task.pk,
        "what": "added",
    }


def test_nobody_is_told_of_what_they_took_themselves() -> None:
    alice = cast.alice()
    operations.add(cast.incident(by=alice), title="Look at the pool", assignee=alice, actor=alice)
    assert not Message.objects.filter(client=operations.ASKED).exists()


def test_a_private_incident_is_not_described_in_the_message() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident("Stolen keys of Example Bank", by=alice, private=True)
    operations.add(incident, title="Rotate the keys of Example Bank", assignee=bob, actor=alice)
    content = Message.objects.get(client=operations.ASKED).content
    assert "Example Bank" not in f"{content}"
    assert content["subject"] == f"A task for you in {incident}"
    assert incident.__class__.objects.visible_to(bob).filter(pk=incident.pk).exists()


@pytest.mark.parametrize("title", ["", "   "])
def test_a_task_says_what_is_to_be_done(title: str) -> None:
    with pytest.raises(operations.NoTask):
        operations.add(cast.incident(), title=title, actor=cast.ada())
    assert not Task.objects.exists()


def test_who_only_reads_is_asked_for_nothing() -> None:
    ada, incident = cast.ada(), cast.incident()
    with pytest.raises(operations.CannotDoIt):
        operations.add(incident, title="Roll back", assignee=cast.vera(), actor=ada)
    with pytest.raises(operations.NotThen):
        operations.add(incident, title="Roll back", due_at=now() - MINUTE, actor=ada)
    assert not Task.objects.exists()


def test_what_is_overdue_is_said_to_whoever_has_it_and_to_whoever_commands_once() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    task = cast.task(of=incident, assignee=bob, due_at=now() + MINUTE)
    timers.run_due()
    assert not Message.objects.filter(client=operations.OVERDUE).exists()
    pass_time(task, MINUTE + timedelta(seconds=1))
    timers.run_due()
    told = Message.objects.filter(client=operations.OVERDUE).order_by("address")
    assert [message.address for message in told] == ["alice@example.com", "bob@example.com"]
    entry = incident.timeline.latest("id")
    assert entry.text == "Task overdue: Roll back payments-api. Reminded Bob Example and Alice Example"
    assert task.is_late


@pytest.mark.parametrize("end", ["finish", "drop", "later"])
def test_a_reminder_whose_task_is_done_or_has_moved_says_nothing(end: str) -> None:
    bob, incident = cast.bob(), cast.incident()
    task = cast.task(of=incident, assignee=bob, due_at=now() + MINUTE)
    due = task.due_at
    assert due is not None
    if end == "finish":
        operations.finish(task, actor=bob)
    elif end == "drop":
        operations.drop(task, why="Deploys are frozen", actor=bob)
    else:
        operations.change(task, assignee=bob, due_at=now() + 20 * MINUTE, actor=bob)
    operations.remind(task.pk, due_at=due.isoformat())
    assert not Message.objects.filter(client=operations.OVERDUE).exists()
    assert Timer.objects.filter(kind=operations.DUE, cancelled_at=None, done_at=None).count() == (
        end == "later"
    )


def test_messages_about_what_is_done_or_somebody_elses_are_not_sent() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    incident = cast.incident(by=alice)
    done, given_on, kept = (cast.task(f"Task {n}", of=incident, assignee=bob) for n in range(3))
    operations.finish(done, actor=bob)
    operations.change(given_on, assignee=carol, actor=alice)
    messages = list(Message.objects.filter(client=operations.ASKED).order_by("pk"))
    unwanted = operations.still_wanted(messages)
    assert [(m.subject_id, m.user_id) for m in messages if m.pk not in unwanted] == [
        (kept.pk, bob.pk),
        (given_on.pk, carol.pk),
    ]


def test_a_task_is_done_once_with_what_came_of_it() -> None:
    bob, incident = cast.bob(), cast.incident()
    task = cast.task(of=incident, assignee=bob)
    done = operations.finish(task, result="v2.3.3 on 14 of 14 pods", actor=bob)
    assert (done.state, done.ended_by, done.result) == (State.DONE, bob, "v2.3.3 on 14 of 14 pods")
    count = incident.timeline.count()
    assert incident.timeline.latest("id").text == "Done: Roll back payments-api. v2.3.3 on 14 of 14 pods"
    operations.finish(task, result="again", actor=cast.carol())
    task.refresh_from_db()
    assert (incident.timeline.count(), task.result) == (count, "v2.3.3 on 14 of 14 pods")
    again = operations.reopen(task, actor=bob)
    assert (again.state, again.ended_at, again.result) == (State.OPEN, None, "")


def test_what_is_dropped_says_why() -> None:
    task = cast.task(of=cast.incident())
    with pytest.raises(operations.NoWhy):
        operations.drop(task, why=" ", actor=cast.ada())
    assert operations.drop(task, why="Deploys are frozen", actor=cast.bob()).result == "Deploys are frozen"


def test_two_who_write_at_once_lose_nothing() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    task = cast.task(of=incident)
    operations.change(task, assignee=bob, actor=alice, version=1)
    with pytest.raises(lifecycle.ChangedMeanwhile):
        operations.change(task, title="Roll back everything", actor=bob, version=1)
    task.refresh_from_db()
    assert (task.title, task.assignee, task.version) == ("Roll back payments-api", bob, 2)


def test_a_task_changes_places_with_its_neighbour_and_stays_at_the_end() -> None:
    ada, incident = cast.ada(), cast.incident()
    one, two, three = (cast.task(f"Task {n}", of=incident) for n in (1, 2, 3))
    operations.move(three, by=-1, actor=ada)
    operations.move(one, by=-1, actor=ada)
    rows = queries.of(ada, incident).filter(list_name="")
    assert [task.title for task in rows] == ["Task 1", "Task 3", "Task 2"]
    operations.move(one, by=1, actor=ada)
    assert [task.pk for task in rows.all()] == [three.pk, one.pk, two.pk]


def test_the_first_five_minutes_come_up_and_tick_themselves() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice, severity="SEV1")
    settled()
    found = steps(incident, "First five minutes")
    assert list(found.values()) == ["done", "done", "open", "open", "open"]
    for role in incident.severity.required_roles:
        if role != "commander":
            lifecycle.assign_role(incident, role_slug=role, user=bob, actor=alice)
    settled()
    assert list(steps(incident, "First five minutes").values()) == ["done", "done", "open", "done", "open"]


def test_what_a_person_opened_again_is_not_ticked_by_itself() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    settled()
    taken = Task.objects.get(incident=incident, done_when="taken")
    operations.reopen(taken, actor=alice)
    operations.settle(incident.pk)
    taken.refresh_from_db()
    assert taken.state == State.OPEN


def test_the_same_occasion_twice_puts_each_step_once() -> None:
    incident = cast.incident()
    settled()
    operations.come_up(incident.pk, Occasion.DECLARED)
    assert Task.objects.filter(incident=incident).count() == 5
    step = Task.objects.filter(incident=incident).first()
    assert step is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.create(incident=incident, title="again", step=step.step, round=0)


def test_the_end_asks_for_eight_things_and_anew_after_it_was_opened_again() -> None:
    alice = cast.alice()
    incident = lifecycle.resolve(cast.incident(by=alice), actor=alice)
    settled()
    assert list(steps(incident, "Recovery").values()) == ["open"] * 8
    lifecycle.reopen(incident, reason="Errors are back", actor=alice)
    settled()
    assert set(steps(incident, "Recovery").values()) == {"dropped"}
    lifecycle.resolve(incident, actor=alice)
    settled()
    states = Task.objects.filter(incident=incident, list_name="Recovery").values_list("round", "state")
    assert sorted(states) == [(0, "dropped")] * 8 + [(1, "open")] * 8


def test_what_is_open_falls_away_when_the_incident_is_closed() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    task = cast.task(of=incident)
    lifecycle.close(incident, actor=alice, outcome="false_alarm", reason="The probe was wrong")
    settled()
    task.refresh_from_db()
    assert (task.state, task.result) == (State.DROPPED, "The incident was closed.")
    assert not Task.objects.open().exists()
    with pytest.raises(lifecycle.Ended):
        operations.reopen(task, actor=alice)


def test_a_checklist_comes_up_at_its_levels_alone() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, severity="SEV3")
    loud = cast.checklist("Tell the executives", name="All hands", occasion="declared")
    loud.severities.set([cast.severity("SEV1")])
    settled()
    assert steps(incident, "All hands") == {}
    lifecycle.change_severity(incident, severity=cast.severity("SEV1"), reason="No workaround", actor=alice)
    settled()
    assert steps(incident, "All hands") == {"Tell the executives": "open"}


def test_somebody_puts_a_checklist_into_the_room_once() -> None:
    alice = cast.alice()
    incident, checklist = cast.incident(by=alice), cast.checklist("Look at long queries", "Kill them")
    for _ in range(2):
        operations.attach(incident, checklist=checklist, actor=alice)
    assert steps(incident, "Database is slow") == {"Look at long queries": "open", "Kill them": "open"}
    assert incident.timeline.filter(text="Checklist: Database is slow").count() == 1
    assert checklist not in queries.addable(alice, incident)


def test_the_first_update_ticks_what_asks_for_it() -> None:
    alice = cast.alice()
    incident, checklist = cast.incident(by=alice), cast.checklist("Tell people")
    checklist.steps.update(done_when="told")
    operations.attach(incident, checklist=checklist, actor=alice)
    updates.publish(incident, audience="internal", text="3 in 10 cards fail", actor=alice)
    settled()
    assert steps(incident, "Database is slow") == {"Tell people": "done"}


def test_who_has_too_much_at_once_is_named() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    for title in ("Roll back", "Restart"):
        cast.task(title, of=incident, assignee=bob)
    cast.task("Watch", of=incident, assignee=alice)
    panel = queries.panel(alice, incident)
    assert panel.overloaded == [(bob, 2)]
    assert dict(queries.doers(alice, incident))[bob] == 2
    assert queries.open_in_words(incident)[0] == "Roll back (Bob Example)"


def test_outsiders_see_no_task_of_a_private_incident() -> None:
    alice, mallory = cast.alice(), cast.mallory()
    incident = cast.incident(by=alice, private=True)
    cast.task(of=incident, assignee=alice)
    assert list(queries.seen(mallory)) == []
    assert [task.title for task in queries.mine(alice)] == ["Roll back payments-api"]
