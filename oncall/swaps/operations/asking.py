"""Ask others to take shifts: one's own, or as a manager those of somebody else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from core.accounts.policy import Verb, can, require
from core.errors import Refused
from oncall.schedules import operations as schedules
from oncall.swaps import queries
from oncall.swaps.models import ASKED, Swap, SwapShift
from oncall.swaps.operations import notices
from oncall.swaps.operations.records import note, set_deadlines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Schedule
    from oncall.schedules.rules.layers import ShiftKey
    from oncall.swaps.rules import Whole

FARTHEST = timedelta(days=400)
MOST_SHIFTS, MOST_A_DAY = 31, 50


class NotWhole(Refused):
    """What is asked for is no whole shift of theirs; the message says what is."""


class TooManyRequests(Refused):
    """Each request mails everybody who may take it, so there is an end to them."""


class TakenAlready(Refused):
    """A shift is in another swap already; the message says in whose."""


@transaction.atomic
def ask(
    schedule: Schedule,
    *,
    beneficiary: User,
    keys: Collection[ShiftKey],
    wanted: User | None = None,
    reason: str = "",
    actor: User,
) -> Swap:
    """Ask who takes these shifts of a person: everybody who may, or one person alone."""
    mine, now = schedules.locked(schedule), timezone.now()
    known = queries.shifts_of(mine, beneficiary, start=now, end=now + queries.AHEAD)
    chosen = [whole for whole in known if whole.key in keys]
    if not chosen or len(chosen) < len(keys):
        raise NotWhole(f"The schedule was changed: this is no longer a shift of {beneficiary}.")
    return _asked(mine, beneficiary, chosen, wanted=wanted, reason=reason, actor=actor)


@transaction.atomic
def ask_between(
    schedule: Schedule,
    *,
    beneficiary: User,
    start: datetime,
    end: datetime,
    wanted: User | None = None,
    reason: str = "",
    actor: User,
) -> Swap:
    """Ask who takes the shifts of a person in [start, end), which has to hold each of them whole."""
    mine, now = schedules.locked(schedule), timezone.now()
    since = max(start, now)
    if end <= since:
        raise NotWhole("This stretch is over already." if start < end else "It has to end after it starts.")
    if end > now + FARTHEST:
        raise NotWhole(f"A swap lies at most {FARTHEST.days} days ahead.")
    chosen = queries.shifts_of(mine, beneficiary, start=since, end=end)
    if not chosen:
        raise NotWhole(f"{beneficiary} has no shift in {mine} in this stretch.")
    for whole in chosen:
        if whole.end > end or max(whole.start, now) < start:
            raise NotWhole(
                f"A swap is of whole shifts, and one runs from {whole.start:%Y-%m-%d %H:%M} to"
                f" {whole.end:%Y-%m-%d %H:%M} UTC. A part of it is covered by an override."
            )
    return _asked(mine, beneficiary, chosen, wanted=wanted, reason=reason, actor=actor)


def _asked(
    schedule: Schedule,
    beneficiary: User,
    chosen: Sequence[Whole],
    *,
    wanted: User | None,
    reason: str,
    actor: User,
) -> Swap:
    _check(schedule, beneficiary, chosen, wanted=wanted, actor=actor)
    now = timezone.now()
    coming = [whole.start for whole in chosen if whole.start > now]
    swap = Swap.objects.create(
        schedule=schedule,
        beneficiary=beneficiary,
        wanted=wanted,
        reason=reason,
        asked_by=actor,
        expires_at=min(coming) if coming else max(whole.end for whole in chosen),
    )
    SwapShift.objects.bulk_create(
        SwapShift(
            swap=swap,
            lineage=whole.key.lineage,
            turn=whole.key.turn,
            window=whole.key.window,
            start=whole.start,
            end=whole.end,
        )
        for whole in chosen
    )
    fresh = queries.get(swap.pk)
    behalf = "" if actor == beneficiary else f" for {beneficiary}"
    whom = f" {wanted}" if wanted else ""
    note(fresh, "asked", f"{actor} asked{whom}{behalf}", actor=actor)
    set_deadlines(fresh)
    notices.ask_people(fresh, round_="first")
    notices.tell(fresh, [beneficiary], f"{actor} asks who takes a shift of yours", key="asked", but=actor)
    return fresh


def _check(
    schedule: Schedule, beneficiary: User, chosen: Sequence[Whole], *, wanted: User | None, actor: User
) -> None:
    if not can(actor, Verb.RESPOND):
        raise PermissionDenied
    if actor != beneficiary:
        require(actor, Verb.CONFIGURE, schedule.team)
    if len(chosen) > MOST_SHIFTS:
        raise NotWhole(f"{MOST_SHIFTS} shifts are the most that one swap can have.")
    since = timezone.now() - timedelta(days=1)
    if Swap.objects.filter(asked_by=actor, asked_at__gt=since).count() >= MOST_A_DAY:
        raise TooManyRequests(f"{MOST_A_DAY} requests a day are the most.")
    rule = queries.rule_of(schedule)
    allowed = queries.takers(schedule, rule=rule).exclude(pk=beneficiary.pk)
    if wanted is not None and not allowed.filter(pk=wanted.pk).exists():
        raise Refused(f"{wanted} may not take it. {queries.stated(rule)}")
    keys = {whole.key for whole in chosen}
    others = SwapShift.objects.filter(
        swap__schedule=schedule, swap__beneficiary=beneficiary, swap__status__in=ASKED, lapsed_at=None
    ).select_related("swap__beneficiary", "swap__taker", "swap__asked_by")
    for other in others.order_by("pk"):
        if queries.key_of(other) in keys:
            by = f"{other.swap.taker} takes it" if other.swap.taker else "nobody has taken it yet"
            raise TakenAlready(
                f"{other.swap.asked_by} asked already for the shift of {beneficiary} from {other}: {by}."
            )
