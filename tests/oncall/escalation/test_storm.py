"""A storm and an outage, as one person meets them: a few pages, one digest a minute, and nothing that is over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from core.outbox import bundling, telling
from core.outbox.models import Message
from core.outbox.sending import send_due
from oncall.alerts import operations as alerts
from oncall.escalation import operations
from oncall.models import Alert, Page
from oncall.paging import queries as paging
from oncall.paging import rules
from oncall.paging.rules import Digest
from tests import cast
from tests.oncall.escalation.clock import drain, pass_time

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries, Settings

    from core.accounts.models import User
    from tests.peers import Mail, Smtp


@pytest.fixture(autouse=True)
def _no_minute_ends_by_itself(settings: Settings) -> None:
    settings.PAGER_DIGEST_SECONDS = 10**9


class TestWords:
    def test_a_digest_counts_alerts_and_services_and_names_the_newest(self) -> None:
        words = rules.compose_digest(
            Digest(
                count=412,
                services=tuple((f"Service {n}", 60 - n) for n in range(14)),
                titles=("Disk is <full>", "CPU is hot"),
                url="https://x/p/-/t/",
            )
        )

        assert words.subject == "+412 alerts of 14 services"
        assert words.text.splitlines()[0] == "412 more alerts of 14 services for you to look at."
        assert "Service 0: 60, Service 1: 59," in words.text
        assert "Service 11: 49, and 2 more" in words.text
        assert "- Disk is <full>\n- CPU is hot" in words.text
        assert words.text.endswith("See and acknowledge them: https://x/p/-/t/")
        assert "Disk is &lt;full&gt;" in words.html
        assert 'href="https://x/p/-/t/"' in words.html

    def test_one_alert_of_no_service_is_said_in_the_singular(self) -> None:
        words = rules.compose_digest(Digest(count=1, services=(), titles=(), url="u"))

        assert words.subject == "+1 alert"
        assert words.text == "1 more alert for you to look at.\n\nSee and acknowledge them: u"

    def test_programs_get_the_numbers(self) -> None:
        data = rules.digest_data(Digest(count=3, services=(("Payments API", 3),), titles=(), url="u"))

        assert data == {
            "type": "digest",
            "title": "+3 alerts of 1 service",
            "alerts": 3,
            "services": {"Payments API": 3},
            "url": "u",
        }


def storm(bob: User, count: int, *, urgency: str = "high") -> list[Alert]:
    """So many alerts of two services, all asking Bob."""
    policy = cast.policy((600, [bob]))
    services = [cast.service(), cast.service("Search")]
    found = [cast.alert(f"Alert {n}", of=services[n % 2], urgency=urgency) for n in range(count)]
    for alert in found:
        cast.escalation(alert, policy, urgency=urgency)
    drain()
    return found


def minute_is_over() -> None:
    with connection.cursor() as cursor:
        cursor.execute("update outbox_message set due_at = now() where client = 'oncall.page.digest'")
    send_due()
    while bundling.tell_due(telling.tell):
        pass


def digest_mails(smtp: Smtp) -> list[Mail]:
    return [mail for mail in smtp.mails if mail.subject.startswith("+")]


@pytest.mark.django_db
class TestStorm:
    def test_a_person_gets_a_few_pages_at_once_and_then_one_digest(self, bob: User, smtp: Smtp) -> None:
        storm(bob, 25)
        send_due()
        assert len(smtp.mails) == 5
        assert set(Page.objects.values_list("status", flat=True)) == {"sent", "pending"}

        minute_is_over()

        assert len(smtp.mails) == 6
        (mail,) = digest_mails(smtp)
        assert mail.subject == "+20 alerts of 2 services"
        assert "Payments API: 10, Search: 10" in mail.text
        assert set(Page.objects.values_list("status", flat=True)) == {"sent"}

    def test_the_ledger_shows_that_it_went_together_with_others_and_when(self, bob: User, smtp: Smtp) -> None:
        storm(bob, 7)
        send_due()
        minute_is_over()

        last = paging.ledger(bob)[0]
        (delivery,) = last.deliveries
        assert delivery.state == "bundled"
        assert [one.outcome for one in delivery.attempts] == ["accepted"]

    def test_the_link_lists_what_is_in_it_and_takes_it(self, bob: User, smtp: Smtp, client: Client) -> None:
        found = storm(bob, 8)
        send_due()
        minute_is_over()
        address = link(digest_mails(smtp)[0])

        page = client.get(address)
        assert (page.status_code, page["Referrer-Policy"]) == (200, "no-referrer")
        for alert in found[5:]:
            assert alert.title in page.content.decode()
        assert found[0].title not in page.content.decode()
        assert "Acknowledge all 3" in page.content.decode()
        assert set(Alert.objects.values_list("status", flat=True)) == {"triggered"}

        answer = client.post(address)
        assert (answer.status_code, answer["Location"]) == (303, address)
        taken = Alert.objects.filter(status="acknowledged")
        assert sorted(taken.values_list("pk", flat=True)) == [alert.pk for alert in found[5:]]
        assert {alert.acknowledged_by for alert in taken} == {bob}
        after = client.get(address).content.decode()
        assert "Nothing waits here" in after
        assert after.count("You have it") == 3
        assert client.post(address).status_code == 303

    def test_the_link_is_for_its_digest_alone(self, bob: User, smtp: Smtp, client: Client) -> None:
        storm(bob, 8)
        send_due()
        minute_is_over()
        address = link(digest_mails(smtp)[0])
        page = link(next(mail for mail in smtp.mails if not mail.subject.startswith("+")))

        assert client.get(address.replace("/p/-/", "/p/")).status_code == 404
        assert client.get(page.replace("/p/", "/p/-/")).status_code == 404
        assert client.get(f"{address[:-2]}./").status_code == 404
        assert client.post("/p/-/nothing/").status_code == 404
        assert client.delete(address).status_code == 405
        bob.is_active = False
        bob.save()
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404

    def test_however_many_are_in_it_the_list_costs_the_same(
        self, bob: User, smtp: Smtp, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        storm(bob, 30)
        send_due()
        minute_is_over()
        address = link(digest_mails(smtp)[0])

        with django_assert_max_num_queries(12):
            client.get(address)

    def test_a_private_incident_is_counted_and_never_named(
        self, bob: User, smtp: Smtp, client: Client
    ) -> None:
        found = storm(bob, 8)
        secret = cast.incident("Somebody left", private=True)
        Alert.objects.filter(pk=found[7].pk).update(incident=secret, title="Somebody left")
        send_due()
        minute_is_over()

        (mail,) = digest_mails(smtp)
        assert mail.subject == "+3 alerts of 2 services"
        assert "Somebody left" not in mail.text
        assert "Somebody left" not in client.get(link(mail)).content.decode()

    def test_what_was_resolved_before_the_digest_is_not_in_it(self, bob: User, smtp: Smtp) -> None:
        found = storm(bob, 8)
        send_due()
        operations.resolve(alert=found[5], actor=None)
        minute_is_over()

        assert digest_mails(smtp)[0].subject == "+2 alerts of 2 services"

    def test_a_digest_of_which_all_was_resolved_is_never_sent(self, bob: User, smtp: Smtp) -> None:
        found = storm(bob, 8)
        send_due()
        for alert in found[5:]:
            operations.resolve(alert=alert, actor=None)
        minute_is_over()

        assert digest_mails(smtp) == []
        assert Message.objects.get(client="oncall.page.digest").state == "suppressed"

    def test_a_critical_page_does_not_wait_for_the_digest_of_others(self, bob: User, smtp: Smtp) -> None:
        storm(bob, 10, urgency="low")
        send_due()
        cast.escalation(cast.alert("The shop is down"), cast.policy((600, [bob]), name="Other"))
        drain()
        send_due()

        assert any("The shop is down" in mail.subject for mail in smtp.mails)

    def test_what_a_person_writes_by_hand_never_waits(self, bob: User, smtp: Smtp) -> None:
        storm(bob, 10)
        send_due()
        operations.page_by_hand(user=bob, actor=cast.alice(), message="Please call me")
        drain()
        send_due()

        assert any("Please call me" in mail.subject for mail in smtp.mails)

    def test_when_the_digest_fails_the_next_method_is_tried_for_each(self, bob: User, smtp: Smtp) -> None:
        storm(bob, 7)
        send_due()
        smtp.behave("550")
        minute_is_over()

        pages = Page.objects.filter(pk__in=Message.objects.filter(state="bundled").values("subject_id"))
        assert set(pages.values_list("status", flat=True)) == {"failed"}


@pytest.mark.django_db
class TestAfterAnOutage:
    def test_overdue_levels_become_one_page_of_the_level_whose_time_it_is_marked_late(
        self, bob: User, smtp: Smtp
    ) -> None:
        alice, carol = cast.alice(), cast.carol()
        escalation = cast.escalation(cast.alert(), cast.policy((300, [alice]), (300, [bob]), (300, [carol])))
        pass_time(escalation, minutes=7)
        drain()
        send_due()

        (mail,) = smtp.mails
        assert mail.recipients == [bob.email]
        assert "This page is 2:00 late" in mail.text
        skipped = Page.objects.filter(user=None)
        assert list(skipped.values_list("level", "status")) == [(0, "suppressed")]

    def test_several_that_are_open_and_half_an_hour_old_are_one_digest(self, bob: User, smtp: Smtp) -> None:
        policy = cast.policy((3600, [bob]))
        for n in range(3):
            pass_time(cast.escalation(cast.alert(f"Old {n}"), policy), minutes=40)
        cast.escalation(cast.alert("New"), policy)
        drain()
        send_due()
        assert ["New" in mail.subject for mail in smtp.mails] == [True]

        minute_is_over()

        assert [mail.subject for mail in digest_mails(smtp)] == ["+3 alerts"]
        assert len(smtp.mails) == 2

    def test_what_was_resolved_meanwhile_is_never_paged(self, bob: User, smtp: Smtp) -> None:
        policy = cast.policy((3600, [bob]))
        found = [cast.alert(f"Old {n}") for n in range(4)]
        for alert in found:
            pass_time(cast.escalation(alert, policy), minutes=40)
        for alert in found:
            alerts.resolve_alert(alert.pk, actor=None)
        drain()
        send_due()
        minute_is_over()

        assert smtp.mails == []


def link(mail: Mail) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/p/\S+)", mail.text)
    assert found is not None, mail.text
    return found.group(1)
