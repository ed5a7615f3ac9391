from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pgtrigger
import pytest
from django.db.models import F

from core.events import bus
from core.events.models import Event
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import Incident, Participant, RoleAssignment
from incidents.nudges import operations, queries
from incidents.nudges.models import Nudge, NudgeRule, State
from incidents.nudges.rules import Kind
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
TIMES = ("declared_at", "detected_at", "acknowledged_at", "mitigated_at")


def settled() -> None:
    while bus.deliver_due():
        pass


def pass_minutes(incident: Incident, minutes: float) -> None:
    """Move everything that nudges go by into the past, then let what is due be looked at."""
    settled()
    span = timedelta(minutes=minutes)
    Incident.objects.filter(pk=incident.pk).update(**{name: F(name) - span for name in TIMES})
    RoleAssignment.objects.filter(incident=incident).update(
        started_at=F("started_at") - span, ended_at=F("ended_at") - span
    )
    Participant.objects.filter(incident=incident).update(joined_at=F("joined_at") - span)
    with pgtrigger.ignore():
        incident.timeline.update(at=F("at") - span)
    Nudge.objects.filter(incident=incident).update(due_at=F("due_at") - span, since=F("since") - span)
    waiting = Timer.objects.filter(
        kind=operations.LOOK, subject_id=incident.pk, done_at=None, cancelled_at=None
    )
    waiting.update(due_at=F("due_at") - span)
    # In a test the clock of timers stands still: what is due by the one that goes on is looked at here.
    if waiting.filter(due_at__lte=now()).exists():
        operations.look(incident.pk)
    incident.refresh_from_db()


def said(incident: Incident, kind: str = "") -> list[tuple[str, str]]:
    """What the room was told, oldest first, with what became of it."""
    found = Nudge.objects.filter(incident=incident).order_by("pk")
    rows = found.filter(kind=kind) if kind else found
    return list(rows.values_list("kind", "state"))


def quiet(*but: str) -> None:
    """Leave these kinds alone in force."""
    NudgeRule.objects.exclude(kind__in=but).update(is_active=False)


def commanded(severity: str = "SEV2") -> tuple[Incident, User]:
    alice = cast.alice()
    return cast.incident(by=alice, severity=severity), alice


def uncommanded(severity: str) -> tuple[Incident, User]:
    incident, alice = commanded(severity)
    lifecycle.release_role(incident, role_slug="commander", user=alice, actor=alice)
    return incident, alice


def test_no_progress_is_asked_about_every_half_hour_and_what_nobody_answers_was_ignored() -> None:
    incident, _ = commanded()
    quiet("no_progress")
    for _ in range(4):
        pass_minutes(incident, 30)
    assert said(incident) == [("no_progress", "ignored")] * 3 + [("no_progress", "open")]
    assert incident.timeline.latest("id").text == "No progress, for 120 min. Told Alice Example"


def test_a_decision_is_progress_and_settles_what_was_asked() -> None:
    incident, alice = commanded()
    quiet("no_progress")
    pass_minutes(incident, 30)
    lifecycle.write_down(incident, kind="decision", text="Roll back", actor=alice)
    settled()
    assert said(incident) == [("no_progress", "settled")]
    pass_minutes(incident, 29)
    assert said(incident) == [("no_progress", "settled")]
    pass_minutes(incident, 1)
    assert said(incident) == [("no_progress", "settled"), ("no_progress", "open")]


def test_a_note_is_no_progress() -> None:
    incident, alice = commanded()
    quiet("no_progress")
    pass_minutes(incident, 20)
    lifecycle.write_down(incident, kind="note", text="Still looking", actor=alice)
    pass_minutes(incident, 10)
    assert said(incident) == [("no_progress", "open")]


def test_a_commander_who_says_nothing_for_ten_minutes_is_missed() -> None:
    incident, alice = commanded("SEV1")
    bob, carol = cast.bob(), cast.carol()
    lifecycle.assign_role(incident, role_slug="deputy", user=bob, actor=alice)
    lifecycle.assign_role(incident, role_slug="scribe", user=carol, actor=alice)
    quiet("silent_commander")
    pass_minutes(incident, 9)
    assert said(incident) == []
    pass_minutes(incident, 1)
    assert said(incident) == [("silent_commander", "open")]
    told = Message.objects.filter(client=operations.CLIENT).values_list("address", flat=True)
    assert list(told) == ["bob@example.com"]
    lifecycle.write_down(incident, kind="note", text="Bob, what is the pool at?", actor=alice)
    settled()
    assert said(incident) == [("silent_commander", "settled")]


def test_a_commander_who_asks_every_few_minutes_is_not() -> None:
    incident, alice = commanded("SEV1")
    quiet("silent_commander")
    for _ in range(4):
        pass_minutes(incident, 5)
        lifecycle.write_down(incident, kind="note", text="And now?", actor=alice)
    assert said(incident) == []


def test_at_the_top_a_commander_is_missed_at_once_and_one_level_below_after_half_an_hour() -> None:
    worst, _ = uncommanded("SEV1")
    quiet("no_commander")
    settled()
    assert said(worst) == [("no_commander", "open")]
    second = cast.incident("Search is slow", severity="SEV2")
    lifecycle.release_role(second, role_slug="commander", user=second.declared_by, actor=second.declared_by)  # type: ignore[arg-type]
    pass_minutes(second, 29)
    assert said(second) == []
    pass_minutes(second, 1)
    assert said(second) == [("no_commander", "open")]


def test_resolved_a_minute_before_nobody_is_missed_any_more() -> None:
    incident, alice = uncommanded("SEV2")
    quiet("no_commander")
    pass_minutes(incident, 29)
    lifecycle.resolve(incident, actor=alice)
    pass_minutes(incident, 5)
    assert said(incident) == []
    assert not Timer.objects.filter(kind=operations.LOOK, done_at=None, cancelled_at=None).exists()


def test_raised_to_the_top_a_commander_is_missed_at_once() -> None:
    incident, alice = uncommanded("SEV2")
    quiet("no_commander")
    pass_minutes(incident, 10)
    lifecycle.change_severity(incident, severity=cast.severity("SEV1"), reason="All cards", actor=alice)
    settled()
    assert said(incident) == [("no_commander", "open")]
    lifecycle.take_command(incident, actor=cast.bob())
    settled()
    assert said(incident) == [("no_commander", "settled")]


def test_communications_is_missed_once_where_the_severity_asks_for_it() -> None:
    incident, alice = commanded("SEV1")
    quiet("no_communications")
    pass_minutes(incident, 10)
    pass_minutes(incident, 60)
    assert said(incident) == [("no_communications", "open")]
    lifecycle.assign_role(incident, role_slug="communications", user=cast.bob(), actor=alice)
    settled()
    assert said(incident) == [("no_communications", "settled")]
    mild, _ = cast.incident("Typo", by=alice, severity="SEV4"), None
    pass_minutes(mild, 60)
    assert said(mild) == []


def test_after_four_hours_the_tired_are_sent_to_rest_and_whoever_rests_begins_anew() -> None:
    incident, alice = commanded()
    quiet("no_break")
    bob = cast.bob()
    pass_minutes(incident, 60)
    lifecycle.join(incident, user=bob)
    pass_minutes(incident, 180)
    nudge = Nudge.objects.get(incident=incident)
    assert (nudge.kind, nudge.about) == ("no_break", [alice.pk])
    operations.take_break(incident, user=alice, actor=alice)
    assert said(incident) == [("no_break", "settled")]
    pass_minutes(incident, 59)
    assert len(said(incident)) == 1
    pass_minutes(incident, 1)
    assert Nudge.objects.filter(incident=incident).latest("pk").about == [bob.pk]
    with pytest.raises(operations.NotHere):
        operations.take_break(incident, user=cast.carol(), actor=alice)


def test_half_an_hour_after_it_was_mitigated_the_end_is_offered_once() -> None:
    incident, alice = commanded()
    lifecycle.move(incident, to="monitoring", actor=alice)
    quiet("stable", "no_progress", "silent_commander")
    pass_minutes(incident, 30)
    pass_minutes(incident, 120)
    assert said(incident) == [("stable", "open")]
    lifecycle.move(incident, to="investigating", reason="Errors are back", actor=alice)
    settled()
    assert said(incident, "stable") == [("stable", "settled")]


def test_who_was_away_hears_of_it_once() -> None:
    incident, _ = commanded()
    quiet("no_progress")
    pass_minutes(incident, 100)
    assert said(incident) == [("no_progress", "open")]
    assert Message.objects.filter(client=operations.CLIENT).count() == 1


def test_a_timer_brings_the_look_when_nothing_else_happens() -> None:
    incident, _ = commanded()
    quiet("no_progress")
    settled()
    span = timedelta(minutes=67)
    Incident.objects.filter(pk=incident.pk).update(declared_at=F("declared_at") - span)
    Timer.objects.filter(kind=operations.LOOK, subject_id=incident.pk).update(due_at=F("due_at") - span)
    timers.run_due()
    assert said(incident) == [("no_progress", "open")]
    coming = Timer.objects.get(kind=operations.LOOK, subject_id=incident.pk, done_at=None, cancelled_at=None)
    assert 0 < (coming.due_at - now()).total_seconds() <= 30 * 60


def test_an_answer_is_kept_and_holds_until_the_span_has_passed_again() -> None:
    incident, alice = commanded()
    quiet("no_progress")
    pass_minutes(incident, 30)
    nudge = Nudge.objects.get(incident=incident)
    with pytest.raises(operations.NothingSaid):
        operations.answer(nudge, text=" ", actor=alice)
    operations.answer(nudge, text="The vendor is on the phone", actor=alice)
    with pytest.raises(operations.WasAnswered):
        operations.answer(nudge, text="Me too", actor=alice)
    nudge.refresh_from_db()
    assert (nudge.state, nudge.answer, nudge.ended_by) == (
        State.ANSWERED,
        "The vendor is on the phone",
        alice,
    )
    assert incident.timeline.latest("id").text == "No progress: The vendor is on the phone"
    pass_minutes(incident, 29)
    assert said(incident) == [("no_progress", "answered")]
    pass_minutes(incident, 1)
    assert said(incident) == [("no_progress", "answered"), ("no_progress", "open")]


def test_messages_of_what_is_answered_are_not_sent() -> None:
    incident, alice = commanded()
    quiet("no_progress")
    pass_minutes(incident, 30)
    messages = list(Message.objects.filter(client=operations.CLIENT))
    assert operations.still_wanted(messages) == {}
    operations.answer(Nudge.objects.get(), text="We wait", actor=alice)
    assert set(operations.still_wanted(messages)) == {message.pk for message in messages}


def test_a_private_incident_is_not_described_in_the_message() -> None:
    alice = cast.alice()
    incident = cast.incident("Stolen keys of Example Bank", by=alice, private=True)
    quiet("no_progress")
    pass_minutes(incident, 30)
    content = Message.objects.get(client=operations.CLIENT).content
    assert content["subject"] == f"No progress: {incident}, a private incident"
    assert "Example Bank" not in f"{content}"


def test_the_same_look_twice_says_nothing_new() -> None:
    incident, _ = commanded()
    quiet("no_progress")
    pass_minutes(incident, 30)
    for _ in range(2):
        operations.look(incident.pk)
    assert said(incident) == [("no_progress", "open")]
    assert Event.objects.filter(name="incident.nudged").count() == 1


def test_a_rule_for_a_level_stands_in_for_the_one_of_every_level() -> None:
    cast.severity()
    NudgeRule.objects.create(kind="no_progress", rank=1, after_seconds=300, every_seconds=None)
    assert queries.rules_of(1)[Kind.NO_PROGRESS].after == timedelta(minutes=5)
    assert queries.rules_of(2)[Kind.NO_PROGRESS].after == timedelta(minutes=30)
    NudgeRule.objects.filter(kind="no_progress", rank=1).update(is_active=False)
    assert Kind.NO_PROGRESS not in queries.rules_of(1)
