from __future__ import annotations

from core.net.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_four_failures_are_borne_and_the_fifth_is_not() -> None:
    breaker = Breaker(clock=Clock())
    for _ in range(4):
        breaker.fail()
    assert breaker.allows()
    breaker.fail()
    assert not breaker.allows()


def test_failures_far_apart_do_not_add_up() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(20):
        breaker.fail()
        clock.now += 10
    assert breaker.allows()


def test_a_success_forgets_the_failures_before_it() -> None:
    breaker = Breaker(clock=Clock())
    for _ in range(4):
        breaker.fail()
    breaker.succeed()
    breaker.fail()
    assert breaker.allows()


def test_silence_opens_at_once() -> None:
    breaker = Breaker(clock=Clock())
    breaker.fail(silent=True)
    assert not breaker.allows()


def test_after_a_rest_one_finds_out_for_all() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.fail(silent=True)
    clock.now += 30
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.fail()
    clock.now += 29
    assert not breaker.allows()
    clock.now += 1
    assert breaker.allows()
    breaker.succeed()
    assert [breaker.allows(), breaker.allows()] == [True, True]
