from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import ProgrammingError, transaction

from core.events.models import Event
from core.outbox.models import Message
from incidents.lifecycle import operations as lifecycle
from incidents.updates import operations, registry
from incidents.updates.models import Update
from tests import cast
from tests.incidents.clock import now, pass_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from incidents.lifecycle.models import Incident

pytestmark = pytest.mark.django_db
MINUTE = 60


def left(incident: Incident) -> float:
    """Minutes until the next update is due, to the second."""
    incident.refresh_from_db()
    assert incident.next_update_due_at is not None
    return round((incident.next_update_due_at - now()).total_seconds()) / 60


class Outlet:
    """A public outlet that knows one component."""

    def outlook(self, incident: Incident) -> registry.Outlook:
        return registry.Outlook(
            parts=[registry.Part("c1", "Card payments", "operational", "Alder Pay")],
            states=[("operational", "Operational"), ("partial_outage", "Partial outage")],
            pages=[("Alder Pay", "/status/alder-pay/")],
        )

    def check(self, components: Mapping[str, str]) -> None:
        if set(components) - {"c1"}:
            raise operations.StaysInside("There is no such component.")

    def preview(
        self, incident: Incident, *, status: str, text: str, public_title: str, components: Mapping[str, str]
    ) -> Sequence[registry.Preview]:
        return [registry.Preview("Alder Pay", public_title, status, text)]

    def has_parts(self) -> bool:
        return True

    def first_shown(self, incident: Incident) -> datetime | None:
        return None


@pytest.fixture
def outlet() -> Iterator[None]:
    before = registry.public_outlet()
    registry.set_public_outlet(Outlet())
    yield
    registry._outlets[:] = [before] if before else []


def test_an_internal_update_is_kept_told_and_sets_the_clock_anew() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    pass_time(incident, 10 * MINUTE)
    update = operations.publish(incident, audience="internal", text=" Rollback runs. ", actor=alice)
    incident.refresh_from_db()
    assert (update.text, update.status, update.author) == ("Rollback runs.", "investigating", alice)
    assert left(incident) == 15
    assert incident.last_update_at is not None
    entry = incident.timeline.latest("id")
    assert (entry.kind, entry.text, entry.data["update"]) == ("update", "Rollback runs.", update.pk)
    assert Event.objects.get(name="incident.update_published").payload == {
        "incident_id": incident.pk,
        "update_id": update.pk,
        "audience": "internal",
    }


def test_what_was_published_is_never_changed() -> None:
    alice, incident = cast.alice(), cast.incident()
    update = operations.publish(incident, audience="internal", text="Rollback runs.", actor=alice)
    for change in (lambda: Update.objects.update(text="x"), update.delete):
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            change()


def test_the_same_form_twice_publishes_once() -> None:
    alice, incident, key = cast.alice(), cast.incident(), uuid4()
    first = operations.publish(incident, audience="internal", text="Rollback runs.", actor=alice, key=key)
    again = operations.publish(incident, audience="internal", text="Rollback runs.", actor=alice, key=key)
    assert first == again
    assert incident.updates.count() == 1


@pytest.mark.parametrize(
    ("audience", "seconds", "text"),
    [
        ("internal", 900, "Still investigating, no new information. Next update in 15 minutes."),
        (
            "public",
            None,
            "We are still working on this and have nothing new to report. Next update in 30 minutes.",
        ),
    ],
)
def test_no_news_is_one_press(audience: str, seconds: int | None, text: str) -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV2")
    update = operations.publish(
        incident, audience=audience, no_news=True, next_update_in_seconds=seconds, actor=alice
    )
    assert (update.text, update.no_news) == (text, True)
    assert left(incident) == (seconds or 1800) / 60


def test_an_update_without_words_is_refused() -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.NothingToSay):
        operations.publish(incident, audience="internal", text=" ", actor=alice)
    with pytest.raises(operations.NotAnAudience):
        operations.publish(incident, audience="press", text="x", actor=alice)
    for seconds in (59, 7 * 86400 + 1):
        with pytest.raises(operations.NotATime):
            operations.publish(
                incident, audience="internal", text="x", next_update_in_seconds=seconds, actor=alice
            )
    with pytest.raises(operations.NotAStage):
        operations.publish(incident, audience="internal", text="x", status="over", actor=alice)
    assert incident.updates.count() == 0


@pytest.mark.parametrize("kind", ["private", "drill"])
def test_a_private_incident_and_a_drill_are_not_told_to_customers(kind: str) -> None:
    alice, incident = cast.alice(), cast.incident(private=kind == "private", drill=kind == "drill")
    with pytest.raises(operations.StaysInside):
        operations.publish(incident, audience="public", text="Checkout fails.", actor=alice)
    assert incident.updates.count() == 0


@pytest.mark.parametrize(
    ("at", "told", "then"),
    [
        ("investigating", "identified", "identified"),
        ("mitigating", "identified", "mitigating"),
        ("resolved", "resolved", "resolved"),
    ],
)
def test_an_update_takes_the_incident_along_and_never_back(at: str, told: str, then: str) -> None:
    alice = cast.alice()
    incident = lifecycle.move(cast.incident(), to=at, actor=alice)
    update = operations.publish(incident, audience="public", text="Told.", status=told, actor=alice)
    incident.refresh_from_db()
    assert (incident.status, update.status) == (then, told)
    assert (update.next_update_due_at is None) == (then == "resolved")


@pytest.mark.usefixtures("outlet")
def test_a_public_update_speaks_of_components_that_exist() -> None:
    alice, incident = cast.alice(), cast.incident()
    states = {"c1": "partial_outage"}
    update = operations.publish(
        incident, audience="public", text="Cards fail.", components=states, public_title="Cards", actor=alice
    )
    assert (update.components, update.public_title) == (states, "Cards")
    with pytest.raises(operations.StaysInside):
        operations.publish(incident, audience="public", text="x", components={"c9": "x"}, actor=alice)
    inside = operations.publish(incident, audience="internal", text="x", components=states, actor=alice)
    assert inside.components == {}


# The cadence story (J15): SEV0 every 15 minutes, SEV1 every 30.


@pytest.fixture
def _sev0() -> None:
    from incidents.severities import operations as severities  # noqa: PLC0415

    severities.install_preset("sev0")


def reminders() -> list[str]:
    return [message.content["subject"] for message in Message.objects.order_by("id")]


def states() -> list[str]:
    return [message.state for message in Message.objects.order_by("id")]


@pytest.mark.usefixtures("_sev0")
def test_a_reminder_comes_before_the_update_is_due_and_another_when_it_is_overdue() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    pass_time(incident, 23 * MINUTE)
    assert reminders() == []
    pass_time(incident, 1 * MINUTE + 1)
    assert reminders() == [f"Update due soon: {incident} SEV1 Checkout fails for some cards"]
    pass_time(incident, 6 * MINUTE)
    assert reminders()[1:] == [f"Update overdue: {incident} SEV1 Checkout fails for some cards"]
    assert {message.address for message in Message.objects.all()} == {alice.email}
    entries = incident.timeline.filter(kind="reminder").order_by("id")
    assert [entry.text for entry in entries] == [
        "Update due soon, reminded Alice Example",
        "Update overdue, reminded Alice Example",
    ]
    facts = [
        event.payload["overdue"] for event in Event.objects.filter(name="incident.update_due").order_by("id")
    ]
    assert facts == [False, True]


@pytest.mark.usefixtures("_sev0")
def test_the_promise_given_in_words_wins_over_the_rhythm() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    pass_time(incident, 28 * MINUTE)
    operations.publish(incident, audience="internal", no_news=True, next_update_in_seconds=900, actor=alice)
    assert left(incident) == 15
    assert states() == ["suppressed"]
    pass_time(incident, 2 * MINUTE + 1)
    assert states() == ["suppressed"]


@pytest.mark.usefixtures("_sev0")
def test_raised_to_the_worst_level_the_next_update_comes_within_its_rhythm() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    pass_time(incident, 28 * MINUTE)
    operations.publish(incident, audience="internal", no_news=True, next_update_in_seconds=1800, actor=alice)
    pass_time(incident, 2 * MINUTE)
    lifecycle.change_severity(incident, severity=cast.severity("SEV0"), reason="Worse", actor=alice)
    assert left(incident) == 15


@pytest.mark.usefixtures("_sev0")
def test_what_is_resolved_is_not_asked_about() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    pass_time(incident, 25 * MINUTE)
    assert states() == ["pending"]
    lifecycle.resolve(incident, actor=alice)
    assert states() == ["suppressed"]
    operations.remind(incident.pk, due_at="2026-01-01T00:00:00+00:00", overdue=True)
    assert states() == ["suppressed"]


@pytest.mark.usefixtures("_sev0")
def test_workers_that_were_away_over_the_due_time_remind_once() -> None:
    incident = cast.incident(severity="SEV1")
    pass_time(incident, 55 * MINUTE)
    assert reminders() == [f"Update overdue: {incident} SEV1 Checkout fails for some cards"]
    assert incident.timeline.filter(kind="reminder").count() == 1


def test_communications_are_reminded_first_and_the_commander_once_it_is_overdue() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident(severity="SEV1")
    lifecycle.assign_role(incident, role_slug="communications", user=bob, actor=alice)
    pass_time(incident, 13 * MINUTE)
    assert [message.address for message in Message.objects.all()] == [bob.email]
    pass_time(incident, 3 * MINUTE)
    late = Message.objects.filter(content__overdue=True).order_by("address")
    assert [message.address for message in late] == [alice.email, bob.email]


def test_where_nobody_holds_a_role_the_timeline_says_so() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    lifecycle.release_role(incident, role_slug="commander", user=alice, actor=alice)
    pass_time(incident, 16 * MINUTE)
    assert reminders() == []
    assert incident.timeline.latest("id").text == "Update overdue, reminded nobody: no role is taken"


def test_a_reminder_about_a_private_incident_does_not_describe_it() -> None:
    incident = cast.incident("Payroll data was copied", severity="SEV1", private=True)
    pass_time(incident, 16 * MINUTE)
    message = Message.objects.get()
    assert message.content["subject"] == f"Update overdue: {incident}, a private incident"
    assert "Payroll" not in str(message.content)
    assert "Payroll" not in str(operations.render(message))


def test_a_reminder_whose_promise_was_kept_is_not_sent() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    pass_time(incident, 13 * MINUTE)
    message = Message.objects.get()
    assert operations.still_wanted([message]) == {}
    message.content = {**message.content, "due_at": (now() - timedelta(hours=1)).isoformat()}
    reason = "an update was published or the incident is over"
    assert operations.still_wanted([message]) == {message.pk: reason}
    lifecycle.resolve(incident, actor=alice)
    assert operations.still_wanted([Message.objects.get()]) == {message.pk: reason}


def test_a_reminder_that_did_not_arrive_is_on_the_timeline_once() -> None:
    from core.outbox.registry import Outcome  # noqa: PLC0415

    incident = cast.incident(severity="SEV1")
    facts: dict[str, Any] = {
        "message_id": 7,
        "client": "incidents.reminder",
        "subject_id": incident.pk,
        "epoch": 0,
        "user_id": None,
        "channel": "email",
        "fallback_wanted": True,
        "content": {},
    }
    arrived = Outcome(**facts, state="accepted", detail="")
    failed = Outcome(**facts, state="failed", detail="550 no such user")
    for _ in range(2):
        operations.note_outcomes([arrived, failed])
    texts = [entry.text for entry in incident.timeline.filter(kind="reminder")]
    assert texts == ["A reminder did not arrive by email: 550 no such user"]
