"""What is looked at. Apps register theirs in `AppConfig.ready()`; this knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.watch.rules import Grade, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One look at the engine. `look` may raise: what cannot be looked at is not well.

    Without `alarms` nobody is told: whoever it concerns hears of it another way. What takes long is kept for
    `keep_seconds`. One that asks no database is not held to its time-out.
    """

    name: str
    title: str
    order: int
    look: Callable[[], Reading]
    alarms: bool = True
    keep_seconds: float = 0.0
    asks_database: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A statement that finds what is stuck: rows of an id, a time since when and a path ("" for none).

    It must answer within 50 ms from its indexes however much is stored; `bench.stuck` measures it. `what` names
    one row, as "Escalation {id}"; `trouble` says what is wrong when there is any, `advice` what to do.
    """

    name: str
    title: str
    order: int
    sql: str
    what: str
    trouble: str
    advice: str
    grade: Grade = Grade.BAD
    alarms: bool = True


@dataclass(frozen=True, slots=True)
class Chore:
    """What `pagerd` does now and then beside its work; safe to do twice, and by two of them at once."""

    name: str
    every_seconds: float
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Probe:
    """The canary's way: `send` it, ask when it `arrived`, `forget` what it left behind. A canary is a number."""

    send: Callable[[int], None]
    arrived: Callable[[int], datetime | None]
    forget: Callable[[Sequence[int]], None]


_probe: list[Probe] = []
_chores: dict[str, Chore] = {}
_checks: dict[str, Check] = {}
_detectors: dict[str, Detector] = {}


def add(check: Check) -> None:
    """Look at this too; the same name again replaces it."""
    _checks[check.name] = check


def detect(detector: Detector) -> None:
    """Look for this kind of stuck things too; the same name again replaces it."""
    _detectors[detector.name] = detector


def add_chore(chore: Chore) -> None:
    """Let `pagerd` do this now and then; the same name again replaces it."""
    _chores[chore.name] = chore


def chores() -> list[Chore]:
    """Every chore."""
    return list(_chores.values())


def set_probe(probe: Probe) -> None:
    """Name the way of the canary."""
    _probe[:] = [probe]


def probe() -> Probe | None:
    """The way of the canary, None where nobody named one."""
    return _probe[0] if _probe else None


def checks() -> list[Check]:
    """Every check that is no detector, in order."""
    return sorted(_checks.values(), key=lambda check: check.order)


def detectors() -> list[Detector]:
    """Every detector, in order."""
    return sorted(_detectors.values(), key=lambda detector: detector.order)
