"""The note that whoever takes over reads, what was open then, and the tasks that are handed on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from core.events.models import Event
from core.outbox.models import Message
from core.timers.models import Timer
from oncall.handoffs import operations, queries
from oncall.handoffs.models import Handoff
from oncall.schedules import operations as schedules
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
API = "/api/v1/on-call/handoffs/"


@pytest.fixture
def primary(alice: User) -> Schedule:
    schedule = cast.always(alice)
    cast.policy((60, [schedule]))
    return schedule


@pytest.fixture
def timer(primary: Schedule, bob: User) -> Timer:
    """Bob takes over from Alice in half an hour."""
    start = timezone.now() + timedelta(minutes=30)
    schedules.add_override(primary, start=start, end=start + timedelta(days=1), user=bob, actor=None)
    operations.plan_edges()
    return Timer.objects.get(kind=operations.EDGE)


def page(user: User, path: str) -> str:
    return cast.sign_in(Client(), user).get(path).content.decode()


def test_the_note_reaches_whoever_takes_over_with_what_is_open_and_is_acknowledged_once(
    primary: Schedule, timer: Timer, alice: User, bob: User
) -> None:
    alert = cast.alert()
    cast.escalation(alert, primary.targets.get().level.policy)
    author, path = cast.sign_in(Client(), alice), f"/on-call/{primary.slug}/handoff/"
    assert "Alice Example hands over to Bob Example" in " ".join(author.get(path).content.decode().split())
    assert author.post(path, {"text": "db-2 is slow", "seen": ""}).status_code == 302
    for _ in range(2):
        operations.tell(timer)
    found = Handoff.objects.get()
    assert (found.outgoing, found.incoming, found.alerts) == ([alice.pk], [bob.pk], [alert.pk])
    mail = Message.objects.get(user_id=bob.pk).content["text"]
    assert "Alice Example wrote:\n\ndb-2 is slow\n\n1 open alert. Say that you have read it:" in mail
    assert f"{path}{found.pk}/" in mail
    taker = cast.sign_in(Client(), bob)
    shown = taker.get(f"{path}{found.pk}/").content.decode()
    assert alert.title in shown
    assert "I have read it" in shown
    assert author.post(f"{path}{found.pk}/acknowledge/").status_code == 409
    for _ in range(2):
        assert taker.post(f"{path}{found.pk}/acknowledge/").status_code == 302
    assert "Bob Example has read it" in author.get(f"{path}{found.pk}/").content.decode()
    assert Event.objects.filter(name="handoff.acknowledged").count() == 1
    assert "Read the hand-off" not in page(bob, f"/on-call/{primary.slug}/-/handoff/")
    assert "1 open alert then, with a note." in page(bob, f"/on-call/{primary.slug}/-/handoff/")
    # What is read stays as it was read; the next note is another one.
    assert author.post(f"{path}{found.pk}/", {"text": "No"}).status_code == 409
    assert queries.to_come(primary).pk is None


def test_of_a_private_incident_nobody_reads_but_its_members(
    primary: Schedule, timer: Timer, alice: User, bob: User
) -> None:
    incident = cast.incident(private=True, by=alice)
    cast.escalation(incident, primary.targets.get().level.policy)
    operations.tell(timer)
    found = Handoff.objects.get()
    assert found.incidents == [incident.pk]
    assert "No open alert or incident." in Message.objects.get(user_id=bob.pk).content["text"]
    path = f"/on-call/{primary.slug}/handoff/"
    for shown in (path, f"{path}{found.pk}/", f"/on-call/{primary.slug}/-/handoff/"):
        assert incident.title not in page(bob, shown)
        assert "1 open incident" not in page(bob, shown)
    assert incident.title in page(alice, f"{path}{found.pk}/")
    numbers = [cast.caller(user).get(f"{API}{found.pk}/").json()["incidents"] for user in (alice, bob)]
    assert numbers == [[f"INC-{incident.number}"], []]


def test_who_writes_second_sees_what_was_written_in_between(
    primary: Schedule, alice: User, bob: User
) -> None:
    first, second = (cast.sign_in(Client(), user) for user in (alice, bob))
    path = f"/on-call/{primary.slug}/handoff/"
    first.post(path, {"text": "Mine", "seen": ""})
    answer = second.post(path, {"text": "Also mine", "seen": ""})
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert "Somebody wrote in between." in shown
    assert "<p>Mine</p>" in shown
    assert "Also mine</textarea>" in shown
    seen = answer.context["form"]["seen"].value()
    assert second.post(path, {"text": "Mine. Also mine", "seen": seen}).status_code == 302
    assert Handoff.objects.get().text == "Mine. Also mine"
    assert first.post(path, {"text": "x", "seen": "yesterday"}).status_code == 400


def test_a_viewer_reads_and_writes_nothing(primary: Schedule) -> None:
    vera = cast.vera()
    browser, path = cast.sign_in(Client(), vera), f"/on-call/{primary.slug}/handoff/"
    assert "Save the note" not in browser.get(path).content.decode()
    assert browser.post(path, {"text": "x"}).status_code == 403
    assert browser.post(f"{path}tasks/", {"kind": "alert", "text": "x"}).status_code == 403
    given = {"schedule": primary.slug, "text": "x"}
    assert cast.caller(vera).post(API, given, format="json").status_code == 403


def test_r152_tasks_are_handed_on_until_they_are_done(
    primary: Schedule, timer: Timer, alice: User, bob: User
) -> None:
    author, path = cast.sign_in(Client(), alice), f"/on-call/{primary.slug}/handoff/"
    assert author.post(f"{path}tasks/", {"kind": "alert", "text": "Page later"}).status_code == 302
    assert author.post(f"{path}tasks/", {"kind": "cake", "text": ""}).status_code == 400
    operations.tell(timer)
    (task,) = queries.open_tasks(primary)
    taker = cast.sign_in(Client(), bob)
    assert "Page later" in taker.get(f"{path}{Handoff.objects.get().pk}/").content.decode()
    for _ in range(2):
        assert taker.post(f"{path}tasks/{task.pk}/done/").status_code == 302
    task.refresh_from_db()
    assert (task.done_by, list(queries.open_tasks(primary))) == (bob, [])


def test_programs_write_read_and_acknowledge(primary: Schedule, timer: Timer, alice: User, bob: User) -> None:
    author, taker = cast.caller(alice), cast.caller(bob)
    given = {"schedule": primary.slug, "text": "Quiet week"}
    written = author.post(API, given, format="json")
    assert (written.status_code, written.json()["at"]) == (200, None)
    assert author.post(API, given, format="json").status_code == 409
    again = {**given, "written_at": written.json()["written_at"]}
    assert author.post(API, again, format="json").status_code == 200
    operations.tell(timer)
    (row,) = taker.get(API, {"schedule__slug": primary.slug}).json()["results"]
    assert (row["text"], row["incoming"]) == ("Quiet week", [str(bob.pk)])
    assert author.post(f"{API}{row['id']}/acknowledge/").status_code == 409
    assert taker.post(f"{API}{row['id']}/acknowledge/").json()["acknowledged_by"] == str(bob.pk)
    tasks = "/api/v1/on-call/handoff-tasks/"
    made = author.post(tasks, {"schedule": primary.slug, "kind": "root", "text": "Why?"}, format="json")
    assert made.status_code == 201
    assert taker.post(f"{tasks}{made.json()['id']}/done/").json()["done_by"] == str(bob.pk)
