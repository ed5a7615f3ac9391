from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import F

from core.events.models import Event
from incidents.approvals.models import Approval, ApprovalRule
from incidents.closing import operations, queries
from incidents.closing.models import ClosingCriterion, Resolution
from incidents.closing.operations import Said
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle import registry
from incidents.lifecycle.models import Incident
from incidents.tasks.models import Task
from incidents.updates import operations as updates
from incidents.updates.models import Update
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def every() -> list[str]:
    """Everything is confirmed."""
    return list(ClosingCriterion.objects.active().values_list("slug", flat=True))


def mitigated(alice: User, *, ago: float = 31, **given: Any) -> Incident:
    """An incident of hers that has been mitigated for so many minutes."""
    incident = lifecycle.move(cast.incident(by=alice, **given), to="monitoring", actor=alice)
    span = timedelta(minutes=ago)
    Incident.objects.filter(pk=incident.pk).update(
        mitigated_at=F("mitigated_at") - span, declared_at=F("declared_at") - span * 2
    )
    incident.refresh_from_db()
    return incident


def test_what_is_stable_confirmed_and_commanded_is_resolved_without_a_word() -> None:
    alice = cast.alice()
    incident = operations.resolve(mitigated(alice), said=Said(confirmed=every()), actor=alice)
    assert (incident.status, incident.resolved_times, incident.resolved_early) == ("resolved", 1, False)
    kept = Resolution.objects.get(incident=incident)
    assert (kept.number, kept.by, kept.commanded, kept.is_early) == (1, alice, True, False)
    assert (kept.window_seconds, kept.lacking, kept.despite, len(kept.confirmed)) == (1800, [], "", 5)
    assert not Event.objects.filter(name="incident.resolved_despite").exists()


def test_what_lacks_needs_a_reason_which_is_kept_with_it() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = mitigated(alice, ago=3)
    with pytest.raises(operations.NotYet) as refused:
        operations.resolve(incident, said=Said(reason="Pool raised", despite="  "), actor=bob)
    for words in ("stable for 3 min of 30 min", "not confirmed: “All affected", "Alice Example commands"):
        assert words in str(refused.value)
    incident.refresh_from_db()
    assert (incident.status, Resolution.objects.count()) == ("monitoring", 0)
    said = Said(reason="Pool raised", despite="Watched for three minutes", confirmed=every())
    incident = operations.resolve(incident, said=said, actor=bob)
    assert (incident.status, incident.resolved_early) == ("resolved", True)
    kept = Resolution.objects.get()
    assert (kept.commanded, kept.is_early, kept.despite) == (False, True, "Watched for three minutes")
    assert len(kept.lacking) == 2
    event = Event.objects.get(name="incident.resolved_despite")
    assert (event.actor_id, event.payload["early"], event.payload["reason"]) == (
        bob.pk,
        True,
        "Watched for three minutes",
    )
    entry = incident.timeline.filter(kind="status").latest("id")
    assert entry.text.startswith("Resolved: Pool raised\nIn spite of this: it has been stable for 3 min")
    assert entry.data["early"] is True


def test_a_second_press_changes_nothing() -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    for _ in range(2):
        operations.resolve(incident, said=Said(confirmed=every(), all_clear="All clear."), actor=alice)
    incident.refresh_from_db()
    assert (incident.resolved_times, Resolution.objects.count(), Update.objects.count()) == (1, 1, 1)


def test_since_when_it_works_counts_where_nobody_said_that_it_was_mitigated() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    Incident.objects.filter(pk=incident.pk).update(declared_at=F("declared_at") - timedelta(hours=2))
    incident.refresh_from_db()
    with pytest.raises(operations.NotYet, match="nobody has said that it is mitigated"):
        operations.resolve(incident, said=Said(confirmed=every()), actor=alice)
    at = queries.outlook(incident, actor=alice).at - timedelta(minutes=31)
    done = operations.resolve(incident, said=Said(confirmed=every(), at=at), actor=alice)
    assert (done.resolved_at, done.resolved_early) == (at, False)


def test_by_monitoring_the_window_begins_when_monitoring_confirmed_it() -> None:
    alice = cast.alice()
    incident = mitigated(alice, ago=60)
    incident.severity.stable_since = "monitoring"
    incident.severity.save()
    assert not queries.outlook(incident, actor=alice).is_stable
    incident = lifecycle.move(incident, to="mitigating", actor=alice)
    assert queries.outlook(incident, actor=alice).stability.since is None


def test_a_level_without_a_window_waits_for_nothing() -> None:
    alice = cast.alice()
    cast.severity("SEV2")
    level = cast.severity("SEV2")
    level.stable_seconds = None
    level.save()
    incident = operations.resolve(cast.incident(by=alice), said=Said(confirmed=every()), actor=alice)
    assert (incident.status, incident.resolved_early) == ("resolved", False)


def test_what_keeps_it_open_cannot_be_reasoned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    monkeypatch.setattr(registry, "_holds", [(lambda _: "Undo it first.", "incidents:mitigations")])
    said = Said(confirmed=every(), despite="No matter what")
    with pytest.raises(registry.HeldOpen, match="Undo it first"):
        operations.resolve(incident, said=said, actor=alice)
    with pytest.raises(registry.HeldOpen):
        lifecycle.close(incident, outcome="false_alarm", reason="None", actor=alice)


def test_all_clear_is_an_update_that_goes_to_those_who_hear_of_the_end() -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    words = queries.outlook(incident, actor=alice).all_clear
    assert words == f"All clear: “{incident.title}” is over. Nothing more is needed from you."
    operations.resolve(incident, said=Said(confirmed=every(), all_clear=words), actor=alice)
    update = Update.objects.get()
    assert (update.audience, update.status, update.text) == ("internal", "resolved", words)
    assert update.next_update_due_at is None


def test_where_words_need_approval_the_all_clear_waits_for_it() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = mitigated(alice)
    ApprovalRule.objects.create(audience="internal", severity=None, by="second")
    lifecycle.join(incident, user=bob)
    operations.resolve(incident, said=Said(confirmed=every(), all_clear="All clear."), actor=alice)
    incident.refresh_from_db()
    assert (incident.status, Update.objects.count()) == ("resolved", 0)
    assert Approval.objects.get().content["text"] == "All clear."


def test_an_update_does_not_end_what_has_to_be_confirmed() -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    with pytest.raises(operations.NotYet, match="Resolve it first, then tell it"):
        updates.publish(incident, audience="internal", text="Over.", status="resolved", actor=alice)
    assert not Update.objects.exists()
    operations.resolve(incident, said=Said(confirmed=every()), actor=alice)
    told = updates.publish(incident, audience="internal", text="Over.", status="resolved", actor=alice)
    assert told.status == "resolved"


def test_steps_of_lists_that_are_not_ticked_are_shown_too() -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    for title in ("Say who commands", "Look at the graphs"):
        cast.task(title, of=incident, by=alice)
    Task.objects.filter(incident=incident).update(list_name="First five minutes")
    outlook = queries.outlook(incident, actor=alice)
    assert outlook.open_tasks == ["First five minutes: 2 steps not ticked"]
    found = {row.criterion.slug: row.finding for row in outlook.asked}["no-follow-up"]
    assert found is not None
    assert (found.words, found.is_good) == ("no tasks and 2 steps of checklists open", False)


def test_open_tasks_are_shown_and_alerts_speak_against_it() -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    cast.task("Compare the ledgers", of=incident, by=alice)
    found = {row.criterion.slug: row.finding for row in queries.outlook(incident, actor=alice).asked}
    tasks = found["no-follow-up"]
    assert tasks is not None
    assert (tasks.words, tasks.is_good, tasks.contradicts) == ("1 task open", False, False)
    assert found["metrics-normal"] is None
    alert = cast.alert()
    alert.incident = incident
    alert.save()
    outlook = queries.outlook(incident, actor=alice)
    assert outlook.lacking(every()) == ["1 alert of it is not resolved"]
    alert.status, alert.resolved_at = "resolved", outlook.at
    alert.save()
    assert queries.outlook(incident, actor=alice).lacking(every()) == []


def test_shipped_criteria_are_put_in_force_once() -> None:
    ClosingCriterion.objects.all().delete()
    operations.install_defaults()
    operations.install_defaults()
    assert every() == ["services-restored", "impact-over", "metrics-normal", "no-follow-up", "no-reports"]
