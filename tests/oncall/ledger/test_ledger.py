from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.csv import cell
from core.outbox.models import Message
from core.tokens import operations as tokens
from oncall.escalation import operations
from oncall.inbox import operations as inbox
from oncall.ledger import rules
from oncall.models import Escalation, Page
from oncall.schedules import operations as schedules
from tests import cast
from tests.core.watch.test_detectors import ago, sql

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User
    from oncall.models import Alert

pytestmark = pytest.mark.django_db
PAGE, CSV = "/pages/", "/pages/export.csv"


def browser(user: User) -> Client:
    return cast.sign_in(Client(), user)


@pytest.fixture
def alert(bob: User) -> Alert:
    """An alert about which Bob was paged, by a message that failed once."""
    found = cast.alert("Checkout is down", of=cast.service())
    escalation = cast.escalation(found, cast.policy((60, [cast.always(bob)])))
    operations.advance_due()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into outbox_attempt (message_id, n, worker, outcome, detail, late)"
            " select id, 1, 'w', 'temporary', '451 come back later', false from outbox_message"
        )
    assert escalation.pages.count() == 1
    return found


def test_i_see_why_i_was_paged_by_which_rule_and_each_try(bob: User, alert: Alert) -> None:
    text = browser(bob).get(PAGE).content.decode()
    assert f'<a href="/alerts/{alert.pk}/">Checkout is down</a>' in text
    assert "Level 1 of Engineering: on call in Payments primary" in text
    assert '<a class="link" href="/escalation/engineering/">Open the policy Engineering</a>' in text
    assert "451 come back later" in text
    assert "b•••@example.com" in text


def test_i_see_who_else_was_asked_and_what_came_of_it(bob: User) -> None:
    alice = cast.alice()
    found = cast.alert("Checkout is down")
    cast.escalation(found, cast.policy((60, [bob, alice])))
    operations.advance_due()
    client = browser(bob)
    text = client.get(PAGE).content.decode()
    assert "Also asked: Alice Example." in text
    assert "Nobody has taken it yet; the next level is asked at" in text
    operations.acknowledge(alert=found, actor=alice)
    assert "Taken by Alice Example at" in client.get(PAGE).content.decode()
    operations.resolve(alert=found, actor=alice)
    assert "Over since" in client.get(PAGE).content.decode()


class TestAnAlert:
    """Everything about one alert: whoever was asked, by which rule, and what was held back."""

    def test_its_page_names_the_rule_and_why_a_message_was_held_back(self, bob: User, alert: Alert) -> None:
        type(alert).objects.filter(pk=alert.pk).update(routed_by="route “Payments” matched")
        operations.acknowledge(alert=alert, actor=bob)
        text = browser(bob).get(f"/alerts/{alert.pk}/").content.decode()
        assert "suppressed, acknowledged by Bob Example" in text
        assert '<a class="link" href="/escalation/engineering/">Open the policy Engineering</a>' in text
        assert 'Route “Payments” matched. <a class="link" href="/routes/">Open the routes</a>' in text
        assert f'href="/pages/?alert={alert.pk}">Show all of it</a>' in text

    def test_all_who_were_asked_stand_in_its_ledger_and_in_the_export(self, bob: User) -> None:
        alice = cast.alice()
        found, other = cast.alert("Checkout is down"), cast.alert("Search is slow")
        policy = cast.policy((60, [bob, alice]))
        cast.escalation(found, policy)
        cast.escalation(other, policy)
        operations.advance_due()
        client = browser(bob)
        text = client.get(f"{PAGE}?alert={found.pk}").content.decode()
        assert "Pages <small>2</small>" in text
        assert "<b>Bob Example</b> " in text
        assert "<b>Alice Example</b> " in text
        assert "Search is slow" not in text
        assert f'href="{CSV}?alert={found.pk}"' in text
        rows = list(csv.reader(io.StringIO(client.get(f"{CSV}?alert={found.pk}").content.decode())))
        assert {(row[1], row[2]) for row in rows[1:]} == {
            ("Bob Example", "Checkout is down"),
            ("Alice Example", "Checkout is down"),
        }

    def test_a_channel_that_was_told_and_a_level_that_is_nobody_are_in_it(self, bob: User) -> None:
        room, gone = cast.channel("room@example.com", kind="email"), cast.always(None)
        found = cast.alert("Checkout is down")
        cast.escalation(found, cast.policy((60, [gone, room])))
        operations.advance_due()
        text = browser(bob).get(f"{PAGE}?alert={found.pk}").content.decode()
        assert "<b>room@example.com</b> " in text
        assert "<b>Nobody</b> " in text

    def test_one_may_choose_a_person_of_it(self, bob: User) -> None:
        alice = cast.alice()
        found = cast.alert("Checkout is down")
        cast.escalation(found, cast.policy((60, [bob, alice])))
        operations.advance_due()
        text = browser(bob).get(f"{PAGE}?alert={found.pk}&user={alice.pk}").content.decode()
        assert "Pages <small>1</small>" in text

    def test_one_that_is_absent_or_private_does_not_exist(self, bob: User, alert: Alert) -> None:
        alice = cast.alice()
        inbox.attach(alert, incident=cast.incident(by=alice, private=True), actor=alice)
        assert browser(bob).get(f"{PAGE}?alert={alert.pk}").status_code == 404
        assert browser(bob).get(f"{CSV}?alert={alert.pk}").status_code == 404
        assert browser(bob).get(f"{PAGE}?alert=0").status_code == 404
        assert browser(bob).get(f"{PAGE}?alert=x").status_code == 404


def test_it_is_in_the_menu(bob: User) -> None:
    assert f'href="{PAGE}"' in browser(bob).get("/more/").content.decode()


def test_managers_of_somebody_s_team_and_admins_see_why_they_were_paged(bob: User, alert: Alert) -> None:
    for viewer in (cast.mona(), cast.person("Root", role="admin")):
        assert "Checkout is down" not in browser(viewer).get(PAGE).content.decode()
        text = browser(viewer).get(f"{PAGE}?user={bob.pk}").content.decode()
        assert "Checkout is down" in text
        assert "Why was Bob Example paged?" in text
        assert "Checkout is down" in browser(viewer).get(f"{CSV}?user={bob.pk}").content.decode()


def test_all_of_somebody_s_nights_are_not_for_colleagues(bob: User, alert: Alert) -> None:
    strangers = cast.team("Strangers")
    manager_of_others = cast.person("Max", role="manager", team=strangers)
    for viewer in (cast.alice(), cast.vera(), manager_of_others):
        text = browser(viewer).get(f"{PAGE}?user={bob.pk}").content.decode()
        assert "Checkout is down" not in text
        assert "Why was I paged?" in text
        assert f'value="{bob.pk}"' not in text
        assert "Checkout is down" not in browser(viewer).get(f"{CSV}?user={bob.pk}").content.decode()
        api = cast.caller(viewer)
        answer = api.get("/api/v1/pages/", {"user": bob.pk})
        assert answer.status_code == 403
        assert "You see your own pages" in answer.json()["detail"]
        assert api.get("/api/v1/pages/").json()["results"] == []
        # Who was asked about one alert is for everybody who may see the alert.
        (row,) = api.get("/api/v1/pages/", {"alert": alert.pk, "user": bob.pk}).json()["results"]
        assert row["user"] == str(bob.pk)


def test_a_list_of_pages_has_those_of_whom_one_looks_after(bob: User, alert: Alert) -> None:
    for viewer in (bob, cast.mona(), cast.person("Root", role="admin")):
        for query in ({}, {"user": bob.pk}):
            (row,) = cast.caller(viewer).get("/api/v1/pages/", query).json()["results"]
            assert row["user"] == str(bob.pk)


def test_what_is_about_a_private_incident_stays_with_its_members(bob: User) -> None:
    ada, alice = cast.ada(), cast.alice()
    incident = cast.incident("Payroll is on the street", by=ada, private=True)
    cast.escalation(incident, cast.policy((60, [bob])))
    operations.advance_due()
    assert "Payroll is on the street" in browser(bob).get(PAGE).content.decode()
    for path in (PAGE, CSV):
        assert "Payroll" not in browser(alice).get(f"{path}?user={bob.pk}").content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", True),
        ("?status=pending", True),
        ("?status=failed", False),
        ("?urgency=high", True),
        ("?urgency=low", False),
        ("?days=1", True),
        ("?days=x&status=y&urgency=z&user=999999", True),
    ],
)
def test_filters(bob: User, alert: Alert, query: str, shown: object) -> None:
    assert ("Checkout is down" in browser(bob).get(PAGE + query).content.decode()) is shown


def test_only_the_days_that_were_asked_for(bob: User, alert: Alert) -> None:
    sql(f"update oncall_page set created_at = {ago(40 * 86400)}")
    client = browser(bob)
    assert "Checkout is down" not in client.get(PAGE).content.decode()
    assert "Checkout is down" in client.get(f"{PAGE}?days=90").content.decode()


def test_many_pages_cost_as_many_queries_as_one(
    bob: User, alert: Alert, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    escalation = Escalation.objects.get()
    Page.objects.bulk_create(
        Page(
            escalation=escalation, user=bob, round=9, position=n, nonce="x", planned_at=escalation.started_at
        )
        for n in range(60)
    )
    client = browser(bob)
    with django_assert_max_num_queries(22):
        text = client.get(PAGE).content.decode()
    assert "Older" in text


class TestExport:
    def rows(self, client: Client, query: str = "") -> list[dict[str, str]]:
        answer = client.get(CSV + query)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"] == 'attachment; filename="pages.csv"'
        return list(csv.DictReader(io.StringIO(answer.content.decode())))

    def test_a_line_for_each_message(self, bob: User, alert: Alert) -> None:
        (row,) = self.rows(browser(bob))
        assert list(row) == list(rules.COLUMNS)
        assert (row["person"], row["about"], row["alert"]) == (
            "Bob Example",
            "Checkout is down",
            str(alert.pk),
        )
        assert (row["policy"], row["level"], row["pass"]) == ("Engineering", "1", "1")
        assert (row["channel"], row["address"], row["status"]) == ("email", "b•••@example.com", "pending")
        assert row["attempts"].endswith("temporary 451 come back later")
        assert row["planned_at"].endswith("Z")

    def test_a_page_without_a_message_has_its_line_too(self, bob: User, alert: Alert) -> None:
        Message.objects.all().delete()
        (row,) = self.rows(browser(bob))
        assert (row["status"], row["channel"], row["attempts"]) == ("pending", "", "")

    def test_no_cell_is_a_formula(self, bob: User) -> None:
        cast.escalation(cast.alert('=HYPERLINK("http://x")'), cast.policy((60, [bob])))
        operations.advance_due()
        (row,) = self.rows(browser(bob))
        assert row["about"] == '\'=HYPERLINK("http://x")'
        assert [cell(value) for value in ("+1", "-1", "@x", "\tx", "a=b", None, 7)] == [
            "'+1",
            "'-1",
            "'@x",
            "'\tx",
            "a=b",
            "",
            "7",
        ]

    def test_it_asks_for_the_password_after_a_while(self, bob: User) -> None:
        client = Client()
        client.force_login(bob)
        assert client.get(CSV).status_code == 302


def test_both_only_read(bob: User) -> None:
    for path in (PAGE, CSV):
        assert browser(bob).post(path).status_code == 405


def test_the_api_names_the_policy_and_the_route(bob: User, alert: Alert) -> None:
    _, secret = tokens.create(bob, name="x", scopes=["read"])
    answer = Client().get("/api/v1/pages/", headers={"Authorization": f"Bearer {secret}"})
    (row,) = answer.json()["results"]
    assert (row["policy"], row["routed_by"]) == ("engineering", "")


def test_the_api_gives_the_pages_of_an_alert_and_of_an_incident_with_its_alerts(bob: User) -> None:
    alert, other = cast.alert("Checkout is down"), cast.alert("Search is slow")
    policy = cast.policy((60, [bob]))
    for about in (alert, other):
        cast.escalation(about, policy)
    operations.advance_due()
    incident = cast.incident(by=bob)
    inbox.attach(alert, incident=incident, actor=bob)
    _, secret = tokens.create(bob, name="x", scopes=["read"])
    for query in (f"alert={alert.pk}", f"incident={incident.number}"):
        answer = Client().get(f"/api/v1/pages/?{query}", headers={"Authorization": f"Bearer {secret}"})
        assert [row["alert"] for row in answer.json()["results"]] == [str(alert.pk)]


def test_why_says_by_which_exception_of_the_schedule_it_was_them(alice: User, bob: User) -> None:
    now = timezone.now()
    schedule = cast.always(alice)
    schedules.add_override(schedule, start=now, end=now + timedelta(hours=2), user=bob, actor=alice)
    cast.escalation(cast.alert(of=cast.service()), cast.policy((60, [schedule])))
    operations.advance_due()
    page = Page.objects.get()
    said = f"on call in Payments primary (override by Alice Example until {now + timedelta(hours=2):%Y-%m-%d %H:%M} UTC)"
    assert page.user == bob
    assert page.why.startswith(f"Level 1 of Engineering: {said}.")
    assert said in browser(bob).get(PAGE).content.decode()
    assert said in cast.caller(bob).get(f"/api/v1/pages/{page.pk}/").json()["why"]
