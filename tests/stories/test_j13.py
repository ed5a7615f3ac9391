"""J13: declared from elsewhere by one command (000 L180-190), its variants: kept inside, and from the web."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from core.outbox.models import Message
from incidents.models import Incident
from tests import cast
from tests.stories.rooms import reach_customers

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.test import APIClient

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 18)
TITLE = "Checkout - API - High error rate on checkout API"


def declare(caller: APIClient, command: str, **said: Any) -> tuple[int, dict[str, Any]]:
    """What a chat does with a command, which it may send again under the same id."""
    answer = caller.post(
        "/api/v1/incidents/", {"severity": "sev2", **said}, format="json", HTTP_IDEMPOTENCY_KEY=command
    )
    return answer.status_code, answer.json()


def commands(replay: Replay) -> dict[str, Any]:
    """One command that arrives twice, one for a few, and one incident from the web."""
    cast.severity()
    alice, bob, mallory = cast.alice(), cast.bob(), cast.mallory()
    reach_customers()
    chat = cast.caller(alice)
    first, again = (declare(chat, "command-4711", title=TITLE) for _ in range(2))
    path = f"incidents/{first[1]['id']}/"
    replay.post(
        alice, f"{path}updates/", audience="internal", text="Checkout fails for some.", lists=["stakeholders"]
    )
    hidden = declare(chat, "command-4712", title="Keys are for sale", private=True)[1]
    browser = Client()
    browser.force_login(bob)
    form = browser.get("/incidents/declare/").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', form)
    entered = {"title": "Refunds are late", "severity": "sev3", **({"key": key[1]} if key else {})}
    answers = [browser.post("/incidents/declare/", entered) for _ in range(2)]
    return {
        "first": first,
        "again": again,
        "commander": str(alice.pk),
        "listed": {
            who: [row["number"] for row in replay.get(person, "incidents/")["results"]]
            for who, person in (("alice", alice), ("bob", bob), ("mallory", mallory))
        },
        "hidden": (hidden["number"], replay.refused_to_read(mallory, f"incidents/{hidden['id']}/")),
        "told_of_hidden": [
            message.address
            for message in Message.objects.all()
            if "Keys are for sale" in str(message.content)
        ],
        "web": (
            [answer.status_code for answer in answers],
            Incident.objects.filter(title="Refunds are late").count(),
        ),
    }


@pytest.fixture(scope="module")
def story(play: Callable[..., Any]) -> Any:
    return play(DAY, "09:00", commands)


def test_j13_a_the_answer_has_number_title_level_and_link(story: Any) -> None:
    status, made = story["first"]
    assert (status, made["title"], made["severity"]) == (201, TITLE, "sev2")
    assert re.fullmatch(r"INC-\d+", made["number"])
    assert made["url"].endswith(f"/incidents/{made['number']}/")


def test_j13_b_whoever_sent_it_commands_until_somebody_takes_over(story: Any) -> None:
    assert story["first"][1]["commander"] == story["commander"]


def test_j13_c_the_same_command_again_makes_no_second_incident(story: Any) -> None:
    assert story["again"] == story["first"]
    assert story["listed"]["mallory"].count(story["first"][1]["number"]) == 1


def test_j13_d_one_for_a_few_is_neither_listed_nor_told_to_others(story: Any) -> None:
    number, status = story["hidden"]
    listed = story["listed"]
    assert number in listed["alice"]
    assert number not in listed["bob"] + listed["mallory"]
    assert (status, story["told_of_hidden"]) == (404, [])


def test_j13_e_without_the_chat_it_is_declared_on_the_web_once_too(story: Any) -> None:
    statuses, made = story["web"]
    assert (statuses, made) == ([302, 302], 1)
