from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.events import bus
from core.outbox.models import Message
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from postmortems.models import Postmortem
from postmortems.reports import operations, queries
from postmortems.reports.rules import Section
from tests import cast

if TYPE_CHECKING:
    from incidents.models import Incident

pytestmark = pytest.mark.django_db


def resolved(**given: Any) -> Incident:
    alice = cast.alice()
    incident = cast.incident(by=alice, impact="About 3 in 10 card payments fail.", **given)
    lifecycle.add_entry(incident, kind="decision", text="Roll back v2.3.4", actor=alice)
    lifecycle.add_entry(incident, kind="note", text="Looking at the pool", actor=alice)
    lifecycle.resolve(incident, actor=alice)
    incident.refresh_from_db()
    return incident


def ready(postmortem: Postmortem) -> None:
    texts = {
        Section.SUMMARY: "Cards failed.",
        Section.IMPACT: "30% for 48 min.",
        Section.WENT_WELL: "The rollback.",
    }
    operations.save_sections(
        postmortem, texts=texts, version=Postmortem.objects.get().version, actor=cast.person("Writer")
    )
    operations.add_factor(postmortem, kind="process", text="Config changes skip load tests")
    postmortem.refresh_from_db()


def test_a_resolved_incident_whose_severity_asks_for_it_leaves_a_draft_with_the_true_timeline() -> None:
    incident = resolved(severity="SEV1")
    while bus.deliver_due():
        pass
    postmortem = Postmortem.objects.get(incident=incident)
    entries = list(incident.timeline.order_by("at", "id").values_list("text", "at"))
    assert [(item.text, item.at) for item in postmortem.timeline.all()] == entries
    kept = {item.text: item.included for item in postmortem.timeline.all()}
    assert kept["Roll back v2.3.4"]
    assert not kept["Looking at the pool"]
    assert postmortem.impact == "About 3 in 10 card payments fail."
    assert postmortem.author is not None
    assert postmortem.author.email == "alice@example.com"
    assert incident.resolved_at is not None
    assert postmortem.due_at == incident.resolved_at + timedelta(hours=48)


@pytest.mark.parametrize("given", [{"severity": "SEV4"}, {"severity": "SEV1", "drill": True}])
def test_low_levels_and_drills_leave_none(given: dict[str, Any]) -> None:
    resolved(**given)
    while bus.deliver_due():
        pass
    assert not Postmortem.objects.exists()


def test_a_second_draft_of_the_same_incident_only_adds_what_is_new() -> None:
    incident = resolved()
    first = operations.open_draft(incident.pk)
    first.timeline.update(text="Reworded")
    before = first.timeline.count()
    lifecycle.add_entry(incident, kind="note", text="Afterthought")
    again = operations.open_draft(incident.pk)
    assert again == first
    assert first.timeline.count() == before + 1
    assert first.timeline.filter(text="Reworded").count() == before
    assert Timer.objects.filter(kind=operations.REMINDER).count() == 1


def test_two_writers_at_once_lose_nothing() -> None:
    postmortem = operations.open_draft(resolved().pk)
    alice = cast.person("Ann")
    operations.save_sections(
        postmortem, texts={Section.SUMMARY: "Ann's"}, version=postmortem.version, actor=alice
    )
    with pytest.raises(operations.ChangedMeanwhile):
        operations.save_sections(
            postmortem, texts={Section.SUMMARY: "Ben's"}, version=postmortem.version, actor=alice
        )
    assert Postmortem.objects.get().summary == "Ann's"


def test_publishing_waits_for_what_every_reader_needs() -> None:
    postmortem = operations.open_draft(resolved().pk)
    with pytest.raises(operations.NotReady, match="What went well, Contributing factors"):
        operations.publish(postmortem, actor=cast.bob())
    ready(postmortem)
    operations.publish(postmortem, actor=cast.person("Pia"))
    postmortem.refresh_from_db()
    assert postmortem.status == "published"
    assert postmortem.published_at is not None
    timer = Timer.objects.get(kind=operations.REMINDER)
    assert timer.cancelled_at is not None


def test_a_published_one_is_taken_back_before_it_is_changed() -> None:
    postmortem = operations.open_draft(resolved().pk)
    ready(postmortem)
    operations.publish(postmortem, actor=cast.bob())
    postmortem.refresh_from_db()
    with pytest.raises(operations.AlreadyPublished):
        operations.add_factor(postmortem, kind="technical", text="Late")
    operations.back_to_draft(postmortem)
    postmortem.refresh_from_db()
    operations.add_factor(postmortem, kind="technical", text="Late")
    assert postmortem.factors.count() == 2


def test_the_author_is_reminded_once_and_not_after_publishing() -> None:
    postmortem = operations.open_draft(resolved().pk)
    operations.remind(postmortem.pk, occurrence="due")
    operations.remind(postmortem.pk, occurrence="due")
    (message,) = Message.objects.filter(client=operations.REMINDER)
    assert message.address == "alice@example.com"
    assert "Checkout" not in message.content["subject"]
    ready(postmortem)
    operations.publish(postmortem, actor=cast.bob())
    operations.remind(postmortem.pk, occurrence="later")
    assert Message.objects.filter(client=operations.REMINDER).count() == 1


def test_a_postmortem_is_as_visible_as_its_incident() -> None:
    incident = resolved(private=True)
    operations.open_draft(incident.pk)
    assert incident.declared_by is not None
    assert queries.listing(incident.declared_by).count() == 1
    assert queries.listing(cast.mallory()).count() == 0


def test_the_list_takes_few_queries(django_assert_max_num_queries: object) -> None:
    alice = cast.alice()
    for n in range(15):
        incident = cast.incident(f"Incident {n}", by=alice)
        lifecycle.resolve(incident, actor=alice)
        operations.open_draft(incident.pk)
    with django_assert_max_num_queries(2):  # type: ignore[operator]
        assert len([str(row.incident.severity) for row in queries.listing(alice)]) == 15
