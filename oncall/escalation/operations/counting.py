"""Acknowledgements of what needs several: each person counts once, and is asked no more; the others are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from core.events import bus, nudge
from core.outbox import operations as outbox
from oncall import events
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.rows import OPEN, WAITING, locked, tell
from oncall.escalation.rules.plans import from_json
from oncall.escalation.rules.steps import Position, before
from oncall.paging import operations as paging
from oncall.paging import queries as pages
from oncall.paging.models import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User


@dataclass(frozen=True, slots=True)
class Counted:
    """An acknowledgement that was not enough, or was the last one: how many there are, of how many."""

    first: bool
    count: int
    needed: int

    @property
    def is_enough(self) -> bool:
        """Whether nobody else has to acknowledge."""
        return self.count >= self.needed


ENOUGH = Counted(first=True, count=1, needed=1)
"""Where one is enough nothing is counted."""

# One statement: two people at once are two, because the second one sees what the first has written.
_COUNT = """
with chosen as (
    select id from oncall_escalation where id = any(%(runs)s) and status = any(%(open)s) order by id for update
)
update oncall_escalation e
set acks = e.acks || jsonb_build_object('user', %(user)s::bigint, 'at', statement_timestamp()), edits_due = true
from chosen
where e.id = chosen.id and not e.acks @> jsonb_build_array(jsonb_build_object('user', %(user)s::bigint))
returning e.id
"""


def count_ack(about: Q, *, by: User | None) -> Counted:
    """Count a person's acknowledgement of runs that need several, in the caller's transaction.

    While it is not enough, that person is asked no more and the runs go on for the others. A source's word is
    enough at once.
    """
    runs = dict(Escalation.objects.filter(about, status__in=OPEN).values_list("pk", "acks_needed"))
    if by is None or max(runs.values(), default=1) <= 1:
        return ENOUGH
    own = list(Page.objects.open().filter(escalation__in=runs, user=by).values_list("pk", flat=True))
    outbox.suppress(pages.CLIENT, own, reason=f"acknowledged by {by}")
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"runs": list(runs), "open": [str(status) for status in OPEN], "user": by.pk})
        new = {row[0] for row in cursor.fetchall()}
    still = locked(Q(pk__in=runs), OPEN)
    lacking = [run for run in still if len(run.acks) < run.acks_needed]
    if not lacking:
        return ENOUGH
    mine = Page.objects.filter(pk__in=own)
    paging.stop(mine, by=by, reason=f"acknowledged by {by}", taken=True)
    counted = _most_lacking(lacking, new)
    if new:
        _hurry(still)
        _note(lacking[0], counted, by)
    tell(still)
    return counted


def _most_lacking(runs: Sequence[Escalation], new: set[int]) -> Counted:
    run = max(runs, key=lambda each: each.acks_needed - len(each.acks))
    return Counted(bool(new), len(run.acks), run.acks_needed)


def _hurry(runs: Sequence[Escalation]) -> None:
    """Ask who is next at once where everybody of the level asked last has acknowledged."""
    for run in runs:
        asked = before(from_json(run.plan), Position(run.round, run.level))
        if run.status != EscalationStatus.ESCALATING or asked is None:
            continue
        others = run.pages.open().filter(
            destination=None, epoch=run.epoch, round=asked.round, level=asked.level
        )
        if not others.exists():
            Escalation.objects.filter(pk=run.pk, next_at__gt=Now()).update(next_at=Now())
            transaction.on_commit(nudge.drain, robust=True)


def _note(run: Escalation, counted: Counted, by: User) -> None:
    incident = queries.incident_of(run)
    fact = events.AcknowledgementCounted(
        run.pk, run.alert_id, incident.pk if incident else None, by.pk, counted.count, counted.needed
    )
    bus.emit(fact, actor=by)


def take_back(about: Q, *, by: User | None) -> bool:
    """Take a person's acknowledgement back from runs that still wait for others; False where there is none."""
    runs = [run for run in locked(about, WAITING) if run.acks]
    mine = [run for run in runs if by is not None and by.pk in run.acked_by]
    for run in mine:
        run.acks = [ack for ack in run.acks if by is not None and ack["user"] != by.pk]
        run.edits_due = True
        run.save(update_fields=["acks", "edits_due"])
        paging.reopen(run.pages.filter(user=by, epoch=run.epoch))
    tell(mine)
    return bool(mine)
