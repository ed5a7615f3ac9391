from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction

from core.events.models import Event
from incidents.lifecycle import operations
from incidents.lifecycle.models import EntryKind
from tests import cast
from tests.incidents.clock import now

pytestmark = pytest.mark.django_db


def test_the_timeline_is_append_only_whatever_the_code_does() -> None:
    incident = cast.incident()
    for change in (
        lambda: incident.timeline.update(text="rewritten"),
        lambda: incident.timeline.all().delete(),
        lambda: incident.timeline.latest("id").save(),
    ):
        with pytest.raises(ProgrammingError, match="Cannot update or delete rows"), transaction.atomic():
            change()


def test_an_entry_may_be_about_the_past_and_says_when_it_was_written() -> None:
    alice, incident = cast.alice(), cast.incident()
    at = now() - timedelta(hours=1)
    entry = operations.add_entry(incident, kind="note", text=" Pool was at 98 of 100 ", actor=alice, at=at)
    assert (entry.text, entry.at, entry.actor) == ("Pool was at 98 of 100", at, alice)
    assert entry.recorded_at > at
    with pytest.raises(operations.InTheFuture):
        operations.add_entry(incident, kind="note", text="x", actor=alice, at=now() + timedelta(hours=1))
    with pytest.raises(operations.NothingWritten):
        operations.add_entry(incident, kind="note", text="  ", actor=alice)


def test_a_decision_keeps_its_options_and_its_reason() -> None:
    alice, incident = cast.alice(), cast.incident()
    facts = {"options": ["roll back", "bigger pool"], "reason": "Rehearsed and reversible"}
    entry = operations.add_entry(incident, kind="decision", text="Roll back v2.3.4", actor=alice, data=facts)
    entry.refresh_from_db()
    assert (entry.kind, entry.data) == (EntryKind.DECISION, facts)


def test_the_picture_keeps_what_was_said_before() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    operations.set_picture(incident, hypothesis="Card network outage", actor=alice)
    incident = operations.set_picture(
        incident, hypothesis="Pool exhausted by v2.3.4", impact="3 in 10 cards", actor=bob
    )
    incident.refresh_from_db()
    assert (incident.hypothesis, incident.impact, incident.next_decision) == (
        "Pool exhausted by v2.3.4",
        "3 in 10 cards",
        "",
    )
    entry = incident.timeline.filter(kind=EntryKind.HYPOTHESIS).latest("id")
    assert entry.text == "Working hypothesis: Pool exhausted by v2.3.4"
    assert entry.data == {
        "field": "hypothesis",
        "old": "Card network outage",
        "new": "Pool exhausted by v2.3.4",
    }
    assert entry.actor == bob


def test_the_same_picture_again_writes_nothing() -> None:
    alice, incident = cast.alice(), cast.incident(impact="3 in 10 cards")
    count = incident.timeline.count()
    operations.set_picture(incident, impact=" 3 in 10 cards ", actor=alice)
    assert incident.timeline.count() == count


def test_two_people_who_write_at_once_do_not_overwrite_each_other() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    seen = incident.version
    operations.set_picture(incident, impact="3 in 10 cards", actor=alice, version=seen)
    with pytest.raises(operations.ChangedMeanwhile):
        operations.set_picture(incident, impact="all cards", actor=bob, version=seen)
    incident.refresh_from_db()
    assert incident.impact == "3 in 10 cards"


def test_a_hypothesis_is_ruled_out_and_stays_on_the_timeline() -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.NoHypothesis):
        operations.judge_hypothesis(incident, verdict="ruled_out", actor=alice)
    operations.set_picture(incident, hypothesis="Card network outage", actor=alice)
    operations.judge_hypothesis(incident, verdict="ruled_out", actor=alice, why="Their status page is green")
    incident.refresh_from_db()
    assert incident.hypothesis == ""
    assert incident.timeline.latest("id").text == "Ruled out: Card network outage. Their status page is green"


def test_a_confirmed_hypothesis_is_marked_until_another_one_replaces_it() -> None:
    alice, incident = cast.alice(), cast.incident()
    operations.set_picture(incident, hypothesis="Pool exhausted", actor=alice)
    incident = operations.judge_hypothesis(incident, verdict="confirmed", actor=alice)
    assert (incident.hypothesis, incident.hypothesis_confirmed) == ("Pool exhausted", True)
    incident = operations.set_picture(incident, hypothesis="Two causes", actor=alice)
    incident.refresh_from_db()
    assert incident.hypothesis_confirmed is False
    with pytest.raises(operations.CannotCorrect):
        operations.judge_hypothesis(incident, verdict="maybe", actor=alice)


def test_each_corrected_time_is_an_entry_and_all_of_it_one_event() -> None:
    alice, incident = cast.alice(), cast.incident()
    started, detected = now() - timedelta(minutes=30), now() - timedelta(minutes=20)
    old = incident.detected_at
    assert old is not None
    incident = operations.correct(
        incident, changes={"started_at": started, "detected_at": detected}, actor=alice
    )
    incident.refresh_from_db()
    assert (incident.started_at, incident.detected_at) == (started, detected)
    entries = incident.timeline.filter(kind=EntryKind.CORRECTION).order_by("id")
    assert [(entry.text, entry.data["old"], entry.data["new"]) for entry in entries] == [
        ("Impact began corrected", None, started.isoformat()),
        ("Detected corrected", old.isoformat(), detected.isoformat()),
    ]
    event = Event.objects.get(name="incident.corrected")
    assert event.actor == alice
    assert event.payload == {
        "incident_id": incident.pk,
        "old": {"started_at": None, "detected_at": old.isoformat()},
        "new": {"started_at": started.isoformat(), "detected_at": detected.isoformat()},
    }


def test_a_better_title_is_a_correction() -> None:
    alice, incident = cast.alice(), cast.incident("checkout broke")
    incident = operations.correct(incident, changes={"title": "Checkout fails for 30% of cards"}, actor=alice)
    assert incident.title == "Checkout fails for 30% of cards"
    assert incident.timeline.latest("id").text == "Title corrected: Checkout fails for 30% of cards"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": " "}, "has a title"),
        ({"declared_at": None}, "cannot be taken away"),
        ({"status": "closed"}, "cannot be corrected"),
        ({"private": "yes"}, "cannot be corrected"),
        ({"started_at": "yesterday"}, "cannot be corrected"),
    ],
)
def test_what_cannot_be_right_is_refused(changes: dict[str, str | None], words: str) -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.CannotCorrect, match=words):
        operations.correct(incident, changes=changes, actor=alice)
    incident.refresh_from_db()
    assert not Event.objects.filter(name="incident.corrected").exists()


def test_times_in_the_wrong_order_or_of_another_state_are_refused() -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.CannotCorrect, match="comes with the state"):
        operations.correct(incident, changes={"resolved_at": now()}, actor=alice)
    with pytest.raises(operations.InTheFuture):
        operations.correct(incident, changes={"started_at": now() + timedelta(hours=2)}, actor=alice)
    incident = operations.resolve(incident, actor=alice)
    with pytest.raises(operations.CannotCorrect, match="cannot be taken away"):
        operations.correct(incident, changes={"resolved_at": None}, actor=alice)
    early = incident.declared_at - timedelta(minutes=1)
    with pytest.raises(operations.CannotCorrect, match="cannot be before “Declared”"):
        operations.correct(incident, changes={"resolved_at": early}, actor=alice)
    incident.refresh_from_db()
    assert incident.resolved_at is not None
    assert incident.resolved_at > early


def test_services_are_named_later_with_what_was_before() -> None:
    alice, incident = cast.alice(), cast.incident()
    operations.set_services(
        incident, services=[cast.service("Payments API"), cast.service("Checkout")], actor=alice
    )
    operations.set_services(incident, services=[cast.service("Checkout")], actor=alice)
    assert [service.name for service in incident.services.all()] == ["Checkout"]
    entry = incident.timeline.latest("id")
    assert entry.text == "Affected services: Checkout"
    assert entry.data == {"field": "services", "old": "Checkout, Payments API", "new": "Checkout"}


def test_an_incident_becomes_private_for_everybody_but_its_participants() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    assert type(incident).objects.visible_to(bob).exists()
    operations.set_private(incident, private=True, actor=alice)
    assert not type(incident).objects.visible_to(bob).exists()
    operations.set_private(incident, private=False, actor=alice)
    assert type(incident).objects.visible_to(bob).exists()
    assert Event.objects.filter(name="incident.corrected").count() == 2


def test_every_write_counts_the_version_up() -> None:
    alice, incident = cast.alice(), cast.incident()
    before = incident.version
    incident = operations.set_picture(incident, impact="3 in 10", actor=alice)
    incident = operations.move(incident, to="identified", actor=alice)
    incident.refresh_from_db()
    assert incident.version == before + 2
