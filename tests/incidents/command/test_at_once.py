"""At levels that say so somebody is asked to command the moment an incident is declared, one after the other (R084)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from core.events import bus
from core.events.models import EventDelivery
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.command import operations, queries
from incidents.command.models import HandOver
from incidents.lifecycle import operations as lifecycle
from incidents.models import Severity
from oncall.absences import operations as absences
from oncall.escalation import operations as escalation
from oncall.escalation.models import Escalation
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


@pytest.fixture(autouse=True)
def schedule(bob: User, settings: Settings) -> None:
    """Bob is on call to command; nobody else is trained yet."""
    settings.COMMANDER_SCHEDULE = cast.always(bob, name="Commanders").slug


def hear(*, again: bool = False) -> None:
    """Hand over every event; at-least-once means that each may come again."""
    if again:
        EventDelivery.objects.update(done_at=None)
    while bus.deliver_due():
        pass
    assert not EventDelivery.objects.exclude(error="").exists()


def declared(alice: User, severity: str = "SEV1", **given: object) -> Incident:
    incident = cast.incident("Nobody can pay", by=alice, severity=severity, **given)
    hear()
    return incident


def waiting() -> HandOver:
    return HandOver.objects.get(state="waiting")


def answers() -> list[tuple[str, str]]:
    rows = HandOver.objects.order_by("pk").select_related("to")
    return [(row.to.get_short_name(), row.state) for row in rows]


def pass_seconds(seconds: int) -> None:
    for timer in Timer.objects.filter(kind=operations.DUE, done_at=None, cancelled_at=None):
        Timer.objects.filter(pk=timer.pk).update(due_at=timer.due_at - timedelta(seconds=seconds))
    timers.run_due()
    hear()


def texts(incident: Incident) -> list[str]:
    return [entry.text for entry in incident.timeline.order_by("pk")]


def test_at_the_worst_level_who_is_on_call_to_command_is_paged_once(alice: User, bob: User) -> None:
    incident = declared(alice)
    hear(again=True)
    row = waiting()
    assert (row.to, row.holder, row.offered_by, row.asked_as) == (bob, alice, None, "on call to command")
    run = Escalation.objects.get(by_hand=True)
    assert (run.pk, run.message, run.incident) == (
        row.paged_as,
        f"Please take command of {incident}",
        incident,
    )
    assert "Bob Example is asked to command: on call to command" in texts(incident)
    drain()
    page = Page.objects.get(escalation=run)
    assert page.why.startswith("You are asked to command: on call to command.")
    assert lifecycle.commander(incident) == alice
    assert not Message.objects.filter(client=operations.OFFERED).exists()  # the page is the only way


@pytest.mark.parametrize("level", ["SEV2", "SEV3"])
def test_at_other_levels_nobody_is_asked_until_it_gets_worse(alice: User, bob: User, level: str) -> None:
    incident = declared(alice, level)
    assert answers() == []
    lifecycle.change_severity(incident, severity=cast.severity("SEV1"), reason="Worse", actor=alice)
    hear()
    assert answers() == [("Bob", "waiting")]


def test_in_a_drill_or_once_it_is_mitigated_nobody_is_asked(alice: User, bob: User) -> None:
    cast.incident("Practice", by=alice, severity="SEV1", drill=True)
    incident = cast.incident(by=alice, severity="SEV1")
    lifecycle.move(incident, to="mitigating", actor=alice)
    lifecycle.move(incident, to="monitoring", actor=alice)
    incident.refresh_from_db()
    assert incident.mitigated_at is not None
    hear()
    assert answers() == []


def test_whoever_is_trained_and_declares_commands_and_nobody_else_is_fetched(alice: User, mona: User) -> None:
    operations.put_in(alice, actor=mona)
    incident = declared(alice)
    assert (answers(), lifecycle.commander(incident)) == ([], alice)


def test_who_accepts_commands_and_the_page_is_over(client: Client, alice: User, bob: User) -> None:
    incident = declared(alice)
    drain()
    row = waiting()
    client.force_login(bob)
    page = client.get(f"/incidents/{incident}/hand-overs/{row.pk}/").content.decode()
    assert "You are asked to command" in page
    assert "None" not in page.split("<main")[1].split("</main")[0]
    client.post(f"/incidents/{incident}/hand-overs/{row.pk}/accept/")
    hear()
    run = Escalation.objects.get(by_hand=True)
    assert (run.status, run.acknowledged_by) == ("acknowledged", bob)
    assert lifecycle.commander(incident) == bob
    pass_seconds(3600)
    assert answers() == [("Bob", "accepted")]


def test_without_an_answer_the_next_one_is_asked_until_nobody_is_left(
    alice: User, bob: User, carol: User, mona: User
) -> None:
    for person in (carol, mona):
        operations.put_in(person, actor=mona)
    absences.add(mona, start=timezone.now(), end=timezone.now() + timedelta(hours=2))
    incident = declared(alice)
    pass_seconds(100)
    assert answers() == [("Bob", "waiting")]
    pass_seconds(300)
    assert answers() == [("Bob", "lapsed"), ("Carol", "waiting")]
    assert "Bob Example did not accept command in time. Alice Example commands" in texts(incident)
    said = "Carol Example is asked to command: next of those trained to command"
    assert said in texts(incident)
    runs = Escalation.objects.filter(by_hand=True).order_by("pk")
    assert [run.status for run in runs] == ["closed", "escalating"]
    pass_seconds(300)
    hear(again=True)
    assert answers() == [("Bob", "lapsed"), ("Carol", "lapsed")]
    nobody = "SEV1 asks for a commander at once, and nobody is left to ask"
    assert texts(incident).count(nobody) == 1
    assert not Escalation.objects.filter(by_hand=True, status="escalating").exists()


@pytest.mark.parametrize("way", ["room", "page", "silence"])
def test_who_does_not_come_leaves_it_to_the_next_one_at_once(
    alice: User, bob: User, carol: User, way: str
) -> None:
    operations.put_in(carol, actor=alice)
    incident = declared(alice)
    drain()
    page = Page.objects.get(user=bob, escalation__by_hand=True)
    if way == "room":
        operations.decline(waiting(), actor=bob, why="On a train")
    elif way == "page":
        escalation.decline(page, actor=bob, reason="On a train")
    else:
        run = Escalation.objects.get(pages=page)
        while run.status == "escalating":
            Escalation.objects.filter(pk=run.pk).update(next_at=timezone.now() - timedelta(seconds=1))
            drain()
            run.refresh_from_db()
    hear()
    state = "lapsed" if way == "silence" else "declined"
    assert answers() == [("Bob", state), ("Carol", "waiting")]
    why = {"room": "On a train.", "page": "On a train.", "silence": "Nobody answered the page."}[way]
    did = "did not accept command" if way == "silence" else "declined command"
    assert f"Bob Example {did}: {why} Alice Example commands" in texts(incident)


def test_who_commands_another_incident_is_asked_after_those_who_do_not(
    alice: User, bob: User, carol: User
) -> None:
    operations.put_in(carol, actor=alice)
    cast.incident("Another", by=bob, severity="SEV3")
    declared(alice)
    assert answers() == [("Carol", "waiting")]
    pass_seconds(300)
    assert answers() == [("Carol", "lapsed"), ("Bob", "waiting")]


def test_where_a_level_forbids_two_whoever_commands_one_is_not_asked(alice: User, bob: User) -> None:
    cast.severity()
    Severity.objects.filter(rank=1).update(two_incidents="blocked")
    cast.incident("Another", by=bob, severity="SEV3")
    incident = declared(alice)
    assert answers() == []
    assert "SEV1 asks for a commander at once, and nobody is left to ask" in texts(incident)


def test_where_nobody_is_on_call_or_trained_nothing_is_said(alice: User, settings: Settings) -> None:
    settings.COMMANDER_SCHEDULE = ""
    incident = declared(alice)
    assert answers() == []
    assert not [text for text in texts(incident) if "commander at once" in text]


def test_somebody_who_takes_command_ends_the_asking(alice: User, bob: User, carol: User) -> None:
    declared_by_rule = lifecycle.declare(title="Disk full", actor=None, severity=cast.severity("SEV1"))
    hear()
    assert answers() == [("Bob", "waiting")]
    lifecycle.take_command(declared_by_rule, actor=carol)
    hear()
    assert answers() == [("Bob", "withdrawn")]
    assert Escalation.objects.get(by_hand=True).status == "closed"


def test_an_offer_to_somebody_else_takes_the_page_back(alice: User, bob: User, carol: User) -> None:
    incident = declared(alice)
    operations.offer(incident, to=carol, actor=alice)
    hear()
    assert answers() == [("Bob", "withdrawn"), ("Carol", "waiting")]
    assert Escalation.objects.get(by_hand=True).status == "closed"
    assert not Escalation.objects.filter(by_hand=True, status="escalating").exists()


def test_who_cannot_be_paged_is_passed_over(alice: User, bob: User, carol: User) -> None:
    operations.put_in(carol, actor=alice)
    incident = cast.incident("Nobody can pay", by=alice, severity="SEV1")
    operations.ask_at_once(incident.pk)
    bob.is_active = False
    bob.save()
    hear()
    assert answers() == [("Bob", "lapsed"), ("Carol", "waiting")]
    assert "Nobody was paged. Bob Example cannot be paged: the account is closed." in texts(incident)


def test_the_room_says_who_was_asked_and_when_the_page_was_sent(
    client: Client, alice: User, bob: User
) -> None:
    incident = declared(alice)
    client.force_login(alice)
    head = f"/incidents/{incident}/-/head/"
    assert "<b>Bob Example</b>, page on its way." in client.get(head).content.decode()
    run = Escalation.objects.get(by_hand=True)
    drain()
    page = Page.objects.get(escalation=run)
    Page.objects.filter(pk=page.pk).update(sent_at="2026-11-18T02:48:00Z")
    escalation.tell_sent(page.pk)
    assert waiting().paged_at is not None
    shown = client.get(head).content.decode()
    assert "Asked to command: <b>Bob Example</b>, page sent" in shown
    assert "02:48" in shown
    (found,) = cast.caller(alice).get(f"{API}/{incident}/hand-overs/").json()["results"]
    assert (found["offered_by"], found["asked_as"]) == (None, "on call to command")
    assert found["paged_at"] == "2026-11-18T02:48:00.000000Z"


def test_of_a_private_incident_the_page_names_nothing_and_who_is_asked_sees_it(
    alice: User, bob: User
) -> None:
    incident = declared(alice, private=True)
    assert waiting().to == bob
    run = Escalation.objects.get(by_hand=True)
    assert run.message == f"Please take command of {incident}"
    assert "Nobody can pay" not in str(run.plan)
    assert cast.caller(bob).get(f"{API}/{incident}/").status_code == 200
    assert cast.caller(cast.mallory()).get(f"{API}/{incident}/hand-overs/").status_code == 404


def test_before_the_press_it_is_said_who_would_be_paged(client: Client, alice: User, bob: User) -> None:
    cast.severity()
    program = cast.caller(alice)

    def asked(**given: object) -> str:
        answer = program.post(f"{API}/outlook/", {"title": "x", **given}, format="json")
        assert answer.status_code == 200
        return str(answer.json()["asked_to_command"])

    assert asked(severity="SEV1") == "Bob Example, on call to command"
    assert asked(severity="SEV1", drill=True) == asked(severity="SEV2") == ""
    assert queries.asked_at_once(bob, cast.severity("SEV1"), drill=False) == ""
    client.force_login(alice)
    page = client.post(
        "/incidents/declare/-/consequences/", {"title": "x", "severity": "sev1"}
    ).content.decode()
    assert "<b>Bob Example, on call to command</b>, is paged to command" in page
