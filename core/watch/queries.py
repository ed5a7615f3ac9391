"""Look at the engine: every check, every detector, and what they come to. Nothing here writes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import Error, connection, transaction

from core.watch import registry, rules
from core.watch.rules import Finding, Grade, Reading, Seen

if TYPE_CHECKING:
    from core.watch.registry import Check, Detector

log = logging.getLogger(__name__)

SHOWN = 20
COUNTED = 1000
LONGEST = "2s"
"""A look that takes longer has failed: a watcher must not become a load."""


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that was looked at, the worst first, with one sentence for all of it."""

    at: datetime | None
    grade: Grade
    sentence: str
    seen: tuple[Seen, ...]


def health() -> Health:
    """Look at everything and say what it comes to; without Postgres that is looked for once, and is all."""
    at = now()
    if at is None:
        away = [Seen("database", "The database", rules.AWAY)]
        return Health(None, Grade.BAD, rules.verdict(away), tuple(away))
    seen = [
        *(Seen(check.name, check.title, _kept(check), check.alarms) for check in registry.checks()),
        *(
            Seen(each.name, each.title, _read(each.name, partial(detect, each)), each.alarms)
            for each in registry.detectors()
        ),
    ]
    grade = rules.worst(each.reading.grade for each in seen)
    return Health(at, grade, rules.verdict(seen), tuple(rules.worst_first(seen)))


def detect(detector: Detector) -> Reading:
    """Look for one kind of stuck things; the oldest are named."""
    found = findings(detector)
    if not found:
        return Reading(grade=Grade.GOOD, text="Nothing is stuck.")
    shown = tuple(found[:SHOWN])
    text = f"{shown[0].what} is {detector.trouble}."
    if len(found) > 1:
        number = f"{SHOWN}+" if len(found) > SHOWN else str(len(found))
        text = f"{number} are stuck. The oldest: {text}"
    return Reading(
        grade=detector.grade, text=text, advice=detector.advice, findings=shown, more=len(found) > SHOWN
    )


def findings(detector: Detector) -> list[Finding]:
    """Give what a detector finds, the oldest first, one more than is shown where there are more."""
    with connection.cursor() as cursor:
        cursor.execute(finding(detector))
        rows = cursor.fetchall()
    return [Finding(what=detector.what.format(id=pk), since=since, path=path) for pk, since, path in rows]


def finding(detector: Detector) -> str:
    """Give the statement that names what a detector finds."""
    return f"select * from ({detector.sql}) as stuck (id, since, path) order by since limit {SHOWN + 1}"  # noqa: S608


def counting() -> str:
    """Give one statement that counts what every detector finds, at most a thousand each."""
    return " union all ".join(
        f"(select '{each.name}', count(*) from (select 1 from ({each.sql}) as stuck limit {COUNTED}) as few)"  # noqa: S608
        for each in registry.detectors()
    )


_readings: dict[str, tuple[float, Reading]] = {}


def _kept(check: Check) -> Reading:
    """What a check sees, or saw a moment ago where it says that this will do."""
    now = time.monotonic()
    if check.name in _readings and now < _readings[check.name][0]:
        return _readings[check.name][1]
    reading = _read(check.name, check.look, asks_database=check.asks_database())
    if check.keep_seconds:
        _readings[check.name] = (now + check.keep_seconds, reading)
    return reading


def _read(name: str, look: Callable[[], Reading], *, asks_database: bool = True) -> Reading:
    try:
        if not asks_database:
            return look()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [LONGEST])
            return look()
    except Error as error:
        reason = str(error).strip().partition("\n")[0]
    except Exception as error:  # one look that fails must not hide the others
        log.exception("the check %s failed", name)
        reason = type(error).__name__
    return Reading(
        grade=Grade.BAD,
        text=f"This could not be looked at: {reason}.",
        advice="See that Postgres answers: manage.py doctor says what is wrong with it.",
    )


def clock() -> float:
    """Give the time of the database in seconds since 1970."""
    with connection.cursor() as cursor:
        cursor.execute("select extract(epoch from clock_timestamp())::float8")
        seconds: float = cursor.fetchone()[0]
    return seconds


def now() -> datetime | None:
    """Give the time of the database, None when it does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select clock_timestamp()")
            at: datetime = cursor.fetchone()[0]
            return at
    except Error:
        return None
