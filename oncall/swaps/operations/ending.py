"""How swaps end: taken back, in time, or because the shift is no longer what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.accounts.policy import Verb, require
from core.errors import Refused
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from oncall.schedules.models import Schedule
from oncall.swaps import queries, rules
from oncall.swaps.models import ASKED, LIVE, Status, Swap, SwapShift
from oncall.swaps.operations import notices
from oncall.swaps.operations.records import (
    NotNow,
    cancel_deadlines,
    locked,
    note,
    occurrence_of,
    set_deadlines,
    tell_schedule,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from core.timers.models import Timer
    from oncall.schedules.rules.layers import ShiftKey
    from oncall.swaps.rules import Taken, Whole


class GivenOn(Refused):
    """A shift cannot be taken back from somebody who has given it to a third."""


@transaction.atomic
def withdraw(swap: Swap, *, actor: User) -> Swap:
    """Take a swap back: its two people may, and managers. What has passed stays as it was."""
    fresh, now = locked(swap), timezone.now()
    if actor not in (fresh.beneficiary, fresh.taker, fresh.asked_by):
        require(actor, Verb.CONFIGURE, fresh.schedule.team)
    if fresh.status not in LIVE or all(row.end <= now for row in fresh.shifts.all()):
        raise NotNow("This swap is over; it stays in the record.")
    if fresh.taker is not None and fresh.status == Status.TAKEN:
        _refuse_given_on(fresh, fresh.taker, fresh.given)
        _refuse_given_on(fresh, fresh.beneficiary, fresh.returned)
    _stop(fresh, Status.WITHDRAWN, f"{actor} took it back", at=now, actor=actor)
    return fresh


def _refuse_given_on(swap: Swap, holder: User, rows: Sequence[SwapShift]) -> None:
    keys = {queries.key_of(row) for row in rows}
    later = SwapShift.objects.filter(
        queries.giving(holder),
        Q(swap__status__in=ASKED) | Q(swap__status=Status.TAKEN, swap__counts_from__gt=swap.counts_from),
        swap__schedule=swap.schedule,
        lapsed_at=None,
    )
    if any(queries.key_of(row) in keys for row in later.exclude(swap=swap)):
        raise GivenOn(f"{holder} gave this shift to somebody else, or asks who takes it: end that first.")


@transaction.atomic
def expire(timer: Timer) -> None:
    """End a request that nobody answered in time. Who asked stays on call, and learns it."""
    found = queries.rows().filter(pk=timer.subject_id).first()
    if found is None:
        return
    swap, now = locked(found), timezone.now()
    if swap.status not in ASKED or timer.occurrence != occurrence_of(swap):
        return
    waited = "No manager approved it" if swap.status == Status.WAITING else "Nobody took it"
    _stop(swap, Status.EXPIRED, f"{waited} in time", at=now, actor=None)


def remind(timer: Timer) -> None:
    """Ask once more who takes it."""
    swap = queries.rows().filter(pk=timer.subject_id, status=Status.OPEN).first()
    if swap is not None and timer.occurrence.startswith(occurrence_of(swap)):
        notices.ask_people(swap, round_=timer.occurrence)


@transaction.atomic
def refresh(schedule_id: int) -> None:
    """Let the swaps of a schedule that was edited follow their shifts, and end where those are not theirs any more."""
    schedule = schedules.locked(Schedule(pk=schedule_id), also_deleted=True)
    now = timezone.now()
    ahead = SwapShift.objects.filter(end__gt=now, lapsed_at=None).values("swap")
    swaps = list(
        queries.rows().filter(schedule=schedule, status__in=LIVE, pk__in=ahead).order_by("counts_from", "pk")
    )
    if not swaps:
        return
    last = max(row.end for swap in swaps for row in swap.shifts.all()) + rules.REACH
    one = resolver.resolve([schedule.pk], start=now - rules.REACH, end=last)[schedule.pk]
    taken = queries.taken(schedule, start=now, end=last) if schedule.has_exceptions else []
    for swap in swaps:
        before = [each for each in taken if _is_before(each, swap)]
        back = swap.taker or swap.wanted
        for giver, rows in ((swap.beneficiary, swap.given), (back, swap.returned)):
            if giver is not None and rows and swap.status in LIVE:
                known = rules.shifts_of(giver.pk, one.layers, before, now - rules.REACH, last)
                _follow(swap, giver, rows, rules.merged(known), now=now)
        _postpone(swap, now=now)


def _is_before(taken: Taken, swap: Swap) -> bool:
    """Whether a swap came into force before another one did, which may stand on it."""
    if taken.until is not None or taken.swap == swap.pk:
        return False
    return swap.counts_from is None or (taken.since, taken.swap) < (swap.counts_from, swap.pk)


def refresh_of(user: User) -> None:
    """The same where somebody left: their requests end, and what they took is its giver's again."""
    now = timezone.now()
    ahead = SwapShift.objects.filter(end__gt=now, lapsed_at=None).values("swap")
    part = Q(beneficiary=user) | Q(taker=user) | Q(wanted=user)
    for swap in queries.rows().filter(part, status__in=LIVE, pk__in=ahead).order_by("pk"):
        with transaction.atomic():
            fresh = locked(swap)
            if fresh.status in LIVE:
                _stop(fresh, Status.LAPSED, f"The account of {user} is closed", at=now, actor=None)


def _follow(
    swap: Swap, giver: User, rows: Sequence[SwapShift], known: Mapping[ShiftKey, Whole], *, now: datetime
) -> None:
    """Let the shifts that somebody gives follow their rotation. Without any of them the whole swap lapses."""
    lost, kept = [], []
    for row in rows:
        if row.lapsed_at is not None or row.end <= now:
            continue
        whole = known.get(queries.key_of(row))
        if whole is None or whole.end <= now or not rules.is_near(whole.start, whole.end, row.start, row.end):
            lost.append(row)
        else:
            kept.append(row)
            if (row.start, row.end) != (whole.start, whole.end):
                SwapShift.objects.filter(pk=row.pk).update(start=whole.start, end=whole.end)
    if lost and not kept:
        why = f"The schedule was changed: this is no shift of {giver} any more"
        _stop(swap, Status.LAPSED, why, at=now, actor=None)
        return
    for row in lost:
        SwapShift.objects.filter(pk=row.pk).update(lapsed_at=now)
        text = f"The schedule was changed: the shift of {giver} from {row} is none any more"
        note(swap, "lapsed", text, actor=None)
        notices.tell(swap, [swap.beneficiary, swap.asked_by, swap.taker], text, key=f"lost-{row.pk}")


def _postpone(swap: Swap, *, now: datetime) -> None:
    """Let a request expire when its first shift begins, wherever that is by now."""
    if swap.status not in ASKED:
        return
    rows = list(SwapShift.objects.filter(swap=swap, lapsed_at=None).order_by("start", "pk"))
    coming = [row.start for row in rows if row.start > now]
    expires_at = min(coming) if coming else max(row.end for row in rows)
    if expires_at != swap.expires_at:
        swap.expires_at = expires_at
        swap.save(update_fields=["expires_at"])
        cancel_deadlines(swap)
        set_deadlines(swap)


def _stop(swap: Swap, status: Status, text: str, *, at: datetime, actor: User | None) -> None:
    was_in_force = swap.status == Status.TAKEN
    swap.status = status
    if was_in_force:
        swap.counts_until = at
    swap.save(update_fields=["status", "counts_until"])
    note(swap, status.value, text, actor=actor)
    cancel_deadlines(swap)
    if was_in_force:
        summary = f"Swap ended: {swap.taker} for {swap.beneficiary}"
        tell_schedule(swap, at=at, summary=summary, actor=actor)
    who = [swap.beneficiary, swap.asked_by, swap.taker]
    notices.tell(swap, who, _said(swap, text, status), key=status.value, but=actor)


def _said(swap: Swap, text: str, status: Status) -> str:
    if status == Status.LAPSED:
        return text
    return f"{text}: {swap.beneficiary} stays on call"
