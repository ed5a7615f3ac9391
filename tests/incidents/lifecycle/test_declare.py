from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connections, transaction

from core.events.models import Event
from core.timers.models import Timer
from incidents.lifecycle import operations
from incidents.lifecycle.models import EntryKind, Incident
from incidents.severities.models import Severity
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db


def test_a_title_is_enough() -> None:
    alice = cast.alice()
    incident = operations.declare(title="  Checkout fails  ", actor=alice)
    incident.refresh_from_db()
    assert (incident.title, incident.status, incident.severity.label) == (
        "Checkout fails",
        "investigating",
        "SEV2",
    )
    assert (incident.private, incident.drill, incident.trigger) == (False, False, "person")
    assert incident.declared_by == alice
    assert incident.detected_at == incident.declared_at
    assert (incident.started_at, incident.acknowledged_at, incident.mitigated_at) == (None, None, None)


def test_the_declarer_commands_from_the_first_second() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    held = [(row.role.slug, row.user, row.ended_at) for row in incident.roles.all()]
    assert held == [("commander", alice, None)]
    assert [part.user for part in incident.participants.all()] == [alice]


def test_a_viewer_may_be_who_declared_and_nobody_commands_then() -> None:
    vera = cast.vera()
    incident = cast.incident(by=vera)
    assert incident.declared_by == vera
    assert list(incident.roles.all()) == []


def test_an_incident_that_a_rule_declared_waits_in_triage_without_a_commander() -> None:
    cast.severity()
    incident = operations.declare(title="Error rate above 5%", actor=None, trigger="alert")
    assert (incident.status, incident.trigger, incident.declared_by) == ("triage", "alert", None)
    assert list(incident.roles.all()) == []


def test_numbers_follow_one_another_without_gaps() -> None:
    first = cast.incident().number
    with pytest.raises(operations.NoTitle), transaction.atomic():
        cast.incident("")
    with transaction.atomic():
        cast.incident("taken back")
        transaction.set_rollback(True)
    assert [cast.incident().number for _ in range(3)] == [first + 1, first + 2, first + 3]


def test_the_beginning_may_lie_before_the_declaration_and_not_after() -> None:
    at = now()
    incident = cast.incident(started_at=at - timedelta(minutes=6), detected_at=at - timedelta(minutes=4))
    assert incident.started_at == at - timedelta(minutes=6)
    assert incident.detected_at == at - timedelta(minutes=4)
    with pytest.raises(operations.InTheFuture):
        cast.incident(started_at=at + timedelta(hours=1))
    assert Incident.objects.count() == 1


def test_a_clock_that_is_some_seconds_ahead_is_forgiven() -> None:
    incident = cast.incident(started_at=now() + timedelta(seconds=30))
    assert incident.started_at is not None
    assert incident.started_at <= now()


def test_the_five_questions_are_kept() -> None:
    answers: dict[str, Any] = {
        "summary": "Card payments fail",
        "impact": "3 in 10 cards",
        "blast_radius": "EU only",
        "recent_changes": "v2.3.4 at 14:18",
        "who_else": "Support",
    }
    incident = cast.incident(**answers)
    incident.refresh_from_db()
    assert {name: getattr(incident, name) for name in answers} == answers


def test_the_clock_of_updates_starts_with_the_declaration() -> None:
    incident = cast.incident(severity="SEV1")
    assert incident.next_update_due_at == incident.declared_at + timedelta(minutes=15)
    timers = {timer.occurrence.split(" ")[0]: timer for timer in Timer.objects.filter(subject_id=incident.pk)}
    assert timers["soon"].due_at == incident.declared_at + timedelta(minutes=12)
    assert timers["late"].due_at == incident.next_update_due_at
    assert timers["late"].kind == "incidents.update_due"


def test_a_level_without_a_rhythm_sets_no_clock() -> None:
    incident = cast.incident(severity="SEV4")
    assert incident.next_update_due_at is None
    assert not Timer.objects.filter(subject_id=incident.pk).exists()


@pytest.mark.parametrize(
    ("label", "drill", "pages"),
    [("SEV1", False, True), ("SEV2", False, True), ("SEV4", False, False), ("SEV1", True, False)],
)
def test_the_event_says_whether_people_are_woken(label: str, *, drill: bool, pages: bool) -> None:
    alice, api = cast.alice(), cast.service("Payments API")
    incident = cast.incident(by=alice, severity=label, drill=drill, services=[api])
    event = Event.objects.get(name="incident.declared")
    assert event.actor == alice
    assert event.payload == {
        "incident_id": incident.pk,
        "number": incident.number,
        "severity_rank": int(label[-1]),
        "service_ids": [api.pk],
        "pages": pages,
        "private": False,
        "drill": drill,
    }


@pytest.mark.parametrize(("day", "pages"), [(0, True), (1, False)])
def test_a_level_of_business_hours_pages_by_the_clock(settings: Settings, day: int, *, pages: bool) -> None:
    name = f"{now() + timedelta(days=day):%a}".lower()
    settings.BUSINESS_HOURS = f"{name}-{name} 00:00-24:00"
    cast.incident(severity="SEV3")
    assert Event.objects.get(name="incident.declared").payload["pages"] is pages


def test_the_first_entries_of_the_timeline_are_declaration_and_command() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    entries = [(entry.kind, entry.text, entry.actor) for entry in incident.timeline.order_by("id")]
    assert entries == [
        (EntryKind.DECLARED, "Incident declared as SEV2", alice),
        (EntryKind.ROLE, "Alice Example is incident commander, until somebody takes over", alice),
    ]


def test_the_same_form_twice_declares_once() -> None:
    alice, bob, key = cast.alice(), cast.bob(), uuid4()
    first = cast.incident(by=alice, key=key)
    again = cast.incident(by=alice, key=key)
    assert again == first
    assert Incident.objects.count() == 1
    assert Event.objects.filter(name="incident.declared").count() == 1
    assert bob


def test_without_a_scale_it_says_what_to_do() -> None:
    alice = cast.alice()
    Severity.objects.update(is_active=False)
    with pytest.raises(operations.NoScale, match=r"manage\.py severities --preset sev4"):
        operations.declare(title="x", actor=alice)


@pytest.mark.django_db(transaction=True)
def test_people_who_declare_in_the_same_moment_get_numbers_of_their_own() -> None:
    import threading  # noqa: PLC0415

    alice, level = cast.alice(), cast.severity()
    numbers: list[int] = []

    def declare() -> None:
        try:
            numbers.append(cast.incident(by=alice, severity=level).number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=declare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 6))
