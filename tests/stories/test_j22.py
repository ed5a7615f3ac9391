"""J22: three times “resolved”. The symptom comes back after each of the first two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from statuspage.components import operations as components
from statuspage.models import Component, Notice
from tests import cast
from tests.fastclock import stop
from tests.stories.rooms import Room, day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(db: None) -> Room:
    go: Callable[[datetime], None] = stop(connection)
    service = cast.service()
    page = components.create_page(actor=None, name="Alder Pay", slug="alder-pay")
    components.add_component(page, actor=None, name="Card payments", service=service)
    cast.severity()
    return Room(
        go,
        day(2026, 3, 10),
        declared="09:00",
        commander=cast.alice(),
        title="Checkout fails",
        severity="sev2",
        services=[service.slug],
    )


def once(room: Room, mitigated: str, resolved: str) -> None:
    room.at(mitigated)
    room.post("status", status="monitoring")
    room.at(resolved)
    room.resolve()


def back(room: Room, at: str) -> None:
    room.at(at)
    room.post("reopen", reason="The errors are back")


def three_times(room: Room) -> None:
    once(room, "09:10", "09:40")
    back(room, "09:50")
    once(room, "10:00", "10:30")
    back(room, "10:40")
    once(room, "11:00", "11:30")


def test_j22_a_each_time_needs_its_own_stable_period(room: Room) -> None:
    once(room, "09:10", "09:40")
    back(room, "09:50")
    assert "nobody has said that it is mitigated" in room.refused()
    room.at("10:00")
    room.post("status", status="monitoring")
    room.at("10:29")
    assert "stable for 29 min of 30 min" in room.refused()
    room.at("10:30")
    assert room.resolve()["resolved_early"] is False
    back(room, "10:40")
    room.at("11:00")
    room.post("status", status="monitoring")
    room.at("11:29")
    assert "stable for 29 min of 30 min" in room.refused()


def test_j22_b_the_counter_is_three(room: Room) -> None:
    three_times(room)
    found = room.now()
    assert (found["resolved_times"], found["reopened"]) == (3, 2)
    assert [row["number"] for row in room.closing()["resolutions"]] == [1, 2, 3]


def test_j22_c_the_second_time_is_warned_about_and_the_first_is_not(room: Room) -> None:
    assert room.closing()["warning"] == ""
    once(room, "09:10", "09:40")
    back(room, "09:50")
    assert "called resolved once and came back" in room.closing()["warning"]
    once(room, "10:00", "10:30")
    back(room, "10:40")
    assert "called resolved twice and came back" in room.closing()["warning"]
    assert "Ask somebody else to look at it" in room.closing()["warning"]


def test_j22_d_the_time_to_resolve_uses_the_last_resolution(room: Room) -> None:
    three_times(room)
    assert room.now()["resolved_at"] == "2026-03-10T11:30:00.000000Z"


def test_j22_d_a_reopened_incident_is_resolved_at_no_time(room: Room) -> None:
    once(room, "09:10", "09:40")
    back(room, "09:50")
    found = room.now()
    assert (found["status"], found["resolved_at"], found["mitigated_at"]) == ("investigating", None, None)


def test_j22_e_the_public_page_never_shows_resolved_while_the_incident_is_not(room: Room) -> None:
    def shown() -> str:
        return Notice.objects.get().status

    room.post("updates", audience="public", text="Cards fail.", status="investigating")
    room.at("09:10")
    room.post("status", status="monitoring")
    said = room.refused("updates", audience="public", text="All works.", status="resolved")
    assert "Resolve it first" in said
    assert shown() == "investigating"
    room.at("09:40")
    room.resolve()
    room.post("updates", audience="public", text="All works.", status="resolved")
    assert shown() == "resolved"
    back(room, "09:50")
    assert shown() == "investigating"
    assert Notice.objects.get().resolved_at is None
    texts = list(Notice.objects.get().updates.values_list("body", flat=True))
    assert texts[0].startswith("The problem has come back")
    assert Component.objects.get().state == "operational"
