"""Overrides, swaps and the like: what they make of an answer, in the order of their creation."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from oncall.schedules.rules import words
from oncall.schedules.rules.layers import Exceptional, Override
from oncall.schedules.rules.places import Absences, Answer
from oncall.schedules.rules.turns import Span


def in_force(
    overrides: Sequence[Override], absences: Absences, start: datetime, end: datetime
) -> Iterator[Span[list[Override]]]:
    """Tile the window with the exceptions in force, in the order of their creation, and cut where their people go."""
    waiting = sorted((each for each in overrides if each.start < end and each.end > start), key=_beginning)
    bounds = {
        start,
        end,
        *(max(each.start, start) for each in waiting),
        *(min(each.end, end) for each in waiting),
    }
    bounds |= absences.bounds({each.user for each in waiting if each.user is not None}, start, end)
    now: list[Override] = []
    taken = 0
    for begin, finish in pairwise(sorted(bounds)):
        now = [each for each in now if each.end > begin]
        while taken < len(waiting) and waiting[taken].start <= begin:
            if waiting[taken].end > begin:
                now.append(waiting[taken])
            taken += 1
        yield begin, finish, sorted(now, key=_creation)


def in_force_at(overrides: Sequence[Override], instant: datetime) -> list[Override]:
    return sorted((each for each in overrides if each.start <= instant < each.end), key=_creation)


def _beginning(override: Override) -> datetime:
    return override.start


def _creation(override: Override) -> tuple[int, int]:
    return override.created_order, override.id


def changed(
    base: Answer, overrides: Sequence[Override], absences: Absences, at: datetime, *, layer: str = ""
) -> Answer:
    """Apply exceptions in the order given, each to what the ones before it left; `layer` names the one they are of."""
    users, decisive, ignored = base.users, None, []
    for override in overrides:
        after = _applied(override, users)
        if after == users:
            continue
        away = None if override.user is None else absences.of_user(override.user, at, yielding=False)
        if away is not None:
            ignored.append(f"{words.exception(override, layer)} ignored, its person {away.why}")
            continue
        users, decisive = after, override
    if decisive is None and not ignored:
        return base
    reason = base.reason
    if decisive is not None:
        reason = words.exception(decisive, layer) + ("" if users else " leaves nobody on call")
    found = replace(base, users=users, reason="; ".join((reason, *dict.fromkeys(ignored))))
    if decisive is None:
        return found
    return replace(
        found,
        layer=(layer if users else None) if layer else base.layer,
        override=decisive.id if decisive.kind is Exceptional.OVERRIDE else None,
        swap=decisive.id if decisive.kind is Exceptional.SWAP else None,
        is_closed=base.is_closed and not users,
    )


def _applied(override: Override, users: tuple[int, ...]) -> tuple[int, ...]:
    joins, leaves = override.user, override.replaces
    if override.replaces_everybody:
        return () if joins is None else (joins,)
    if joins == leaves:
        return users
    if joins in users:
        joins = None
    if leaves is None:
        return users if joins is None else (*users, joins)
    swapped = (joins if user == leaves else user for user in users)
    return tuple(user for user in swapped if user is not None)
