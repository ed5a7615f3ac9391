from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from core.outbox.models import Message
from core.timers import operations as timers
from core.watch import queries, registry
from core.watch.rules import Grade
from oncall.escalation import operations
from oncall.models import Escalation
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from core.watch.rules import Reading

pytestmark = pytest.mark.django_db


def look(name: str) -> Reading:
    """What the detector of that name sees."""
    return queries.detect(next(each for each in registry.detectors() if each.name == name))


def names(name: str) -> list[str]:
    return [finding.what for finding in look(name).findings]


def sql(statement: str, *values: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def message(state: str = "pending", *, key: str = "m1", lane: int = 0, **columns: str) -> int:
    """A message in a state; the columns are SQL."""
    lease = "gen_random_uuid()" if state == "sending" else "null"
    columns = {"due_at": "now()", **columns}
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into outbox_message (key, client, subject_id, epoch, lane, channel, address, secret, content,"
            " state, not_after, attempts, unknown_outcomes, lease_token, lease_owner, provider_id, error,"
            f" {', '.join(columns)}) values (%s, 'test', 1, 1, %s, 'email', 'a', '', '{{}}', %s,"
            f" now() + interval '1 day', 0, 0, {lease}, '', '', '', {', '.join(columns.values())}) returning id",
            [key, lane, state],
        )
        pk: int = cursor.fetchone()[0]
    return pk


def ago(seconds: int) -> str:
    return f"now() - interval '{seconds} seconds'"


def test_nothing_is_stuck_in_an_empty_install() -> None:
    for detector in registry.detectors():
        reading = queries.detect(detector)
        assert (reading.grade, reading.text) == (Grade.GOOD, "Nothing is stuck."), detector.name


@pytest.mark.parametrize("lane", [0, 1, 2, 3])
def test_a_message_that_nobody_takes_is_found_after_half_a_minute(lane: int) -> None:
    message(key="just due", lane=lane, due_at=ago(25))
    message(key="put off", lane=lane, due_at="now() + interval '1 minute'")
    assert names("messages_unclaimed") == []
    late = message(key="late", lane=lane, due_at=ago(35))
    assert names("messages_unclaimed") == [f"Message {late}"]


def test_a_message_whose_sender_is_gone_is_found_half_a_minute_after_its_lease() -> None:
    message("sending", key="young", due_at=ago(100), lease_until=ago(25))
    assert names("leases_lost") == []
    left = message("sending", key="left", due_at=ago(100), lease_until=ago(35))
    assert names("leases_lost") == [f"Message {left}"]
    assert names("messages_unclaimed") == []


@pytest.mark.parametrize("state", ["expired", "unknown"])
def test_a_page_that_ended_unknown_is_found_for_an_hour(state: str) -> None:
    message(state, key="bulk", lane=3, ended_at=ago(10))
    message(state, key="old", ended_at=ago(3700))
    message("failed", key="failed", ended_at=ago(10))
    assert names("pages_lost") == []
    lost = message(state, key="lost", ended_at=ago(10))
    assert names("pages_lost") == [f"Message {lost}"]


def test_an_overdue_deadline_is_found() -> None:
    timers.set("any", 1, occurrence="1", due_at=timezone.now() - timedelta(seconds=25))
    assert names("timers_overdue") == []
    timers.set("any", 2, occurrence="1", due_at=timezone.now() - timedelta(seconds=35))
    assert len(names("timers_overdue")) == 1
    timers.cancel("any", [2])
    assert names("timers_overdue") == []


def test_an_event_that_was_not_handed_over_is_found() -> None:
    sql("insert into events_event (name, subject_id, payload) values ('any.happened', 1, '{}')")
    sql(
        "insert into events_eventdelivery (event_id, handler, due_at, attempts, error)"
        f" select id, 'h', {ago(65)}, 3, '' from events_event"
    )
    assert len(names("events_undelivered")) == 1
    sql("update events_eventdelivery set done_at = now()")
    assert names("events_undelivered") == []


def test_a_signal_that_was_not_processed_is_found() -> None:
    integration, _ = cast.source()
    sql(
        "insert into oncall_signal (integration_id, kind, content_type, body, received_at)"
        f" values (%s, 'generic', '', '', {ago(35)})",
        integration.pk,
    )
    assert len(names("signals_unprocessed")) == 1
    sql("update oncall_signal set state = 'processed'")
    assert names("signals_unprocessed") == []


class TestAlerts:
    def test_an_urgent_alert_that_nobody_was_asked_about_is_found(self) -> None:
        alert = cast.alert()
        assert names("alerts_unasked") == []
        sql(f"update oncall_alert set first_at = {ago(35)}")
        (finding,) = look("alerts_unasked").findings
        assert (finding.what, finding.path) == (f"Alert {alert.pk}", f"/alerts/{alert.pk}/")

    @pytest.mark.parametrize(
        "change",
        ["urgency = 'low'", "status = 'acknowledged'", "status = 'resolved'", "snoozed_until = now()"],
    )
    def test_one_that_needs_nobody_is_not(self, change: str) -> None:
        cast.alert()
        sql(f"update oncall_alert set first_at = {ago(35)}, {change}")
        assert names("alerts_unasked") == []

    def test_one_with_an_escalation_is_not(self) -> None:
        cast.escalation(cast.alert(), cast.policy((60, [cast.alice()])))
        sql(f"update oncall_alert set first_at = {ago(35)}")
        assert names("alerts_unasked") == []


class TestEscalations:
    def test_one_that_is_late_is_found_with_its_alert(self, alice: User) -> None:
        alert = cast.alert()
        escalation = cast.escalation(alert, cast.policy((60, [alice])))
        sql(f"update oncall_escalation set next_at = {ago(25)}")
        assert names("escalations_overdue") == []
        sql(f"update oncall_escalation set next_at = {ago(35)}")
        reading = look("escalations_overdue")
        assert reading.grade is Grade.BAD
        assert reading.text == (
            f"Escalation {escalation.pk} is more than 30 s late with asking its next level."
        )
        assert reading.findings[0].path == f"/alerts/{alert.pk}/"

    def test_what_is_about_an_incident_names_no_incident(self, alice: User) -> None:
        cast.escalation(cast.incident(by=alice), cast.policy((60, [alice])))
        sql(f"update oncall_escalation set next_at = {ago(35)}")
        assert look("escalations_overdue").findings[0].path == ""

    @pytest.mark.parametrize(("round_", "level", "found"), [(0, 1, 0), (1, 0, 0), (1, 1, 1)])
    def test_a_level_that_was_passed_without_a_page_is_found(
        self, alice: User, round_: int, level: int, found: int
    ) -> None:
        escalation = cast.escalation(cast.alert(), cast.policy((60, [alice]), (60, [alice]), repeat=2))
        assert names("levels_unpaged") == []
        operations.advance_due()
        Escalation.objects.filter(pk=escalation.pk).update(round=round_, level=level)
        assert len(names("levels_unpaged")) == found
        sql("delete from oncall_page")
        assert names("levels_unpaged") == [names_of(escalation)]

    def test_one_that_nobody_answered_is_found_until_it_is_over(self, alice: User) -> None:
        escalation = cast.escalation(cast.alert(), cast.policy((60, [alice])))
        sql(
            "update oncall_escalation set status = 'exhausted', next_at = null,"
            " exhausted_at = now() - interval '2 days'"
        )
        assert names("escalations_unanswered") == [names_of(escalation)]
        sql("update oncall_escalation set alert_id = null, message = 'Please come'")
        assert names("escalations_unanswered") == []
        sql("update oncall_escalation set exhausted_at = now()")
        assert names("escalations_unanswered") == [names_of(escalation)]
        sql("update oncall_escalation set status = 'acknowledged'")
        assert names("escalations_unanswered") == []


def names_of(escalation: Escalation) -> str:
    return f"Escalation {escalation.pk}"


def test_the_oldest_are_named_and_the_others_only_counted() -> None:
    for n in range(25):
        message(key=f"m{n}", due_at=ago(40 + n))
    reading = look("messages_unclaimed")
    oldest = Message.objects.get(key="m24")
    assert reading.findings[0].what == f"Message {oldest.pk}"
    assert (len(reading.findings), reading.more) == (20, True)
    assert reading.text.startswith(
        f"20+ are stuck. The oldest: Message {oldest.pk} is due for more than 30 s"
    )


def test_prometheus_gets_a_number_for_every_detector(client: Client) -> None:
    message(due_at=ago(35))
    text = client.get("/metrics").content.decode()
    for detector in registry.detectors():
        expected = 1 if detector.name == "messages_unclaimed" else 0
        assert f'watchbill_stuck{{detector="{detector.name}"}} {expected}.0' in text
