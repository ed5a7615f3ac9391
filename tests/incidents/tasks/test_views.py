from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.events import bus
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.tasks import operations
from incidents.tasks.models import State, Task
from incidents.tasks.operations import telling
from tests import cast

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def test_the_room_shows_what_is_asked_of_whom_until_when(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    task = cast.task(of=incident, assignee=bob, due_at=timezone.now() + timedelta(minutes=5))
    Task.objects.filter(pk=task.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    cast.task("Freeze deploys", of=incident)
    client.force_login(alice)
    for path in (f"/incidents/{incident}/", f"/incidents/{incident}/-/tasks/"):
        page = client.get(path).content.decode()
        assert "Tasks <small>0 of 2</small>" in page
        assert "Bob Example, due" in page
        assert "nobody yet" in page
        assert "Overdue" in page
        assert f'action="/incidents/{incident}/tasks/{task.pk}/done/"' in page


def test_a_press_in_the_room_says_done(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    task = cast.task(of=incident)
    client.force_login(alice)
    answer = client.post(f"/incidents/{incident}/tasks/{task.pk}/done/")
    assert answer["Location"] == f"/incidents/{incident}/#tasks"
    task.refresh_from_db()
    assert (task.state, task.ended_by) == (State.DONE, alice)
    client.post(f"/incidents/{incident}/tasks/{task.pk}/reopen/")
    task.refresh_from_db()
    assert task.state == State.OPEN


def test_its_page_says_what_came_of_it_or_why_not(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    done, dropped = cast.task("Roll back", of=incident), cast.task("Restart", of=incident)
    client.force_login(alice)
    client.post(f"/incidents/{incident}/tasks/{done.pk}/done/", {"result": "v2.3.3 everywhere"})
    assert "v2.3.3 everywhere" in client.get(f"/incidents/{incident}/tasks/{done.pk}/").content.decode()
    answer = client.post(f"/incidents/{incident}/tasks/{dropped.pk}/drop/", {"why": ""})
    assert answer.status_code == 422
    assert "Say why it is not needed any more." in answer.content.decode()
    client.post(f"/incidents/{incident}/tasks/{dropped.pk}/drop/", {"why": "Deploys are frozen"})
    dropped.refresh_from_db()
    assert (dropped.state, dropped.result) == (State.DROPPED, "Deploys are frozen")


def test_who_was_faster_is_not_overwritten(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    task = cast.task(of=incident)
    client.force_login(alice)
    operations.change(task, assignee=bob, actor=bob)
    form = {"title": "Roll back everything", "assignee": "", "due_in": "", "hint": "", "version": "1"}
    answer = client.post(f"/incidents/{incident}/tasks/{task.pk}/", form)
    assert answer.status_code == 422
    assert "Somebody changed this task while you were writing" in answer.content.decode()
    assert "Roll back everything" in answer.content.decode()
    client.post(f"/incidents/{incident}/tasks/{task.pk}/", {**form, "version": "2", "due_in": "300"})
    task.refresh_from_db()
    assert (task.title, task.assignee) == ("Roll back everything", None)
    assert task.due_at is not None
    assert 290 < (task.due_at - timezone.now()).total_seconds() <= 300


def test_a_task_moves_by_buttons(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    one, two = cast.task("One", of=incident), cast.task("Two", of=incident)
    client.force_login(alice)
    client.post(f"/incidents/{incident}/tasks/{two.pk}/move/", {"way": "up"})
    assert list(Task.objects.filter(incident=incident)) == [two, one]


def test_outsiders_do_nothing(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, private=True)
    task = cast.task(of=incident)
    for who, status in ((cast.mallory(), 404), (cast.vera(), 403)):
        client.force_login(who)
        for path in ("", "done/", "drop/", "reopen/", "move/"):
            answer = client.post(f"/incidents/{incident}/tasks/{task.pk}/{path}", {"why": "x", "title": "x"})
            assert answer.status_code == status, (path, who)
        assert client.get(f"/incidents/{incident}/-/tasks/").status_code == 404
    task.refresh_from_db()
    assert (task.state, task.version) == (State.OPEN, 1)


def test_a_task_is_only_found_in_its_own_incident(client: Client) -> None:
    alice = cast.alice()
    task, other = cast.task(of=cast.incident(by=alice)), cast.incident("Search is slow", by=alice)
    client.force_login(alice)
    assert client.get(f"/incidents/{other}/tasks/{task.pk}/").status_code == 404


def test_who_only_reads_sees_the_tasks_and_no_button(client: Client) -> None:
    incident = cast.incident(by=cast.alice())
    cast.task(of=incident)
    client.force_login(cast.vera())
    page = client.get(f"/incidents/{incident}/").content.decode()
    assert "Roll back payments-api" in page
    assert "/done/" not in page


def test_the_panel_asks_as_often_for_forty_tasks_as_for_one(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    while bus.deliver_due():
        pass
    for number in range(40):
        operations.finish(cast.task(f"Task {number}", of=incident, assignee=bob), actor=bob)
    client.force_login(alice)
    client.get(f"/incidents/{incident}/-/tasks/")
    with django_assert_max_num_queries(6):
        client.get(f"/incidents/{incident}/-/tasks/")


def test_until_when_is_entered_outside_utc_and_who_has_it_is_reminded_by_its_own_timer(
    client: Client,
) -> None:
    berta = cast.person("Berta", zone="Europe/Berlin")
    incident = cast.incident(by=berta)
    task = cast.task(of=incident, assignee=berta)
    client.force_login(berta)
    due = (timezone.now() + timedelta(minutes=10)).replace(second=0, microsecond=0)
    there = due.astimezone(ZoneInfo("Europe/Berlin"))
    form = {"title": task.title, "assignee": str(berta.pk), "due_in": "", "hint": "", "version": "1"}
    answer = client.post(
        f"/incidents/{incident}/tasks/{task.pk}/", {**form, "due_at": f"{there:%Y-%m-%dT%H:%M}"}
    )
    assert answer.status_code == 302
    timer = Timer.objects.get(kind=telling.DUE, subject_id=task.pk)
    assert (timer.due_at, timer.payload) == (due, {"due_at": due.isoformat()})
    Timer.objects.filter(pk=timer.pk).update(due_at=timezone.now() - timedelta(hours=1))
    timers.run_due()
    assert (
        incident.timeline.get(kind="reminder").text == f"Task overdue: {task.title}. Reminded Berta Example"
    )
