from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.events import bus
from core.events.models import Event
from core.outbox.models import Message
from core.outbox.telling import outcome_of
from incidents.lifecycle import operations as lifecycle
from incidents.models import TimelineEntry
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def page_of(user: User) -> Page:
    related = ("escalation__alert", "escalation__incident")
    return Page.objects.select_related("user", *related).filter(user=user).latest("pk")


def running() -> Escalation:
    return Escalation.objects.get(by_hand=True)


def told(user: User) -> list[str]:
    found = Message.objects.filter(client="oncall.answer", user=user).order_by("pk")
    return [message.content["text"].split("\n\n")[1] for message in found]


def test_declining_a_page_to_one_person_ends_it_and_tells_the_one_who_paged(alice: User, bob: User) -> None:
    operations.page_by_hand(actor=alice, user=bob, message="Look at the database")
    drain()
    assert operations.decline(page_of(bob), actor=bob, reason="On a plane")
    page = page_of(bob)
    assert (page.status, page.answer, page.ended_at is None) == ("declined", "On a plane", False)
    assert (running().status, running().next_at) == ("closed", None)
    assert Message.objects.get(client="oncall.page").state == "suppressed"
    message = Message.objects.get(client="oncall.answer")
    assert (message.address, message.lane, message.content["subject"]) == (
        "alice@example.com",
        1,
        "Bob Example declined: On a plane",
    )
    assert told(alice) == ["Nobody else is asked. Page somebody else."]
    fact = Event.objects.get(name="page.declined")
    assert fact.payload == {
        "page_id": page.pk,
        "user_id": bob.pk,
        "alert_id": None,
        "incident_id": None,
        "reason": "On a plane",
    }
    pass_time(running(), minutes=60)
    assert drain() == 0


def test_declining_a_policy_asks_the_next_level_at_once_and_never_the_same_person(
    alice: User, bob: User, carol: User
) -> None:
    policy = cast.policy((600, [bob]), (600, [bob, carol]), repeat=2)
    operations.page_by_hand(actor=alice, policy=policy, message="Look at the database")
    drain()
    assert operations.decline(page_of(bob), actor=bob, reason="On a plane")
    assert told(alice) == ["Carol Example is asked now."]
    drain()
    assert asked(running()) == [("Bob", 0, 0, "declined"), ("Carol", 0, 1, "pending")]
    upcoming = queries.next_up(running())
    assert upcoming is not None
    assert [str(user) for user in upcoming.people] == ["Carol Example"]
    pass_time(running(), minutes=10)
    drain()
    assert asked(running())[2:] == [("Carol", 1, 1, "pending")]


def test_who_is_asked_together_is_waited_for_until_the_last_said_no(
    alice: User, bob: User, carol: User
) -> None:
    policy = cast.policy((600, [bob, carol]))
    operations.page_by_hand(actor=alice, policy=policy, message="Look at the database")
    drain()
    before = running().next_at
    operations.decline(page_of(bob), actor=bob, reason="On a plane")
    assert (running().status, running().next_at) == ("escalating", before)
    operations.decline(page_of(carol), actor=carol, reason="Asleep")
    assert running().status == "closed"
    assert told(alice) == [
        "The others who were asked have not answered yet.",
        "Nobody else is asked. Page somebody else.",
    ]


def test_whoever_accepts_after_a_decline_has_it(alice: User, bob: User, carol: User) -> None:
    incident = cast.incident(by=alice)
    policy = cast.policy((600, [bob]), (600, [carol]))
    operations.page_by_hand(actor=alice, policy=policy, incident=incident)
    drain()
    operations.decline(page_of(bob), actor=bob, reason="On a plane")
    bus.deliver_due()
    drain()
    assert operations.acknowledge(actor=carol, page=page_of(carol)).first
    assert running().acknowledged_by == carol
    assert incident.participants.filter(user=carol).exists()
    lines = TimelineEntry.objects.filter(incident=incident, text="Bob Example declined: On a plane")
    assert lines.count() == 1


def test_a_second_answer_changes_nothing(alice: User, bob: User, carol: User) -> None:
    operations.page_by_hand(actor=alice, policy=cast.policy((600, [bob]), (600, [carol])), message="Help")
    drain()
    assert operations.decline(page_of(bob), actor=bob, reason="On a plane")
    assert not operations.decline(page_of(bob), actor=bob, reason="Asleep")
    assert page_of(bob).answer == "On a plane"
    assert Event.objects.filter(name="page.declined").count() == 1


def test_a_page_that_was_accepted_can_not_be_declined(alice: User, bob: User) -> None:
    operations.page_by_hand(actor=alice, user=bob, message="Help")
    drain()
    operations.acknowledge(actor=bob, page=page_of(bob))
    assert not operations.decline(page_of(bob), actor=bob, reason="Asleep")
    assert (page_of(bob).status, running().status) == ("acknowledged", "acknowledged")


def test_who_was_asked_before_may_say_no_without_hurrying_who_is_asked_now(
    alice: User, bob: User, carol: User
) -> None:
    operations.page_by_hand(actor=alice, policy=cast.policy((600, [bob]), (600, [carol])), message="Help")
    drain()
    pass_time(running(), minutes=10)
    drain()
    due = running().next_at
    assert operations.decline(page_of(bob), actor=bob, reason="Asleep")
    assert (running().status, running().next_at) == ("escalating", due)


def test_a_page_of_a_policy_about_an_alert_is_passed_on_and_not_declined(bob: User) -> None:
    cast.escalation(cast.alert(), cast.policy((600, [bob])))
    drain()
    with pytest.raises(operations.CannotDecline, match="Pass this one on"):
        operations.decline(page_of(bob), actor=bob, reason="Asleep")


def test_a_message_in_flight_says_nothing_against_the_answer(alice: User, bob: User) -> None:
    policy = cast.policy((600, [bob]), (600, [cast.carol()]))
    operations.page_by_hand(actor=alice, policy=policy, message="Help")
    drain()
    message = Message.objects.get(client="oncall.page")
    operations.decline(page_of(bob), actor=bob, reason="Asleep")
    operations.hear([outcome_of(message, "accepted", "")])
    page = page_of(bob)
    assert (page.status, page.ended_at is None, page.sent_at is None) == ("declined", False, False)


def test_a_team_is_paged_from_the_incident_room(alice: User, bob: User) -> None:
    incident = cast.incident(by=alice)
    lifecycle.request_page(incident, kind="team", target_id=cast.team().pk, message="All hands", actor=alice)
    bus.deliver_due()
    drain()
    assert sorted(name for name, *_ in asked(running())) == ["Alice", "Bob"]
