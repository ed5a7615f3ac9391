from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from core.events import nudge
from core.events.nudge import Doorbell
from tests.waiting import pass_by


class Door:
    """Counts rings and knocks, and can be broken."""

    def __init__(self) -> None:
        self.rings = 0
        self.knocks = 0
        self.is_broken = False
        self.changed = threading.Condition()

    def ring(self) -> None:
        if self.is_broken:
            raise ConnectionError
        with self.changed:
            self.rings += 1
            self.changed.notify_all()

    def knock(self) -> None:
        with self.changed:
            self.knocks += 1
            self.changed.notify_all()

    def wait(self, *, rings: int = 0, knocks: int = 0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.rings >= rings and self.knocks >= knocks, timeout=2)


def test_many_asks_are_few_rings() -> None:
    door = Door()
    bell = Doorbell(door.ring, knock=door.knock, pause=0.2)
    bell.ask()
    door.wait(rings=1)
    for _ in range(100):
        bell.ask()
    door.wait(rings=2)
    assert (door.rings, door.knocks) == (2, 0)


def test_asking_never_waits_for_a_broker_that_hangs() -> None:
    gate = threading.Event()
    bell = Doorbell(lambda: (gate.wait(5) and None) or None, pause=0)
    began = time.monotonic()
    for _ in range(100):
        bell.ask()
    assert time.monotonic() - began < 0.5
    gate.set()


def test_while_the_broker_is_away_it_knocks_at_once_and_does_not_ring() -> None:
    door = Door()
    bell = Doorbell(door.ring, knock=door.knock, pause=0, breaker=0.3)
    door.is_broken = True
    bell.ask()
    door.wait(knocks=1)
    assert bell.failures == 1
    door.is_broken = False
    bell.ask()
    door.wait(knocks=2)
    assert door.rings == 0
    pass_by(0.3)
    bell.ask()
    door.wait(rings=1)
    assert (door.knocks, bell.failures) == (2, 0)


def test_with_postgres_away_too_the_bell_lives_on() -> None:
    door = Door()

    def no_knock() -> None:
        door.knock()
        raise ConnectionError

    bell = Doorbell(door.ring, knock=no_knock, pause=0, breaker=0.05)
    door.is_broken = True
    bell.ask()
    door.wait(knocks=1)
    pass_by(0.06)
    door.is_broken = False
    bell.ask()
    door.wait(rings=1)


@pytest.mark.django_db(transaction=True)
def test_a_knock_is_heard_by_whoever_listens() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"listen {nudge.CHANNEL}")
    listening = connection.connection
    assert listening is not None
    thread = threading.Thread(target=nudge.knock)
    thread.start()
    thread.join(5)
    heard = list(listening.notifies(timeout=2, stop_after=1))
    assert [one.channel for one in heard] == [nudge.CHANNEL]
    with connection.cursor() as cursor:
        cursor.execute("unlisten *")
