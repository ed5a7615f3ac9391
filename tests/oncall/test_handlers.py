from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.events import bus
from core.events.models import EventDelivery
from core.outbox import sending
from incidents.lifecycle import operations as incidents
from oncall.alerts import operations as alerts
from oncall.escalation import operations
from oncall.escalation.models import Escalation, Policy
from oncall.paging.models import Page
from oncall.routing import operations as routing
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.models import Incident
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(bob: User) -> Policy:
    found = cast.policy((600, [bob]))
    routing.set_service_policy(cast.service(), policy=found)
    return found


def hear(*, twice: bool = True) -> None:
    """Hand over every event; at-least-once means that each may come again."""
    while bus.deliver_due():
        pass
    if twice:
        EventDelivery.objects.update(done_at=None)
        while bus.deliver_due():
            pass
    assert not EventDelivery.objects.exclude(error="").exists()


def lines(incident: Incident, *kinds: str) -> list[str]:
    return [entry.text for entry in incident.timeline.filter(kind__in=kinds).order_by("at", "id")]


def test_a_declared_incident_asks_those_of_its_services_once(policy: Policy, alice: User) -> None:
    incident = cast.incident(by=alice, severity="SEV1", services=[cast.service()])
    hear()
    running = Escalation.objects.get()
    assert (running.incident, running.policy, running.started_by, running.by_hand) == (
        incident,
        policy,
        alice,
        False,
    )
    drain()
    assert asked(running) == [("Bob", 0, 0, "pending")]


def test_each_policy_of_its_services_is_asked_once(policy: Policy, alice: User) -> None:
    other, third = cast.service("Search"), cast.service("Wallet")
    carol = cast.policy((60, [cast.carol()]), name="Search")
    routing.set_service_policy(other, policy=carol)
    routing.set_service_policy(third, policy=policy)
    cast.incident(by=alice, severity="SEV1", services=[cast.service(), other, third])
    hear()
    assert set(Escalation.objects.values_list("policy__name", flat=True)) == {"Engineering", "Search"}
    assert Escalation.objects.count() == 2


@pytest.mark.parametrize("default", ["Bob Example", ""])
def test_an_incident_without_a_service_asks_the_default_or_every_admin(
    alice: User, bob: User, default: str
) -> None:
    cast.ada()
    if default:
        cast.policy((60, [bob]), is_default=True)
    cast.incident(by=alice, severity="SEV1")
    hear()
    drain()
    assert Page.objects.get().user.name == (default or "Ada Example")  # type: ignore[union-attr]


@pytest.mark.parametrize("why", ["severity", "drill", "resolved meanwhile"])
def test_an_incident_that_wakes_nobody_asks_nobody(policy: Policy, alice: User, why: str) -> None:
    incident = cast.incident(
        by=alice,
        severity="SEV4" if why == "severity" else "SEV1",
        drill=why == "drill",
        services=[cast.service()],
    )
    if why == "resolved meanwhile":
        incidents.resolve(incident, actor=alice)
    hear()
    assert not Escalation.objects.exclude(status="closed").exists()


def test_an_incident_made_of_an_alert_wakes_nobody_a_second_time(policy: Policy, bob: User) -> None:
    cast.severity("SEV1")
    alert = cast.alert(of=cast.service())
    running = cast.escalation(alert, policy)
    drain()
    operations.declare_alert(alert, actor=bob, severity=cast.severity("SEV1"))
    hear()
    assert Escalation.objects.get() == running


def test_what_was_before_the_incident_is_on_its_timeline_at_its_own_time(
    policy: Policy, bob: User, smtp: Smtp
) -> None:
    cast.severity()
    alert = cast.alert(of=cast.service())
    cast.escalation(alert, policy)
    drain()
    sending.send_due()
    operations.acknowledge(actor=bob, alert=alert)
    incident = operations.declare_alert(alert, actor=bob)
    hear()
    page = Page.objects.get()
    assert lines(incident, "alert", "page", "acknowledged") == [
        "Alert: Checkout API error rate above 5%",
        f"Bob Example was paged by e-mail. {page.why}",
        "Bob Example took the alert: Checkout API error rate above 5%",
    ]
    assert incident.timeline.get(kind="page").at == page.sent_at


def test_raising_the_severity_to_one_that_pages_asks(policy: Policy, alice: User) -> None:
    incident = cast.incident(by=alice, severity="SEV4", services=[cast.service()])
    hear()
    assert not Escalation.objects.exists()
    incidents.change_severity(incident, severity=cast.severity("SEV1"), reason="All cards fail", actor=alice)
    hear()
    assert Escalation.objects.get().incident == incident


def test_raising_it_asks_although_somebody_has_its_alert(policy: Policy, alice: User, bob: User) -> None:
    alert = cast.alert(of=cast.service())
    cast.escalation(alert, policy)
    incident = operations.declare_alert(alert, actor=alice, severity=cast.severity("SEV4"))
    hear()
    incidents.change_severity(incident, severity=cast.severity("SEV1"), reason="All cards fail", actor=alice)
    hear()
    assert Escalation.objects.filter(incident=incident, status="escalating").count() == 1


def test_between_two_severities_that_page_nobody_is_asked_again(policy: Policy, alice: User) -> None:
    incident = cast.incident(by=alice, severity="SEV2", services=[cast.service()])
    hear()
    before = Escalation.objects.count()
    incidents.change_severity(incident, severity=cast.severity("SEV1"), reason="Worse", actor=alice)
    hear()
    assert (before, Escalation.objects.count()) == (1, 1)


@pytest.mark.parametrize("kind", ["user", "schedule", "policy"])
def test_whom_the_room_wants_is_paged(policy: Policy, alice: User, bob: User, kind: str) -> None:
    incident = cast.incident(by=alice)
    targets = {"user": bob.pk, "schedule": cast.always(bob).pk, "policy": policy.pk}
    incidents.request_page(
        incident, kind=kind, target_id=targets[kind], message="Look at the database", actor=alice
    )
    hear(twice=False)
    drain()
    running = Escalation.objects.get(by_hand=True)
    assert (running.incident, running.started_by, running.message) == (
        incident,
        alice,
        "Look at the database",
    )
    assert asked(running) == [("Bob", 0, 0, "pending")]


@pytest.mark.parametrize("who", ["left", "never was"])
def test_whom_the_room_cannot_have_is_said_on_the_timeline(alice: User, bob: User, who: str) -> None:
    incident = cast.incident(by=alice)
    target = bob.pk if who == "left" else 987654
    incidents.request_page(incident, kind="user", target_id=target, message="Help", actor=alice)
    bob.is_active = False
    bob.save()
    hear(twice=False)
    assert not Escalation.objects.filter(by_hand=True).exists()
    reason = "Bob Example cannot be paged: the account is closed." if who == "left" else "The user is gone."
    assert f"Nobody was paged. {reason}" in lines(incident, "page")


@pytest.mark.parametrize("end", ["taken", "resolved", "closed"])
def test_an_incident_that_is_taken_or_over_asks_nobody(
    policy: Policy, alice: User, bob: User, end: str
) -> None:
    alert = cast.alert(of=cast.service())
    cast.escalation(alert, policy)
    incident = cast.incident(by=alice)
    alerts.attach_alerts([alert.pk], incident_id=incident.pk, actor=alice)
    cast.escalation(incident, policy)
    drain()
    if end == "taken":
        incidents.acknowledge(incident, actor=bob)
    elif end == "resolved":
        incidents.resolve(incident, actor=bob)
    else:
        incidents.close(incident, actor=bob, outcome="false_alarm", reason="The probe was wrong")
    hear()
    status = "acknowledged" if end == "taken" else "closed"
    assert list(Escalation.objects.values_list("status", flat=True)) == [status, status]
    assert not Page.objects.open().exists()
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("acknowledged", bob)


def test_who_was_paged_is_part_of_a_private_incident_and_on_its_timeline(
    policy: Policy, alice: User, bob: User, smtp: Smtp
) -> None:
    incident = cast.incident("Breach", by=alice, private=True, services=[cast.service()], severity="SEV1")
    hear(twice=False)
    drain()
    assert not incident.participants.filter(user=bob).exists()
    sending.send_due()
    hear()
    assert incident.participants.filter(user=bob).exists()
    (line,) = lines(incident, "page")
    assert line.startswith("Bob Example was paged by e-mail. Level 1 of Engineering.")
    assert smtp.mails[0].subject.startswith("You are being paged. Ack in 10:00; nobody")


def test_failures_and_giving_up_are_on_the_timeline(alice: User, smtp: Smtp) -> None:
    cast.ada()
    incident = cast.incident(by=alice)
    running = cast.escalation(incident, cast.policy((60, [cast.always(None)]), (60, [alice])))
    drain()
    smtp.behave("550")
    sending.send_due()
    drain()
    pass_time(running, minutes=1)
    drain()
    hear()
    first, second, third = lines(incident, "page")
    assert first.startswith("Nobody was paged. Level 1 of Engineering. Nobody is on call in")
    assert second.startswith("The page to Alice Example did not arrive. email: ")
    assert third == "Nobody answered: Engineering asked everybody, and the admins were told"


def test_an_alert_that_a_person_ends_is_on_the_timeline_once(alice: User) -> None:
    alert, incident = cast.alert(), cast.incident(by=alice)
    alerts.attach_alerts([alert.pk], incident_id=incident.pk, actor=alice)
    operations.resolve(alert=alert, actor=alice)
    hear()
    assert lines(incident, "alert") == ["Alert resolved by Alice Example: Checkout API error rate above 5%"]
