"""Signals, people and workers in any order that Hypothesis thinks of: who is asked is always who should be."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.outbox import claims
from core.outbox.claims import Result
from core.outbox.models import Message
from oncall import pipeline
from oncall.alerts.models import Alert, Signal
from oncall.escalation import operations
from oncall.escalation.models import Escalation
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import drain, pass_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.models import User
    from oncall.models import Integration

pytestmark = pytest.mark.django_db

KEYS = ("a", "b")
STEPS = st.one_of(
    *(
        st.tuples(st.just(word), st.sampled_from(KEYS))
        for word in ("fire", "clear", "acknowledge", "resolve", "ten minutes")
    ),
    *(st.tuples(st.just(word), st.just("")) for word in ("take in", "ask", "claim", "record", "die")),
)


class World:
    """One source, two levels, and workers that do one thing at a time; `held` is what they have claimed."""

    def __init__(self, source: Integration, actor: User) -> None:
        self.source = source
        self.actor = actor
        self.held: list[Message] = []
        self.sent: list[str] = []
        self.story: list[tuple[str, str]] = []

    def step(self, word: str, key: str) -> None:
        """Do one thing."""
        self.story.append((word, key))
        steps: dict[str, Callable[[], object]] = {
            "fire": lambda: self._signal("firing", key),
            "clear": lambda: self._signal("resolved", key),
            "acknowledge": lambda: self._acknowledge(key),
            "resolve": lambda: self._resolve(key),
            "ten minutes": lambda: self._pass_time(key),
            "take in": pipeline.process_due,
            "ask": drain,
            "claim": self._claim,
            "record": self._record,
            "die": self._die,
        }
        steps[word]()

    def settle(self) -> None:
        """Let the workers do all that is due."""
        self._record()
        while pipeline.process_due() or drain() or self._claim():
            self._record()

    def _signal(self, status: str, key: str) -> None:
        body = json.dumps({"title": key, "dedup_key": key, "status": status, "severity": "critical"})
        Signal.objects.create(integration=self.source, kind="generic", body=body.encode())

    def _open(self, key: str) -> Alert | None:
        return Alert.objects.filter(dedup_key=key).exclude(status="resolved").first()

    def _acknowledge(self, key: str) -> None:
        if (alert := self._open(key)) is not None:
            operations.acknowledge(actor=self.actor, alert=alert)

    def _resolve(self, key: str) -> None:
        if (alert := self._open(key)) is not None:
            operations.resolve(alert=alert, actor=self.actor)

    def _pass_time(self, key: str) -> None:
        for running in Escalation.objects.filter(alert__dedup_key=key, status="escalating"):
            pass_time(running, minutes=10)

    def _claim(self) -> int:
        found = claims.claim(claims.Room(10, 10), owner="a worker")
        pages = Page.objects.select_related("escalation__alert").in_bulk(
            [each.subject_id for each in found if each.client == "oncall.page"]
        )
        # Nobody is paged any more about what somebody has taken or what is over.
        for page in pages.values():
            assert page.escalation is not None
            assert page.escalation.alert is not None
            assert page.escalation.alert.status == "triggered"
        self.held += found
        self.sent += [each.key for each in found]
        return len(found)

    def _record(self) -> None:
        now = time.monotonic()
        claims.complete(
            [Result(each, "accepted", "accepted", "", now, now) for each in self.held], owner="a worker"
        )
        self.held = []

    def _die(self) -> None:
        """What is claimed was sent, nobody knows, and the lease is over."""
        Message.objects.filter(state="sending").update(lease_until="2020-01-01T00:00:00Z")
        self.held = []


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=25))
def test_f17_in_any_order_what_is_open_is_asked_about_and_nothing_else(
    world: World, steps: list[tuple[str, str]]
) -> None:
    with transaction.atomic():
        for word, key in steps:
            world.step(word, key)
        world.settle()
        _judge(world)
        transaction.set_rollback(True)
    world.held, world.sent, world.story = [], [], []


def _judge(world: World) -> None:
    for alert in Alert.objects.filter(status="triggered"):
        pages = Page.objects.filter(escalation__alert=alert, user__isnull=False)
        assert pages.filter(status="sent").exists()  # 0 lost
        assert Escalation.objects.filter(alert=alert, status__in=("escalating", "exhausted")).exists()
    over = Escalation.objects.exclude(alert__status="triggered")
    assert not over.filter(status__in=("escalating", "exhausted")).exists(), world.story
    assert not Message.objects.filter(client="oncall.page", state__in=("pending", "sending")).exists()
    assert Alert.objects.exclude(status="resolved").count() <= len(KEYS)
    # A key goes out again only after a death, and three times at most.
    again = Message.objects.filter(key__in=world.sent)
    assert all(world.sent.count(each.key) <= 1 + min(2, each.unknown_outcomes) for each in again)


@pytest.fixture
def world() -> World:
    cast.policy((600, [cast.alice()]), (600, [cast.bob()]), is_default=True)
    return World(cast.source("generic")[0], cast.carol())
