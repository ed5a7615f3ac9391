"""What an edit changes for each person."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.schedules.rules.resolver import Kind, Slice
from oncall.schedules.rules.turns import meet


class Effect(StrEnum):
    GAINED = "gained"
    LOST = "lost"
    OTHER_REASON = "same_time_other_reason"


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch in which somebody is on call who was not, is not who was, or is by another rule."""

    user: int
    start: datetime
    end: datetime
    effect: Effect


def difference(old: Sequence[Slice], new: Sequence[Slice]) -> list[Change]:
    """Compare two final schedules of one window, the soonest change first."""
    found: defaultdict[int, list[Change]] = defaultdict(list)
    before = ((piece.start, piece.end, piece) for piece in old)
    after = ((piece.start, piece.end, piece) for piece in new)
    for begin, finish, was, will in meet(before, after):
        for user in dict.fromkeys((*was.users, *will.users)):
            effect = _effect(user, was, will)
            own = found[user]
            if effect is None:
                continue
            if own and own[-1].end == begin and own[-1].effect is effect:
                own[-1] = replace(own[-1], end=finish)
            else:
                own.append(Change(user, begin, finish, effect))
    return sorted((each for own in found.values() for each in own), key=lambda each: (each.start, each.user))


def _effect(user: int, was: Slice, will: Slice) -> Effect | None:
    if user not in will.users:
        return Effect.LOST
    if user not in was.users:
        return Effect.GAINED
    return Effect.OTHER_REASON if was.reason != will.reason else None


@dataclass(frozen=True, slots=True)
class Balance:
    """How much time on call somebody gains and loses by an edit."""

    user: int
    gained: timedelta
    lost: timedelta


def balance(changes: Sequence[Change]) -> list[Balance]:
    """Add up what each person gains and loses; who only has their time by another rule is not named."""
    sums: defaultdict[int, dict[Effect, timedelta]] = defaultdict(lambda: dict.fromkeys(Effect, timedelta()))
    for change in changes:
        sums[change.user][change.effect] += change.end - change.start
    return [
        Balance(user, own[Effect.GAINED], own[Effect.LOST])
        for user, own in sums.items()
        if own[Effect.GAINED] or own[Effect.LOST]
    ]


def emptied(old: Sequence[Slice], new: Sequence[Slice]) -> list[tuple[datetime, datetime]]:
    """Give when nobody would be on call by the new one where somebody is by the old one."""
    found: list[tuple[datetime, datetime]] = []
    before, after = (((each.start, each.end, each) for each in some) for some in (old, new))
    for begin, finish, was, will in meet(before, after):
        if was.kind is not Kind.DUTY or will.kind is not Kind.GAP:
            continue
        if found and found[-1][1] == begin:
            found[-1] = (found[-1][0], finish)
        else:
            found.append((begin, finish))
    return found
