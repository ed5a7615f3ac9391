"""Ask others to take shifts: one's own, or as a manager those of somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from core.accounts.policy import Verb, can, require
from core.errors import Refused
from oncall.schedules import operations as schedules
from oncall.swaps import queries
from oncall.swaps.models import Swap, SwapShift
from oncall.swaps.operations import notices
from oncall.swaps.operations.records import note, refuse_double, set_deadlines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Schedule
    from oncall.schedules.rules.layers import ShiftKey
    from oncall.swaps.rules import Span, Whole

FARTHEST = timedelta(days=400)
MOST_SHIFTS, MOST_A_DAY = 31, 50
ONE_PERSON = "An exchange is with one person: say who is asked."


class NotWhole(Refused):
    """What is asked for is no whole shift of theirs; the message says what is."""


class TooManyRequests(Refused):
    """Each request mails everybody who may take it, so there is an end to them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Which whole shifts are to change hands: those that are given, and those that are taken in exchange."""

    given: Sequence[Whole]
    returned: Sequence[Whole] = ()

    @property
    def all(self) -> list[Whole]:
        """Both."""
        return [*self.given, *self.returned]


@transaction.atomic
def ask(
    schedule: Schedule,
    *,
    beneficiary: User,
    keys: Collection[ShiftKey],
    returns: Collection[ShiftKey] = (),
    wanted: User | None = None,
    reason: str = "",
    actor: User,
) -> Swap:
    """Ask who takes these shifts of a person: everybody who may, or one person alone, for `returns` of theirs."""
    mine = schedules.locked(schedule)
    given = _named(mine, beneficiary, keys)
    if not given:
        raise NotWhole("Say which shifts.")
    if returns and wanted is None:
        raise NotWhole(ONE_PERSON)
    parts = Parts(given, _named(mine, wanted, returns) if wanted else ())
    return _asked(mine, beneficiary, parts, wanted=wanted, reason=reason, actor=actor)


@transaction.atomic
def ask_between(
    schedule: Schedule,
    *,
    beneficiary: User,
    start: datetime,
    end: datetime,
    in_exchange: Span | None = None,
    wanted: User | None = None,
    reason: str = "",
    actor: User,
) -> Swap:
    """Ask who takes the shifts of a person in [start, end), which has to hold each of them whole.

    With `in_exchange` the person takes those of `wanted` in that stretch.
    """
    mine = schedules.locked(schedule)
    if in_exchange and wanted is None:
        raise NotWhole(ONE_PERSON)
    given = _between(mine, beneficiary, (start, end))
    parts = Parts(given, _between(mine, wanted, in_exchange) if wanted and in_exchange else ())
    return _asked(mine, beneficiary, parts, wanted=wanted, reason=reason, actor=actor)


def _named(schedule: Schedule, user: User, keys: Collection[ShiftKey]) -> list[Whole]:
    if not keys:
        return []
    now = timezone.now()
    known = queries.shifts_of(schedule, user, start=now, end=now + queries.AHEAD)
    chosen = [whole for whole in known if whole.key in keys]
    if len(chosen) < len(set(keys)):
        raise NotWhole(f"The schedule was changed: this is no longer a shift of {user}.")
    return chosen


def _between(schedule: Schedule, user: User, span: Span) -> list[Whole]:
    (start, end), now = span, timezone.now()
    since = max(start, now)
    if end <= since:
        raise NotWhole("This stretch is over already." if start < end else "It has to end after it starts.")
    if end > now + FARTHEST:
        raise NotWhole(f"A swap lies at most {FARTHEST.days} days ahead.")
    chosen = queries.shifts_of(schedule, user, start=since, end=end)
    if not chosen:
        raise NotWhole(f"{user} has no shift in {schedule} in this stretch.")
    for whole in chosen:
        if whole.end > end or max(whole.start, now) < start:
            raise NotWhole(
                f"A swap is of whole shifts, and one runs from {whole.start:%Y-%m-%d %H:%M} to"
                f" {whole.end:%Y-%m-%d %H:%M} UTC. A part of it is covered by an override."
            )
    return chosen


def _asked(
    schedule: Schedule, beneficiary: User, parts: Parts, *, wanted: User | None, reason: str, actor: User
) -> Swap:
    _check(schedule, beneficiary, parts, wanted=wanted, actor=actor)
    now = timezone.now()
    coming = [whole.start for whole in parts.all if whole.start > now]
    swap = Swap.objects.create(
        schedule=schedule,
        beneficiary=beneficiary,
        wanted=wanted,
        reason=reason,
        asked_by=actor,
        expires_at=min(coming) if coming else max(whole.end for whole in parts.all),
    )
    SwapShift.objects.bulk_create(_row(swap, whole, is_return=False) for whole in parts.given)
    SwapShift.objects.bulk_create(_row(swap, whole, is_return=True) for whole in parts.returned)
    fresh = queries.get(swap.pk)
    behalf = "" if actor == beneficiary else f" for {beneficiary}"
    whom = f" {wanted}" if wanted else ""
    what = ", in exchange for theirs" if parts.returned else ""
    note(fresh, "asked", f"{actor} asked{whom}{behalf}{what}", actor=actor)
    set_deadlines(fresh)
    notices.ask_people(fresh, round_="first")
    notices.tell(fresh, [beneficiary], f"{actor} asks who takes a shift of yours", key="asked", but=actor)
    return fresh


def _row(swap: Swap, whole: Whole, *, is_return: bool) -> SwapShift:
    return SwapShift(
        swap=swap,
        lineage=whole.key.lineage,
        turn=whole.key.turn,
        window=whole.key.window,
        start=whole.start,
        end=whole.end,
        is_return=is_return,
    )


def _check(schedule: Schedule, beneficiary: User, parts: Parts, *, wanted: User | None, actor: User) -> None:
    if not can(actor, Verb.RESPOND):
        raise PermissionDenied
    if actor != beneficiary:
        require(actor, Verb.CONFIGURE, schedule.team)
    if len(parts.all) > MOST_SHIFTS:
        raise NotWhole(f"{MOST_SHIFTS} shifts are the most that one swap can have.")
    since = timezone.now() - timedelta(days=1)
    if Swap.objects.filter(asked_by=actor, asked_at__gt=since).count() >= MOST_A_DAY:
        raise TooManyRequests(f"{MOST_A_DAY} requests a day are the most.")
    rule = queries.rule_of(schedule)
    allowed = set(queries.takers(schedule, rule=rule).values_list("pk", flat=True))
    if wanted is not None and (wanted == beneficiary or wanted.pk not in allowed):
        raise Refused(f"{wanted} may not take it. {queries.stated(rule)}")
    if parts.returned and beneficiary.pk not in allowed:
        raise Refused(f"{beneficiary} may take none in exchange. {queries.stated(rule)}")
    refuse_double(schedule, beneficiary, [whole.key for whole in parts.given])
    if wanted is not None:
        refuse_double(schedule, wanted, [whole.key for whole in parts.returned])
