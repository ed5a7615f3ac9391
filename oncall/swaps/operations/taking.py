"""Answer a request: take it, or not, and approve what was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from core.accounts.policy import Verb, can, require
from core.errors import Refused
from oncall.swaps import queries
from oncall.swaps.models import Status, Swap
from oncall.swaps.operations import notices
from oncall.swaps.operations.records import (
    NotNow,
    cancel_deadlines,
    locked,
    note,
    refuse_double,
    tell_schedule,
)

if TYPE_CHECKING:
    from core.accounts.models import User


class NotAllowed(Refused):
    """The rule of the schedule does not let this person take it; the message states the rule."""


@transaction.atomic
def take(swap: Swap, *, user: User, actor: User) -> Swap:
    """Let somebody have the shifts of a request: themselves, or whom a manager names. Of two at once one gets it."""
    if not can(actor, Verb.RESPOND):
        raise PermissionDenied
    if actor != user:
        require(actor, Verb.CONFIGURE, swap.schedule.team)
    fresh = locked(swap)
    _refuse_unless(fresh, Status.OPEN)
    _refuse_stranger(fresh, user)
    refuse_double(fresh.schedule, user, [queries.key_of(row) for row in fresh.returned], but=fresh)
    behalf = "" if actor == user else f", entered by {actor}"
    manages = can(actor, Verb.CONFIGURE, fresh.schedule.team)
    fresh.taker = user
    _refuse_moved(fresh)
    if queries.rule_of(fresh.schedule).needs_approval and not manages:
        fresh.status = Status.WAITING
        fresh.save(update_fields=["taker", "status"])
        note(fresh, "waiting", f"{user} takes it, if a manager approves", actor=actor)
        asked = f"{user} wants to take a shift of {fresh.beneficiary}: approve it?"
        notices.tell(fresh, queries.managers(fresh.schedule), asked, key=f"approve-{user.pk}", but=actor)
        return fresh
    _put_in_force(fresh, "taken", f"{user} takes it{behalf}", actor=actor)
    return fresh


@transaction.atomic
def approve(swap: Swap, *, actor: User) -> Swap:
    """Let a swap count that waits for a manager."""
    require(actor, Verb.CONFIGURE, swap.schedule.team)
    fresh = locked(swap)
    _refuse_unless(fresh, Status.WAITING)
    _refuse_moved(fresh)
    _put_in_force(fresh, "approved", f"{actor} approved it", actor=actor)
    return fresh


@transaction.atomic
def reject(swap: Swap, *, actor: User) -> Swap:
    """Do not let a swap count that waits for a manager. Who asked stays on call."""
    require(actor, Verb.CONFIGURE, swap.schedule.team)
    fresh = locked(swap)
    _refuse_unless(fresh, Status.WAITING)
    _end(fresh, Status.REJECTED, f"{actor} did not approve it", actor=actor)
    return fresh


@transaction.atomic
def decline(swap: Swap, *, actor: User) -> Swap:
    """Say that one does not take it. A request to this person alone ends with that."""
    fresh = locked(swap)
    _refuse_unless(fresh, Status.OPEN)
    if not queries.may_take(fresh, actor):
        raise NotAllowed("This request is to somebody else.")
    if fresh.wanted_id == actor.pk:
        _end(fresh, Status.DECLINED, f"{actor} does not take it", actor=actor)
    else:
        note(fresh, queries.NOT_ME, f"{actor} does not take it", actor=actor)
    return fresh


def _end(swap: Swap, status: Status, text: str, *, actor: User) -> None:
    Swap.objects.filter(pk=swap.pk).update(status=status)
    swap.status = status
    note(swap, status.value, text, actor=actor)
    cancel_deadlines(swap)
    said = f"{text}: {swap.beneficiary} stays on call"
    notices.tell(swap, [swap.beneficiary, swap.asked_by, swap.taker], said, key=status.value, but=actor)


def _put_in_force(swap: Swap, what: str, text: str, *, actor: User) -> None:
    now = timezone.now()
    swap.status, swap.counts_from = Status.TAKEN, now
    swap.save(update_fields=["taker", "status", "counts_from"])
    note(swap, what, text, actor=actor)
    cancel_deadlines(swap)
    first = min(row.start for row in swap.shifts.all())
    summary = f"Swap: {swap.taker} for {swap.beneficiary}"
    tell_schedule(swap, at=max(first, now), summary=summary, actor=actor)
    said = f"{swap.taker} takes a shift of {swap.beneficiary}"
    if swap.returned:
        said = f"{swap.taker} and {swap.beneficiary} exchange shifts"
    notices.tell(swap, [swap.beneficiary, swap.asked_by, swap.taker], said, key="taken", but=actor)


def _refuse_moved(swap: Swap) -> None:
    """Refuse where a shift is no longer its giver's, or its taker is on call in it as well."""
    now = timezone.now()
    for giver, taker, rows in (
        (swap.beneficiary, swap.taker, swap.given),
        (swap.taker, swap.beneficiary, swap.returned),
    ):
        ahead = [row for row in rows if row.lapsed_at is None and row.end > now]
        if giver is None or taker is None or len(queries.held(swap.schedule, giver, ahead)) < len(ahead):
            raise NotNow(f"The schedule was changed: this is no shift of {giver} any more.")
        if queries.held(swap.schedule, taker, ahead):
            raise NotAllowed(f"{taker} is on call in this shift already.")


def _refuse_unless(swap: Swap, status: Status) -> None:
    if swap.status == status and swap.expires_at > timezone.now():
        return
    if swap.status in (Status.TAKEN, Status.WAITING):
        raise NotNow(f"{swap.taker} has taken it already.")
    over = "Nobody took it in time" if swap.status == status else swap.get_status_display()
    raise NotNow(f"This request is over: {over.lower()}.")


def _refuse_stranger(swap: Swap, user: User) -> None:
    if user == swap.beneficiary:
        raise NotAllowed("This is the shift of that person already.")
    if swap.wanted_id is not None and swap.wanted_id != user.pk:
        raise NotAllowed(f"Only {swap.wanted} is asked.")
    rule = queries.rule_of(swap.schedule)
    if not queries.takers(swap.schedule, rule=rule).filter(pk=user.pk).exists():
        raise NotAllowed(f"{user} may not take it. {queries.stated(rule)}")
