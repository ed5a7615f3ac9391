from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from core.events import nudge
from core.events.nudge import Bell, Doorbell, Knocker


class Door:
    """Counts rings and knocks; a ring can be broken, or hang until the gate is open."""

    def __init__(self) -> None:
        self.rings = 0
        self.knocks = 0
        self.is_broken = False
        self.gate = threading.Event()
        self.gate.set()
        self.changed = threading.Condition()

    def ring(self) -> None:
        assert self.gate.wait(5)
        with self.changed:
            self.rings += 1
            self.changed.notify_all()
        if self.is_broken:
            raise ConnectionError

    def knock(self) -> None:
        with self.changed:
            self.knocks += 1
            self.changed.notify_all()

    def wait(self, *, rings: int = 0, knocks: int = 0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.rings >= rings and self.knocks >= knocks, timeout=20)


def test_many_asks_are_few_rings() -> None:
    door = Door()
    bell = Bell(door.ring, name="bell", pause=0.2)
    bell.ask()
    door.wait(rings=1)
    for _ in range(100):
        bell.ask()
    door.wait(rings=2)
    assert door.rings == 2


def test_what_is_asked_while_it_waits_to_ring_is_one_ring() -> None:
    door = Door()
    bell = Bell(door.ring, name="bell", after=0.1)
    began = time.monotonic()
    for _ in range(100):
        bell.ask()
    door.wait(rings=1)
    assert time.monotonic() - began >= 0.1
    bell.ask()
    door.wait(rings=2)
    assert door.rings == 2


def test_asking_never_waits_for_a_broker_that_hangs_and_neither_does_the_knock() -> None:
    door = Door()
    door.gate.clear()
    bell = Doorbell(door.ring, knock=door.knock)
    began = time.monotonic()
    bell.ask()
    door.wait(knocks=1)
    for _ in range(100):
        bell.ask()
    assert time.monotonic() - began < 0.5
    door.wait(knocks=2)
    assert door.rings == 0
    door.gate.set()
    door.wait(rings=1)


def test_pagerd_is_woken_before_celery() -> None:
    door = Door()
    Doorbell(door.ring, knock=door.knock).ask()
    door.wait(knocks=1)
    assert door.rings == 0
    door.wait(rings=1)


def test_whoever_is_away_is_left_in_peace_for_a_while_and_asked_again_then() -> None:
    door = Door()
    door.is_broken = True
    bell = Bell(door.ring, name="bell", breaker=0.3)
    bell.ask()
    door.wait(rings=1)
    began = time.monotonic()
    bell.ask()
    door.is_broken = False
    door.wait(rings=2)
    assert time.monotonic() - began > 0.2
    bell.ask()
    door.wait(rings=3)
    assert bell.failures == 0


@pytest.mark.django_db(transaction=True)
def test_a_knock_is_heard_by_whoever_listens_and_goes_on_after_its_connection_was_cut() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"listen {nudge.CHANNEL}")
    listening = connection.connection
    assert listening is not None
    knock = Knocker()
    for _ in range(2):
        knock()
        heard = list(listening.notifies(timeout=20, stop_after=1))
        assert [one.channel for one in heard] == [nudge.CHANNEL]
        with connection.cursor() as cursor:
            assert knock._own is not None
            cursor.execute("select pg_terminate_backend(%s, 2000)", [knock._own.info.backend_pid])
            assert cursor.fetchall() == [(True,)]
    knock.close()
    with connection.cursor() as cursor:
        cursor.execute("unlisten *")
