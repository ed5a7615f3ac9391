from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from core.events import bus
from incidents.command import operations as command
from incidents.command.models import HandOver
from incidents.tasks.models import Task
from tests import cast

if TYPE_CHECKING:
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


def send(client: APIClient, path: str, body: Any = None, **headers: str) -> Any:
    return client.post(path, body or {}, format="json", headers=headers)


def test_a_program_asks_gives_on_and_says_what_came_of_it() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    due = timezone.now() + timedelta(minutes=10)
    made = send(
        client, f"{API}/{incident}/tasks/", {"title": "Roll back", "assignee": str(bob.pk), "due_at": due}
    )
    assert made.status_code == 201, made.json()
    task = made.json()
    assert made["Location"] == task["url"]
    assert (task["state"], task["assignee"], task["list"], task["version"]) == ("open", str(bob.pk), "", 1)
    path = f"{API}/{incident}/tasks/{task['id']}/"
    given = client.patch(path, {"assignee": None}, format="json").json()
    assert (given["assignee"], given["due_at"], given["title"]) == (None, task["due_at"], "Roll back")
    done = send(client, f"{path}done/", {"result": "v2.3.3 everywhere"}).json()
    assert (done["state"], done["result"], done["ended_by"]) == ("done", "v2.3.3 everywhere", str(alice.pk))
    assert send(client, f"{path}reopen/").json()["state"] == "open"
    assert send(client, f"{path}drop/", {"why": "Frozen"}).json()["state"] == "dropped"


def test_a_list_filters_by_state_and_person() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    cast.task("One", of=incident, assignee=bob)
    cast.task("Two", of=incident)
    found = client.get(f"{API}/{incident}/tasks/?assignee={bob.pk}&state=open").json()
    assert [task["title"] for task in found["results"]] == ["One"]


def test_a_change_that_was_overtaken_is_refused() -> None:
    alice = cast.alice()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    task = cast.task(of=incident)
    path = f"{API}/{incident}/tasks/{task.pk}/"
    etag = client.get(path)["ETag"]
    assert client.patch(path, {"title": "A"}, format="json", headers={"If-Match": etag}).status_code == 200
    assert client.patch(path, {"title": "B"}, format="json", headers={"If-Match": etag}).status_code == 412
    task.refresh_from_db()
    assert task.title == "A"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "x", "assignee": "999999"}, "assignee"),
        ({"title": "x", "due_at": "soon"}, "due_at"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(body: dict[str, str], field: str) -> None:
    alice = cast.alice()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    answer = send(client, f"{API}/{incident}/tasks/", body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Task.objects.exists()


def test_a_due_time_that_has_passed_is_refused() -> None:
    alice = cast.alice()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    body = {"title": "x", "due_at": "2020-01-01T00:00:00Z"}
    answer = send(client, f"{API}/{incident}/tasks/", body)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "A task is due within the next thirty days.",
    )


def test_outsiders_get_the_same_answer_as_for_what_is_absent() -> None:
    alice, client = cast.alice(), cast.caller(cast.mallory())
    incident = cast.incident(by=alice, private=True)
    task = cast.task(of=incident)
    for path in (f"{API}/{incident}/tasks/", f"{API}/{incident}/tasks/{task.pk}/"):
        assert client.get(path).status_code == 404
    assert send(client, f"{API}/{incident}/tasks/", {"title": "x"}).status_code == 404
    assert send(client, f"{API}/{incident}/tasks/{task.pk}/done/").status_code == 404


def test_a_checklist_is_read_and_put_into_a_room() -> None:
    alice = cast.alice()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    checklist = cast.checklist("Look at long queries")
    found = client.get(f"/api/v1/checklists/{checklist.pk}/").json()
    assert (found["name"], found["occasion"], found["severities"]) == ("Database is slow", "by_hand", [])
    assert found["steps"] == [{"title": "Look at long queries", "hint": "", "done_when": ""}]
    path = f"/api/v1/checklists/{checklist.pk}/attach/"
    assert send(client, path, {"incident": str(incident)}).status_code == 200
    assert send(client, path, {"incident": "INC-999"}).status_code == 404
    titles = [task["title"] for task in client.get(f"{API}/{incident}/tasks/").json()["results"]]
    assert titles == ["Look at long queries"]


def test_a_briefing_of_a_handover_names_what_is_open() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident, client = cast.incident(by=alice), cast.caller(alice)
    cast.task(of=incident, assignee=bob)
    send(client, f"{API}/{incident}/handover/", {"user": str(bob.pk)})
    command.accept(HandOver.objects.get(), actor=bob)
    while bus.deliver_due():
        pass
    words = incident.timeline.filter(kind="role").latest("id").text
    assert "Open task: Roll back payments-api (Bob Example)" in words
