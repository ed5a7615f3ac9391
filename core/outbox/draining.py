"""Do all that is due, again and again until nothing is: what a Celery worker and `pagerd` both run."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from core.events import nudge
from core.outbox import claims, registry, sending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.outbox.registry import Step

log = logging.getLogger(__name__)

LONGEST_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.1
BEHIND_SECONDS = 0.1
"""For so long what is due is left to the one that leads."""


def drain(
    *,
    kind: str = "celery",
    sender: sending.Sender | None = None,
    stopping: Callable[[], bool] = lambda: False,
    helps: bool = False,
) -> int:
    """Run every step and the sender until a pass finds nothing, at most 20 s; give how much was done.

    The first pass does what stands between an alert and its person, each further one what a single look says is
    due. Whoever `helps` the one that leads looks first, and does what was due a tenth of a second ago: the other may
    be gone, or have too much to do. While messages are under way the other steps go on, so a mail server that hangs
    holds up nothing else. A step that raises is logged and left out of this pass. When `stopping` says so, what is
    under way is finished. With the same `sender` again, what it has sent and could not record while Postgres was away
    is recorded first.
    """
    sender = sender or sending.Sender(owner=sending.worker_name(kind))
    done, over_at = 0, time.monotonic() + LONGEST_SECONDS
    with nudge.quiet():
        try:
            steps = registry.steps(sending=sender.begin, due=claims.DUE)
            urgent = {step.name for step in steps if step.is_urgent}
            way = {step.name for step in steps if step.is_urgent and step.due}
            due, is_new = _due(steps, helps=True)[0] if helps else urgent, True
            while not stopping():
                # Who helps an alert on its way takes it the whole way.
                ran = due | way if helps and due & way else due
                found = _pass([step for step in steps if step.name in ran], sender)
                done += found
                due, is_more = _due(steps, helps=helps)
                _run("signs of life", lambda: _beat(sender.owner, kind))
                waited, is_new = not is_new, bool(found) or not due <= ran
                if time.monotonic() > over_at or not (
                    is_new or (is_more and not waited) or not sender.is_idle
                ):
                    break
                if not is_new:
                    _pause(sender)
        finally:
            sender.finish()
    if time.monotonic() > over_at:
        nudge.drain()
    return done


def _pause(sender: sending.Sender) -> None:
    """Wait until a try has finished, or until it is worth looking again."""
    if sender.is_idle:
        threading.Event().wait(LOOK_AGAIN_SECONDS)
    else:
        sender.wait(LOOK_AGAIN_SECONDS)


def _pass(steps: Sequence[Step], sender: sending.Sender) -> int:
    """Run steps in order; each may take a while, so what was sent meanwhile is recorded before the next."""
    found = _run("messages", sender.record)
    for step in steps:
        found += _run(step.name, step.run) + _run("messages", sender.record)
    return found


def _run(name: str, run: Callable[[], int]) -> int:
    try:
        return run()
    except DatabaseError:
        if not connection.is_usable():
            raise
        log.exception("the step %s failed", name)
    except Exception:  # one step's fault must not stop the others
        log.exception("the step %s failed", name)
    return 0


def _due(steps: Sequence[Step], *, helps: bool) -> tuple[set[str], bool]:
    """Name the steps that have something to do, found by one statement, and tell whether some soon will have.

    All of them where it cannot be told.
    """
    told = [step for step in steps if step.due]
    now = "statement_timestamp()"
    times = [f"{now} - interval '{BEHIND_SECONDS} seconds'", now] if helps else [now]
    try:
        with connection.cursor() as cursor:
            found = [f"exists({step.due.format(now=time)})" for time in times for step in told]
            cursor.execute(f"select {', '.join(found)}")
            answers = cursor.fetchone()
    except DatabaseError:
        if not connection.is_usable():
            raise
        log.exception("it cannot be seen what is due, so everything is looked through")
        return {step.name for step in steps}, False
    is_due = iter(answers)
    due = {step.name for step in steps if not step.due or next(is_due)}
    soon = {step.name for step in told if helps and next(is_due)}
    return due, bool(soon - due)


_SOON = "select min(due_at) from outbox_message where state = 'pending' and due_at > now()"


def seconds_until_due() -> float | None:
    """Seconds until the next message, deadline or escalation is due; None when none is to come."""
    selects = [_SOON, *registry.sources()]
    with connection.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from min(at) - clock_timestamp())::float8 from ("  # noqa: S608
            + " union all ".join(f"({select})" for select in selects)
            + ") as soon (at)"
        )
        seconds: float | None = cursor.fetchone()[0]
    return seconds


_beats: dict[str, float] = {}


def _beat(owner: str, kind: str) -> int:
    """Leave a sign of life after a pass over everything, at most once a second: in a storm a drain lasts long."""
    now = time.monotonic()
    if now - _beats.get(owner, -1.0) < 1.0:
        return 0
    _beats[owner] = now
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into outbox_workerbeat (name, kind, seen_at, drained_at, opens_sealed)"
            " values (%s, %s, now(), now(), true)"
            " on conflict (name) do update set seen_at = now(), drained_at = now(), opens_sealed = true",
            [owner, kind],
        )
    return 0
