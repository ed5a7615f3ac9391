from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from config import env
from core.accounts.models import Role
from core.events.models import Event
from core.outbox import claims, draining
from core.outbox.claims import Room
from core.outbox.models import Message
from core.stack import self_status
from core.watch import direct, operations, readings, registry, watcher
from core.watch.models import Alarm, Canary, Heartbeat
from core.watch.readings import Beat, Flight
from core.watch.registry import Check, Probe
from core.watch.rules import Grade, Reading, Seen
from tests import cast
from tests.core.watch.test_detectors import ago, sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

    from tests.peers import Smtp, WebhookSink

pytestmark = pytest.mark.django_db
BAD = Seen("it", "It", Reading(grade=Grade.BAD, text="It stands still.", advice="Kick it."))


class Way:
    """A way of the canary that is under the test's hand."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.through: dict[int, datetime] = {}
        self.forgotten: list[int] = []
        self.probe = Probe(self.sent.append, self.through.get, self.forgotten.extend)


@pytest.fixture
def way() -> Iterator[Way]:
    kept, mine = registry.probe(), Way()
    registry.set_probe(mine.probe)
    yield mine
    assert kept is not None
    registry.set_probe(kept)


def reading(name: str) -> Reading:
    return next(check.look() for check in registry.checks() if check.name == name)


class TestCanary:
    def test_one_process_sends_it_each_minute(self, way: Way) -> None:
        for _ in range(3):
            watcher.fly(way.probe)
        (known,) = Canary.objects.all()
        assert way.sent == [known.slot]
        sql("update watch_canary set slot = slot - 1")
        watcher.fly(way.probe)
        assert way.sent == [known.slot, known.slot]

    def test_it_is_well_once_it_came_through_and_is_cleared_away(self, way: Way) -> None:
        assert reading("canary").text == "No canary page has been sent yet."
        watcher.fly(way.probe)
        (slot,) = way.sent
        assert reading("canary").text == "The first canary page is under way."
        way.through[slot] = timezone.now()
        watcher.fly(way.probe)
        assert way.forgotten == [slot]
        assert reading("canary").grade is Grade.GOOD
        assert reading("canary").text.startswith("A test page went the whole way ")

    def test_one_that_could_not_be_sent_is_missed_and_holds_up_nothing(self, way: Way) -> None:
        def refuse(_: int) -> None:
            raise RuntimeError("no web process")

        watcher.fly(Probe(refuse, way.through.get, way.forgotten.extend))
        sql(f"update watch_canary set started_at = {ago(35)}")
        assert reading("canary").text == "The canary page of 35 s ago has not arrived."
        assert reading("canary").grade is Grade.BAD

    def test_one_that_never_comes_is_forgotten_after_an_hour(self, way: Way) -> None:
        watcher.fly(way.probe)
        sql(f"update watch_canary set started_at = {ago(3700)}")
        watcher.fly(way.probe)
        assert way.forgotten == way.sent
        assert Canary.objects.count() == 0

    @pytest.mark.parametrize(
        ("flight", "text"),
        [
            (Flight(151, None, 160, 0.2), "No canary page has set out for 3 min."),
            (Flight(31, 31, 90, 0.2), "The canary page of 31 s ago has not arrived."),
            (Flight(10, None, 5, 31.0), "The last canary page took 31 s."),
        ],
    )
    def test_what_is_missed(self, flight: Flight, text: str) -> None:
        found = readings.canary(flight, is_on=True)
        assert (found.grade, found.text) == (Grade.BAD, text)

    def test_a_canary_under_way_is_no_trouble_for_half_a_minute(self) -> None:
        assert readings.canary(Flight(29, 29, 60, 0.2), is_on=True).grade is Grade.GOOD
        assert readings.canary(Flight(29, 29, 60, 0.2), is_on=False).grade is Grade.WARN


class TestHeartbeat:
    @pytest.fixture(autouse=True)
    def outside(self, settings: Settings, webhook_sink: WebhookSink) -> None:
        settings.PRIVATE_TARGETS = ["127.0.0.0/8"]
        settings.HEARTBEAT_URLS = [webhook_sink.url]

    def flown(self, *, took: int = 0) -> None:
        Canary.objects.create(slot=1)
        sql(f"update watch_canary set arrived_at = started_at + interval '{took} seconds'")

    def test_it_goes_out_once_for_a_canary_that_arrived(self, webhook_sink: WebhookSink) -> None:
        self.flown()
        watcher.beat()
        watcher.beat()
        assert len(webhook_sink.requests) == 1
        assert reading("heartbeat").text == "The last heartbeat went out 0 s ago."

    def test_without_a_canary_it_is_withheld(self, webhook_sink: WebhookSink) -> None:
        watcher.beat()
        Canary.objects.create(slot=1)
        watcher.beat()
        assert webhook_sink.requests == []

    def test_for_a_canary_that_was_late_it_is_withheld(self, webhook_sink: WebhookSink) -> None:
        self.flown(took=31)
        watcher.beat()
        assert webhook_sink.requests == []

    def test_for_a_canary_of_long_ago_it_is_withheld(self, webhook_sink: WebhookSink) -> None:
        self.flown()
        sql(f"update watch_canary set started_at = {ago(61)}, arrived_at = {ago(61)}")
        watcher.beat()
        assert webhook_sink.requests == []

    def test_what_goes_wrong_is_known_by_the_host_alone(
        self, settings: Settings, webhook_sink: WebhookSink
    ) -> None:
        webhook_sink.answer(404)
        settings.HEARTBEAT_URLS = [webhook_sink.url, "http://10.0.0.1/secret"]
        settings.PRIVATE_TARGETS = ["127.0.0.0/8"]
        self.flown()
        watcher.beat()
        found = dict(Heartbeat.objects.values_list("host", "error"))
        assert found["127.0.0.1"] == "HTTP 404"
        assert "private network" in found["10.0.0.1"]
        assert reading("heartbeat").grade is Grade.BAD
        assert "secret" not in reading("heartbeat").text

    def test_one_that_recovers_is_well_again(self, webhook_sink: WebhookSink) -> None:
        operations.note_heartbeat(webhook_sink.url, error="HTTP 404")
        operations.note_heartbeat(webhook_sink.url)
        (beat,) = Heartbeat.objects.all()
        assert (beat.error, beat.sent_at is not None) == ("", True)


def test_without_an_address_outside_total_death_would_not_be_heard() -> None:
    assert readings.heartbeats([], wanted=0).grade is Grade.WARN
    assert readings.heartbeats([], wanted=0, in_production=False).grade is Grade.GOOD
    assert readings.heartbeats([], wanted=1).text == "No heartbeat has gone out yet."
    assert readings.heartbeats([Beat("a", 20, ""), Beat("b", None, "HTTP 500")], wanted=2).text == (
        "A heartbeat fails: b: HTTP 500"
    )
    assert readings.heartbeats([Beat("a", 151, "")], wanted=1).grade is Grade.BAD


class TestClock:
    def test_a_clock_that_goes_evenly_is_no_news(self) -> None:
        clock = watcher.Clock()
        clock.look()
        clock.look()
        assert Alarm.objects.count() == 0

    def test_one_that_jumps_raises_the_alarm_once(self) -> None:
        cast.ada()
        clock = watcher.Clock()
        clock.look()
        assert clock._ahead is not None
        clock._ahead += 3600
        clock.look()
        clock.look()
        assert Alarm.objects.get().text == "The clock of Postgres jumped back by 60 min."

    @pytest.mark.parametrize(
        ("seconds", "grade"), [(5.0, Grade.GOOD), (-5.0, Grade.GOOD), (5.1, Grade.BAD), (-5.1, Grade.BAD)]
    )
    def test_five_seconds_are_too_much(self, seconds: float, grade: Grade) -> None:
        assert readings.jump(seconds).grade is grade


class TestAlarms:
    def test_every_admin_is_told_once_by_the_direct_lane(self) -> None:
        ada = cast.ada()
        cast.bob()
        assert operations.raise_alarm(BAD)
        assert not operations.raise_alarm(BAD)
        (message,) = Message.objects.all()
        assert (message.lane, message.channel, message.address) == (0, "email", ada.email)
        assert message.content["subject"] == "Paging needs you: It stands still."
        assert "Kick it." in message.content["text"]
        assert message.content["url"].endswith("/settings/paging-health/")
        assert Event.objects.filter(name="alarm.raised").count() == 1

    def test_it_ends_after_five_good_minutes_and_they_are_told(self) -> None:
        cast.ada()
        operations.raise_alarm(BAD)
        sql(f"update watch_alarm set seen_at = {ago(290)}")
        assert operations.clear_alarms() == 0
        sql(f"update watch_alarm set seen_at = {ago(310)}")
        assert operations.clear_alarms() == 1
        first, last = Message.objects.order_by("id")
        assert first.state == "suppressed"
        assert (last.content["subject"], last.lane) == ("Paging is well again: It", 2)
        assert Event.objects.filter(name="alarm.cleared").count() == 1
        assert operations.raise_alarm(BAD)
        assert Alarm.objects.count() == 2

    def test_what_is_seen_again_stays_open(self) -> None:
        cast.ada()
        operations.raise_alarm(BAD)
        sql(f"update watch_alarm set seen_at = {ago(310)}")
        operations.raise_alarm(BAD)
        assert operations.clear_alarms() == 0

    def test_what_is_bad_twice_and_nobody_else_tells_of_raises_it(self) -> None:
        cast.ada()
        kept = dict(registry._checks), dict(registry._detectors)
        registry._checks.clear()
        registry._detectors.clear()
        for name, grade, alarms in (("b", Grade.BAD, True), ("w", Grade.WARN, True), ("q", Grade.BAD, False)):
            found = Reading(grade=grade, text="x")
            registry.add(Check(name=name, title=name, order=1, look=partial(replace, found), alarms=alarms))
        watching = watcher.Watcher()
        try:
            watching.look()
            assert Alarm.objects.count() == 0
            watching.look()
        finally:
            registry._checks.clear()
            registry._checks.update(kept[0])
            registry._detectors.update(kept[1])
        assert list(Alarm.objects.values_list("check_name", flat=True)) == ["b"]

    def test_who_has_left_is_not_told(self) -> None:
        ada = cast.ada()
        operations.raise_alarm(BAD)
        ada.is_active = False
        ada.save()
        assert claims.claim(Room(10, 10), owner="w") == []
        assert Message.objects.get().error == "the account is closed"


@pytest.mark.django_db(transaction=True)
class TestPastTheOutbox:
    """The alarm may be about the very thing that would have brought it."""

    def test_a_mail_that_nobody_takes_is_sent_once(self, smtp: Smtp) -> None:
        cast.ada()
        operations.raise_alarm(BAD)
        assert direct.send_untaken() == 0
        sql(f"update outbox_message set due_at = {ago(21)}")
        assert [direct.send_untaken(), direct.send_untaken()] == [1, 0]
        (mail,) = smtp.wait(1)
        assert "Kick it." in mail.text
        message = Message.objects.get()
        assert (message.state, message.error) == ("suppressed", direct.REASON)
        draining.drain(kind="pagerd")
        assert len(smtp.mails) == 1

    def test_what_is_being_tried_is_left_to_the_outbox(self) -> None:
        cast.ada()
        operations.raise_alarm(BAD)
        sql(f"update outbox_message set due_at = {ago(21)}, attempts = 1")
        assert direct.send_untaken() == 0

    def test_what_one_took_and_died_over_is_sent_by_the_next(self, smtp: Smtp) -> None:
        cast.ada()
        operations.raise_alarm(BAD)
        sql(f"update outbox_message set due_at = {ago(21)}")
        sql(f"update watch_alarm set sent_directly_at = {ago(50)}")
        assert direct.send_untaken() == 0
        sql(f"update watch_alarm set sent_directly_at = {ago(61)}")
        assert direct.send_untaken() == 1
        assert len(smtp.wait(1)) == 1

    def test_whose_mail_is_being_tried_gets_none_from_here(self, smtp: Smtp) -> None:
        admins = [cast.ada(), cast.person("Root", role=Role.ADMIN)]
        operations.raise_alarm(BAD)
        sql(f"update outbox_message set due_at = {ago(21)}")
        Message.objects.filter(user=admins[0]).update(attempts=1)
        assert [direct.send_untaken(), direct.send_untaken()] == [1, 0]
        assert [mail.recipients for mail in smtp.wait(1)] == [["root@example.com"]]
        assert Message.objects.get(user=admins[0]).state == "pending"

    def test_what_the_mail_server_refuses_is_not_tried_for_ever(self, smtp: Smtp) -> None:
        smtp.behave("550")
        cast.ada()
        operations.raise_alarm(BAD)
        sql(f"update outbox_message set due_at = {ago(21)}")
        assert [direct.send_untaken(), direct.send_untaken()] == [1, 0]
        message = Message.objects.get()
        assert message.state == "suppressed"
        assert "No such mailbox" in message.error

    def test_where_the_mail_server_is_away_it_is_tried_again_and_the_outbox_keeps_it(
        self, settings: Settings
    ) -> None:
        settings.MAIL = env.mail("smtp://127.0.0.1:1")
        cast.ada()
        operations.raise_alarm(BAD)
        sql(f"update outbox_message set due_at = {ago(21)}")
        assert [direct.send_untaken(), direct.send_untaken()] == [1, 1]
        assert Message.objects.get().state == "pending"

    def test_the_watch_looks_for_them(self, smtp: Smtp, way: Way) -> None:
        cast.ada()
        operations.raise_alarm(BAD)
        sql(f"update outbox_message set due_at = {ago(21)}")
        watcher.Watcher().turn()
        assert "It stands still." in smtp.wait(1)[0].text


@pytest.mark.django_db(transaction=True)
def test_the_mail_arrives(smtp: Smtp) -> None:
    cast.ada()
    operations.raise_alarm(BAD)
    draining.drain(kind="pagerd")
    (mail,) = smtp.wait(1)
    assert "It stands still." in mail.text
    assert "Kick it." in mail.text


def test_it_ends_with_the_pager_and_can_be_switched_off(settings: Settings) -> None:
    settings.SELF_WATCH = False
    watcher.Watcher().run(threading.Event())
    settings.SELF_WATCH = True
    over = threading.Event()
    over.set()
    watcher.Watcher().run(over)
    assert Canary.objects.count() == 0


class TestSelfStatus:
    @pytest.fixture(autouse=True)
    def folder(self, settings: Settings, tmp_path: Path) -> None:
        settings.DATA_DIR = tmp_path / "data"

    def test_the_pager_leaves_it_in_the_data_folder_whole(self, tmp_path: Path) -> None:
        watcher.Watcher().look()
        (file,) = (tmp_path / "data").iterdir()
        assert file.name == "paging.json"
        said = json.loads(file.read_text())
        assert said["status"] in {"good", "warn", "bad"}
        assert said["checks"]["escalations_overdue"] == "good"
        assert datetime.fromisoformat(said["at"]).tzinfo is not None

    def test_it_is_served_without_the_database(self, client: Client) -> None:
        assert client.get("/health/paging.json").status_code == 404
        self_status.write({"status": "good"})
        with connection.execute_wrapper(refuse):
            answer = client.get("/health/paging.json")
        assert (answer.status_code, answer.json()) == (200, {"status": "good"})
        assert answer["Content-Type"] == "application/json"
        assert "no-store" in answer["Cache-Control"]

    def test_while_postgres_is_away_it_says_so(self) -> None:
        with connection.execute_wrapper(away):
            watcher.Watcher().turn()
        said = json.loads(self_status.read() or "")
        assert (said["status"], said["checks"]) == ("bad", {"database": "bad"})

    def test_it_names_nothing_that_somebody_may_not_know(self) -> None:
        cast.alert("A secret name")
        sql(f"update oncall_alert set first_at = {ago(35)}")
        watcher.Watcher().look()
        said = self_status.read()
        assert said is not None
        assert json.loads(said)["checks"]["alerts_unasked"] == "bad"
        assert "Alert " not in said


def refuse(*_: object) -> None:
    raise AssertionError("the database was asked")


def away(*_: object) -> None:
    raise OperationalError("the server closed the connection")
