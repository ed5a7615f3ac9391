"""Paging from the snapshot: who, how often, and how the escalation goes on from there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from core.accounts.models import User
from core.channels import secrets
from core.watch.rules import Grade
from oncall import pipeline
from oncall.alerts.accept import draining
from oncall.alerts.spool import asked, files
from oncall.breakglass import operations, queries, rules
from oncall.breakglass.rules import Call, Tried, Turn, Word
from oncall.models import Escalation, Page
from oncall.routing import operations as routing
from tests import cast
from tests.oncall.alerts.test_spool import spooled

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from tests.peers import Smtp

needs_database = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path: Path, settings: Settings) -> Path:
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.BREAK_GLASS = True
    return tmp_path / "spool"


@pytest.fixture
def key(spool: Path) -> str:
    """A source of a service whose policy asks Alice, then Bob; the snapshot is written."""
    policy = cast.policy((300, [cast.alice()]), (600, [cast.bob()]))
    service = cast.service()
    routing.set_service_policy(service, policy=policy)
    _, key = cast.source(of=service)
    operations.write()
    return key


def body(name: str = "d", **more: object) -> bytes:
    return json.dumps(
        {"title": f"{name} is full", "dedup_key": name, "severity": "critical", **more}
    ).encode()


class TestPaging:
    pytestmark = needs_database

    def test_the_first_level_is_paged_once_and_the_escalation_goes_on_with_the_second(
        self, key: str, smtp: Smtp
    ) -> None:
        spooled(key, body("disk"))
        assert operations.page_waiting() == 1
        spooled(key, body("memory"))
        assert operations.page_waiting() == 0
        (mail,) = smtp.mails
        assert (mail.recipients, mail.subject) == (["alice@example.com"], "Break-glass: disk is full")
        assert draining.drain_due() == 2
        assert pipeline.process_due() == 2
        first, second = Escalation.objects.order_by("id")
        page = Page.objects.get(escalation=first)
        assert (page.user, page.level, page.status) == (_user("alice"), 0, "sent")
        assert page.why.startswith("Paged by break-glass at ")
        assert page.sent_at is not None
        assert (first.level, first.next_at) == (1, page.sent_at + timedelta(seconds=300))
        assert first.plan["reason"].startswith(page.why.partition(":")[0])
        assert (second.level, Page.objects.filter(escalation=second).exists()) == (0, False)
        assert not [path for path in files.folder(asked.FOLDER).iterdir() if asked.ONCE not in path.name]

    def test_what_is_over_or_can_wait_wakes_nobody(self, key: str, smtp: Smtp) -> None:
        spooled(key, body("disk"))
        spooled(key, body("disk", action="resolve", status="resolved"))
        spooled(key, body("load", severity="info"))
        assert operations.page_waiting() == 0
        assert smtp.mails == []

    def test_when_nobody_was_reached_it_is_tried_again_soon_and_the_first_level_is_asked_after_all(
        self, key: str, smtp: Smtp
    ) -> None:
        smtp.behave("550")
        spooled(key, body())
        assert operations.page_waiting() == 1
        assert not asked.may_ask(_subject(), every_seconds=600)
        assert asked.may_ask(_subject(), every_seconds=570)
        draining.drain_due()
        pipeline.process_due()
        assert (Escalation.objects.get().level, Page.objects.count()) == (0, 0)

    def test_the_snapshot_tells_nothing_without_the_key(self, key: str, spool: Path) -> None:
        content = queries.path().read_text()
        assert content.startswith(secrets.MARK)
        assert queries.path().stat().st_mode & 0o077 == 0
        snapshot = queries.load()
        assert snapshot is not None
        assert [person.name for person in snapshot.people.values()] >= ["Alice"]
        assert queries.look().grade is Grade.GOOD
        queries.path().write_text(secrets.MARK + "nonsense")
        assert queries.load() is None
        assert queries.look().grade is Grade.BAD

    def test_while_postgres_answers_nobody_is_paged(self, key: str, smtp: Smtp) -> None:
        spooled(key, body())
        assert operations.Lookout().turn() == 0
        assert smtp.mails == []


def _user(name: str) -> User:
    return User.objects.get(email=f"{name}@example.com")


def _subject() -> str:
    snapshot = queries.load()
    assert snapshot is not None
    return f"service-{next(iter(snapshot.world.policies))}"


def call(name: str, subject: str = "service-1") -> Call:
    return Call(name, subject, 7, f"{name} is full")


def test_a_call_that_a_later_word_ends_is_none() -> None:
    words = [
        Word((1, "a"), wants=True, call=call("one")),
        Word((1, "b"), wants=True, call=call("two")),
        Word((1, "a"), wants=False, call=call("three")),
    ]
    assert rules.open_calls(words) == [call("two")]


def test_what_comes_again_about_an_alert_that_somebody_was_asked_for_is_no_call() -> None:
    words = [
        Word((1, "a"), wants=True, call=call("one"), is_asked=True),
        Word((1, "a"), wants=True, call=call("two")),
    ]
    assert rules.open_calls(words) == []


def test_a_service_is_paged_once_for_all_that_waits() -> None:
    turns = {7: (Turn(NOW, 0, (1,)), Turn(NOW + timedelta(hours=1), 1, (2,)))}
    (page,) = rules.pages([call("one"), call("two")], turns, at=NOW + timedelta(hours=2))
    assert (page.title, page.turn.people, page.turn.level) == ("one is full (+1 more)", (2,), 1)
    assert rules.pages([call("one")], {7: (Turn(NOW, 0, ()),)}, at=NOW) == []
    assert rules.pages([call("one")], turns, at=NOW - timedelta(hours=1)) == []


def test_who_was_reached_is_said_in_words() -> None:
    tried = [
        Tried(1, "Alice", "sms", reached=True),
        Tried(1, "Alice", "push", reached=True),
        Tried(2, "Bob", "sms", reached=False),
    ]
    assert rules.words(tried) == "Alice by sms and push"
