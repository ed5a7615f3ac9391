from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.catalog.models import ServiceLink
from incidents.changes.models import Change
from incidents.models import Incident
from oncall.alerts import operations as alerts
from oncall.escalation import operations
from oncall.escalation.models import Escalation, Policy
from oncall.paging import operations as paging
from oncall.paging import tokens
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(alice: User, bob: User) -> Policy:
    return cast.policy((600, [alice]), (600, [bob]))


@pytest.fixture
def running(policy: Policy) -> Escalation:
    cast.severity()
    alert = cast.alert(
        of=cast.service(),
        description="About 3 in 10 card payments fail.",
        annotations={"value": "31%"},
        labels={"env": "prod"},
    )
    found = cast.escalation(alert, policy)
    drain()
    return found


@pytest.fixture
def address(running: Escalation, alice: User) -> str:
    return address_of(Page.objects.get(user=alice))


@pytest.fixture
def phone() -> Client:
    """A phone that is not signed in, and checks for forged requests as a real server does."""
    return Client(enforce_csrf_checks=True)


def address_of(page: Page) -> str:
    return f"/p/{tokens.make(page)}/"


def press(phone: Client, address: str, action: str, **given: object) -> int:
    """Press a button of the page and follow to what it shows."""
    answer = phone.post(address, {"action": action, **given})
    return answer.status_code


def snapshot() -> dict[str, int]:
    """How many rows each table has, and when escalations and pages changed."""
    with connection.cursor() as cursor:
        tables = [t for t in connection.introspection.table_names(cursor) if not t.startswith("django_")]
        counts = {}
        for table in tables:
            cursor.execute(f'select count(*), sum(hashtext("{table}"::text)) from "{table}"')
            counts[table] = hash(cursor.fetchone())
        return counts


# Looking


def test_a_person_sees_what_is_wrong_without_signing_in(
    phone: Client, address: str, running: Escalation
) -> None:
    service = cast.service()
    now = timezone.now()
    Change.objects.create(
        service=service,
        kind="deploy",
        summary="payments-api v2.3.4",
        at=now - timedelta(minutes=5, seconds=30),
        source="deploy bot",
    )
    ServiceLink.objects.create(
        service=service, kind="runbook", label="High API latency", url="https://runbooks.example/latency"
    )
    other = cast.alert("DB pool saturation", of=service)
    answer = phone.get(address)
    html = answer.content.decode()
    assert answer.status_code == 200
    for text in (
        "You are being paged",
        "Checkout API error rate above 5%",
        "About 3 in 10 card payments fail.",
        "31%",
        "env=prod",
        "payments-api v2.3.4",
        "5 min before it broke",
        "High API latency",
        "https://runbooks.example/latency",
        other.title,
        "Nobody else has been paged yet",
        "until <b>Bob</b> is woken",
        "Pass to Bob",
        "Ack and declare",
        "Level 1 of Engineering.",
    ):
        assert text in html, text
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "private, no-store"
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert 'hx-trigger="every 10s"' in html


def test_looking_changes_nothing(phone: Client, address: str, alice: User) -> None:
    before = snapshot()
    for _ in range(2):
        assert phone.get(address).status_code == 200
        assert phone.head(address).status_code == 200
        assert phone.get(f"{address}-/page/").status_code == 200
    assert phone.get(address, {"action": "acknowledge"}).status_code == 200
    assert snapshot() == before
    with CaptureQueriesContext(connection) as queries:
        phone.get(address)
    assert not [
        q["sql"] for q in queries if q["sql"].split(" ", 1)[0].upper() in {"INSERT", "UPDATE", "DELETE"}
    ]
    assert len(queries) <= 20


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_nothing_but_looking_and_pressing_is_answered(phone: Client, address: str, method: str) -> None:
    assert getattr(phone, method)(address).status_code == 405


@pytest.mark.parametrize(
    "forged", ["nonsense", "1-0123456789abcdef-aaaaaaaaaaaaaaaaaaaaaaaaaa", "%00", "a" * 2000]
)
def test_an_address_that_was_not_made_here_leads_nowhere(phone: Client, address: str, forged: str) -> None:
    before = snapshot()
    for answer in (phone.get(f"/p/{forged}/"), phone.post(f"/p/{forged}/", {"action": "acknowledge"})):
        assert answer.status_code == 404
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "Checkout" not in answer.content.decode()
    assert snapshot() == before


def test_the_address_of_a_page_that_was_restored_as_another_leads_nowhere(
    phone: Client, address: str
) -> None:
    Page.objects.update(nonce="f" * 16)
    assert phone.get(address).status_code == 404


def test_somebody_who_left_has_no_page_any_more(
    phone: Client, address: str, alice: User, running: Escalation
) -> None:
    alice.is_active = False
    alice.save()
    assert phone.get(address).status_code == 404
    assert press(phone, address, "acknowledge") == 404
    running.refresh_from_db()
    assert running.status == "escalating"


def test_signed_in_the_page_is_live_and_not_reloaded(client: Client, address: str, alice: User) -> None:
    client.force_login(alice)
    html = client.get(address).content.decode()
    page = Page.objects.get(user=alice)
    assert f'data-live-topics="page-{page.pk}"' in html
    assert f"live:page-{page.pk} from:body" in html
    assert "http-equiv" not in html
    region = client.get(f"{address}-/page/").content.decode()
    assert region.startswith('<div class="pg-all"')


def test_times_are_in_the_zone_of_the_one_who_is_paged(phone: Client, address: str, alice: User) -> None:
    alice.time_zone = "Asia/Kolkata"
    alice.save()
    escalation = Escalation.objects.get()
    assert escalation.next_at is not None
    local = escalation.next_at + timedelta(hours=5, minutes=30)
    assert f"{local:%H:%M}</time>" in phone.get(address).content.decode()


# Acknowledging


def test_pressing_acknowledge_takes_it_and_shows_the_first_five_minutes(
    phone: Client, address: str, running: Escalation, alice: User
) -> None:
    answer = phone.post(address, {"action": "acknowledge"})
    assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (
        303,
        address,
        "no-referrer",
    )
    running.refresh_from_db()
    assert (running.status, running.acknowledged_by) == ("acknowledged", alice)
    html = phone.get(address).content.decode()
    for text in (
        "You have it",
        "Nobody else will be woken",
        "Undo",
        "First five minutes",
        "Declare incident",
    ):
        assert text in html
    assert "http-equiv" not in html
    assert "is-acked" in html


def test_a_bare_press_acknowledges(phone: Client, address: str, running: Escalation) -> None:
    assert phone.post(address).status_code == 303
    running.refresh_from_db()
    assert running.status == "acknowledged"


def test_three_fast_presses_are_one_acknowledgement(phone: Client, address: str, running: Escalation) -> None:
    assert [press(phone, address, "acknowledge") for _ in range(3)] == [303, 303, 303]
    running.refresh_from_db()
    assert running.epoch == 2


def test_who_comes_second_sees_who_has_it(
    phone: Client, address: str, running: Escalation, bob: User
) -> None:
    operations.acknowledge(actor=bob, alert=running.alert)
    assert press(phone, address, "acknowledge") == 303
    html = phone.get(address).content.decode()
    assert "Bob Example has it" in html
    assert "Acknowledge</button>" not in html
    running.refresh_from_db()
    assert running.acknowledged_by == bob


def test_a_colleague_who_is_signed_in_acts_as_themselves(
    client: Client, address: str, running: Escalation, bob: User
) -> None:
    client.force_login(bob)
    client.post(address, {"action": "acknowledge"})
    running.refresh_from_db()
    assert running.acknowledged_by == bob


def test_a_viewer_with_the_address_acts_for_the_one_who_is_paged(
    client: Client, address: str, running: Escalation, alice: User
) -> None:
    client.force_login(cast.vera())
    client.post(address, {"action": "acknowledge"})
    running.refresh_from_db()
    assert running.acknowledged_by == alice


def test_an_unknown_button_does_nothing(phone: Client, address: str, running: Escalation) -> None:
    assert press(phone, address, "explode") == 400
    running.refresh_from_db()
    assert running.epoch == 1


# Taking it back


def test_undo_within_a_minute_goes_on_as_before(phone: Client, address: str, running: Escalation) -> None:
    running.refresh_from_db()
    due = running.next_at
    press(phone, address, "acknowledge")
    assert press(phone, address, "undo") == 303
    running.refresh_from_db()
    assert (running.status, running.next_at) == ("escalating", due)
    assert "You are being paged" in phone.get(address).content.decode()


def test_undo_after_a_minute_is_refused_and_says_what_to_do(
    phone: Client, address: str, running: Escalation
) -> None:
    press(phone, address, "acknowledge")
    Escalation.objects.update(acknowledged_at=timezone.now() - timedelta(seconds=61))
    answer = phone.post(address, {"action": "undo"})
    assert answer.status_code == 409
    assert "Pass it on instead" in answer.content.decode()
    running.refresh_from_db()
    assert running.status == "acknowledged"
    assert "Undo" not in phone.get(address).content.decode()


def test_undo_of_nothing_does_nothing(phone: Client, address: str, running: Escalation) -> None:
    assert press(phone, address, "undo") == 303
    running.refresh_from_db()
    assert running.epoch == 1


# Passing it on


def test_passing_it_on_asks_the_next_one_at_once(phone: Client, address: str, running: Escalation) -> None:
    assert press(phone, address, "pass", key=1) == 303
    drain()
    assert asked(running)[-1][0] == "Bob"
    assert "Passed on" in phone.get(address).content.decode()


def test_three_fast_presses_pass_it_on_once(phone: Client, address: str, running: Escalation) -> None:
    for _ in range(3):
        press(phone, address, "pass", key=1)
        drain()
    running.refresh_from_db()
    assert [who for who, *_ in asked(running)] == ["Alice", "Bob"]
    assert running.status == "escalating"


@pytest.mark.parametrize("key", ["", "x", "9" * 30, "-1", "7"])
def test_a_key_that_is_not_of_this_page_as_it_is_now(
    phone: Client, address: str, running: Escalation, key: str
) -> None:
    assert press(phone, address, "pass", key=key) == 303
    running.refresh_from_db()
    assert running.epoch == (1 if key == "7" else 2)


def test_when_nobody_is_next_it_cannot_be_passed_on(phone: Client, running: Escalation, bob: User) -> None:
    pass_time(running, minutes=10)
    drain()
    html = phone.get(address_of(Page.objects.get(user=bob))).content.decode()
    assert "until it <b>gives up</b> and the admins are told" in html
    assert "Pass to" not in html
    assert "Also paged: Alice Example" in html


# Declaring


def test_declaring_from_the_page_makes_one_incident_with_everything(
    phone: Client, address: str, running: Escalation, alice: User
) -> None:
    for _ in range(3):
        answer = phone.post(address, {"action": "declare"})
        assert (answer.status_code, answer["Location"]) == (303, address)
    incident = Incident.objects.get()
    alert = running.alert
    assert alert is not None
    alert.refresh_from_db()
    assert (incident.title, incident.declared_by, alert.incident) == (alert.title, alice, incident)
    assert list(incident.services.all()) == [alert.service]
    assert (incident.detected_at, incident.summary) == (alert.first_at, alert.description)
    running.refresh_from_db()
    assert (running.status, running.acknowledged_by) == ("acknowledged", alice)
    html = phone.get(address).content.decode()
    assert f"Open {incident}" in html
    assert f"this is {incident}" in html


def test_declaring_while_signed_in_leads_to_the_room(client: Client, address: str, alice: User) -> None:
    client.force_login(alice)
    answer = client.post(address, {"action": "declare"})
    assert answer["Location"] == f"/incidents/{Incident.objects.get()}/"


def test_the_words_of_a_page_by_hand_can_become_an_incident(phone: Client, alice: User, bob: User) -> None:
    cast.severity()
    operations.page_by_hand(actor=alice, user=bob, message="Cards fail at the counter")
    drain()
    address = address_of(Page.objects.get(user=bob))
    assert "<b>Alice Example</b> writes: Cards fail at the counter" in phone.get(address).content.decode()
    for _ in range(2):
        press(phone, address, "declare")
    incident = Incident.objects.get()
    assert (incident.title, incident.declared_by) == ("Cards fail at the counter", bob)
    assert Escalation.objects.get().incident == incident


# Joining, and private incidents


def test_who_is_paged_for_an_incident_that_another_has_can_join(
    phone: Client, policy: Policy, alice: User, bob: User
) -> None:
    carol = cast.carol()
    incident = cast.incident(by=carol)
    cast.escalation(incident, policy)
    drain()
    operations.acknowledge(actor=carol, incident=incident)
    address = address_of(Page.objects.get(user=alice))
    assert f"Join {incident}" in phone.get(address).content.decode()
    assert press(phone, address, "join") == 303
    assert incident.participants.filter(user=alice).exists()


def test_there_is_nothing_to_join_without_an_incident(phone: Client, address: str) -> None:
    answer = phone.post(address, {"action": "join"})
    assert answer.status_code == 409
    assert "There is no open incident to join." in answer.content.decode()


def test_a_private_incident_is_not_told_to_who_only_has_the_address(
    phone: Client, client: Client, policy: Policy, alice: User
) -> None:
    incident = cast.incident(
        "Breach of the vault", by=cast.carol(), private=True, services=[cast.service("Vault")]
    )
    cast.escalation(incident, policy)
    drain()
    address = address_of(Page.objects.get(user=alice))
    html = phone.get(address).content.decode()
    assert "You are needed for a private incident" in html
    assert not any(word in html for word in ("Breach", "Vault", str(incident)))
    client.force_login(alice)
    assert "Breach" not in client.get(address).content.decode()
    assert press(phone, address, "acknowledge") == 303
    assert incident.participants.filter(user=alice).exists()
    assert "Breach of the vault" in client.get(address).content.decode()
    assert "Breach" not in phone.get(address).content.decode()


def test_what_is_related_does_not_give_away_a_private_incident(
    phone: Client, address: str, running: Escalation
) -> None:
    secret = cast.alert("Vault opened", of=running.alert.service)  # type: ignore[union-attr]
    incident = cast.incident("Breach", by=cast.carol(), private=True)
    alerts.attach_alerts([secret.pk], incident_id=incident.pk, actor=None)
    assert "Vault opened" not in phone.get(address).content.decode()


# Over, and tests


def test_an_alert_that_is_over_asks_for_nothing(
    phone: Client, address: str, running: Escalation, alice: User
) -> None:
    operations.resolve(alert=running.alert, actor=alice)  # type: ignore[arg-type]
    html = phone.get(address).content.decode()
    assert "It is over" in html
    assert "<button" not in html.split("<footer", 1)[1].split("</footer>", 1)[0]
    assert press(phone, address, "acknowledge") == 303
    running.refresh_from_db()
    assert running.status == "closed"


def test_long_after_it_ended_the_address_leads_nowhere(
    phone: Client, address: str, running: Escalation, alice: User
) -> None:
    operations.resolve(alert=running.alert, actor=alice)  # type: ignore[arg-type]
    Escalation.objects.update(closed_at=timezone.now() - timedelta(days=31))
    assert phone.get(address).status_code == 404


def test_a_test_page_says_so_and_is_acknowledged(phone: Client, alice: User) -> None:
    page = paging.send_test(alice)
    address = address_of(page)
    html = phone.get(address).content.decode()
    assert "This is a test" in html
    assert "Pass to" not in html
    assert "Ack and declare" not in html
    for action in ("pass", "declare", "undo"):
        assert press(phone, address, action) == 303
    assert Page.objects.get().status == "pending"
    assert press(phone, address, "acknowledge") == 303
    assert Page.objects.get().status == "acknowledged"
    assert "It reached you" in phone.get(address).content.decode()
