"""What every write to a swap has in common: the lock, the log, the event, the deadlines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core import live
from core.errors import Refused
from core.events import bus
from core.timers import operations as timers
from oncall.events import SwapChanged
from oncall.schedules import operations as schedules
from oncall.swaps import queries
from oncall.swaps.models import ASKED, Swap, SwapEntry, SwapRule, SwapShift

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Schedule
    from oncall.schedules.rules.layers import ShiftKey

EXPIRE, REMIND = "oncall.swap_expiry", "oncall.swap_reminder"
BEFORE = (timedelta(days=3), timedelta(days=1))
"""How long before a request expires who is asked is reminded."""


class NotNow(Refused):
    """The swap is no longer, or not yet, at the point where this can be done; the message says where it is."""


class TakenAlready(Refused):
    """A shift is in another swap already; the message says in whose."""


def refuse_double(
    schedule: Schedule, giver: User, keys: Collection[ShiftKey], *, but: Swap | None = None
) -> None:
    """Refuse what is asked for already, or waits for approval. What was only offered in exchange binds nobody."""
    others = SwapShift.objects.filter(
        queries.giving(giver), swap__schedule=schedule, swap__status__in=ASKED, lapsed_at=None
    ).exclude(swap=but)
    for other in others.select_related("swap__taker", "swap__asked_by").order_by("pk"):
        if queries.key_of(other) in keys:
            by = f"{other.swap.taker} takes it" if other.swap.taker else "nobody has taken it yet"
            raise TakenAlready(
                f"{other.swap.asked_by} asked already for the shift of {giver} from {other}: {by}."
            )


def locked(swap: Swap) -> Swap:
    """Lock the schedule of a swap, and read the swap as it is by now."""
    schedules.locked(swap.schedule, also_deleted=True)
    return queries.rows().get(pk=swap.pk)


def note(swap: Swap, what: str, text: str, *, actor: User | None) -> None:
    """Write down what happened, and tell of it."""
    SwapEntry.objects.create(swap=swap, what=what, text=text[:300], actor=actor)
    bus.emit(
        SwapChanged(swap.pk, swap.schedule_id, what, swap.beneficiary_id, swap.taker_id),
        actor=actor,
    )
    live.changed("oncall", f"schedule-{swap.schedule_id}")


def occurrence_of(swap: Swap) -> str:
    """Name the deadline of a request, so that one which was moved is told from the one before."""
    return f"{swap.expires_at:%Y%m%dT%H%M%S}"


def set_deadlines(swap: Swap) -> None:
    """Promise the reminders that are still to come, and the end of a request that nobody answers."""
    name, now = occurrence_of(swap), timezone.now()
    timers.set(EXPIRE, swap.pk, occurrence=name, due_at=swap.expires_at)
    for before in BEFORE:
        if swap.expires_at - before > now:
            occurrence = f"{name}-{before.days}"
            timers.set(REMIND, swap.pk, occurrence=occurrence, due_at=swap.expires_at - before)


def cancel_deadlines(swap: Swap) -> None:
    """Take back what was promised for an open request."""
    for kind in (EXPIRE, REMIND):
        timers.cancel(kind, [swap.pk])


def tell_schedule(swap: Swap, *, at: datetime, summary: str, actor: User | None) -> None:
    """Say that other people are on call from `at` on; both get the swap's own mail, and no other for its shifts."""
    schedules.mark(swap.schedule)
    both = {pk for pk in (swap.beneficiary_id, swap.taker_id) if pk is not None}
    spans = [(row.start, row.end) for row in swap.shifts.all()]
    schedules.changed(swap.schedule, at=at, summary=summary, actor=actor, told=both, spans=spans)


@transaction.atomic
def set_rule(
    schedule: Schedule, *, takers: str, needs_approval: bool, seen: str = "", actor: User | None
) -> SwapRule:
    """Say who may take shifts of a schedule, and whether a manager approves it. What is taken stays taken.

    What was `seen` of the rule before has to hold still.
    """
    mine = schedules.locked(schedule)
    known = queries.stated(queries.rule_of(mine))
    if seen and seen != known:
        raise schedules.SetMeanwhile(known.rstrip("."))
    given = {"takers": takers, "needs_approval": needs_approval}
    rule, _ = SwapRule.objects.update_or_create(schedule=mine, defaults=given)
    summary = f"Swaps: {queries.stated(rule)}"
    schedules.changed(mine, at=timezone.now(), summary=summary, actor=actor)
    return rule
