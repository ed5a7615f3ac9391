"""J23: a stale runbook. It says to log in to a host that has not been there for half a year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from incidents.runbooks.models import Runbook
from tests import cast
from tests.fastclock import stop
from tests.stories.rooms import Room, day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

pytestmark = pytest.mark.django_db
SAID, RIGHT = "ssh api-prod-01", "kubectl -n api get pods"
DOCUMENT = f"""# API is slow

- Services: payments-api
- Team: payments
- Owner: bob@example.com

## Steps
1. Log in
   `{SAID}`
   Expect: a prompt
"""


class Story:
    """The runbook was tested in September; in March somebody needs it."""

    def __init__(self) -> None:
        self.go: Callable[[datetime], None] = stop(connection)
        self.go(day(2025, 9, 1))
        service, self.bob, alice = cast.service(), cast.bob(), cast.alice()
        cast.severity()
        program = cast.caller(self.bob)
        made = program.post("/api/v1/runbooks/import/", {"document": DOCUMENT}, format="json")
        assert made.status_code == 201, made.content
        path = "/api/v1/runbooks/api-is-slow/"
        assert program.post(f"{path}confirm/", {"how": "tested"}, format="json").status_code == 200
        self.go(day(2026, 3, 10))
        client = cast.caller(alice)
        self.stale_before = [
            row["slug"] for row in client.get("/api/v1/runbooks/?stale=true").json()["results"]
        ]
        self.room = Room(
            self.go,
            day(2026, 3, 10),
            declared="14:00",
            commander=alice,
            title="The API is slow",
            severity="sev2",
            services=[service.slug],
        )
        self.offered = self.room.client.get(f"{self.room.path}runbook-runs/offered/").json()
        self.run = self.room.post("runbook-runs", runbook="api-is-slow")
        words = {
            "wrong": f"There is no host: {SAID}",
            "right": RIGHT,
            "step": "Log in",
            "incident": self.room.number,
        }
        answer = self.room.client.post(f"{path}reports/", words, format="json")
        assert answer.status_code == 201, answer.content
        self.report: dict[str, Any] = answer.json()


@pytest.fixture
def story(db: None) -> Story:
    return Story()


def test_j23_a_tested_more_than_six_months_ago_it_is_stale_before_the_incident(story: Story) -> None:
    tested = Runbook.objects.get().tested_at
    assert tested is not None
    assert (day(2026, 3, 10) - tested).days > 182
    assert story.stale_before == ["api-is-slow"]
    assert story.run["steps"][0]["commands"] == [SAID]


def test_j23_b_the_responder_says_what_is_right(story: Story) -> None:
    assert (story.report["right"], story.report["step"]) == (RIGHT, "Log in")
    texts = [row["text"] for row in story.room.client.get(f"{story.room.path}timeline/").json()["results"]]
    assert f"Runbook is wrong: API is slow, “Log in”. There is no host: {SAID} Right is: {RIGHT}" in texts


def test_j23_c_its_owner_has_a_task_to_update_it(story: Story) -> None:
    (item,) = cast.caller(story.bob).get("/api/v1/action-items/").json()["results"]
    assert (item["title"], item["owner"]) == ("Put the runbook “API is slow” right", str(story.bob.pk))
    assert story.report["task"].endswith(f"/action-items/{item['id']}/")


def test_j23_d_the_postmortem_lists_it(story: Story) -> None:
    room = story.room
    room.at("14:10")
    room.post("status", status="monitoring")
    room.at("15:00")
    room.resolve()
    text = room.client.get(f"/api/v1/postmortems/{room.number}/export/").content.decode()
    assert f"| API is slow | There is no host: {SAID} | {RIGHT} |" in text
