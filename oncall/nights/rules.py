"""A person's night, and what becomes of a page that is over their limit of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from oncall.matching.rules import WORK_BEGINS, WORK_ENDS, WORKDAYS, is_out_of_hours
from oncall.paging.rules import Over
from oncall.quiet.rules import instant, said

MOST = 50


@dataclass(frozen=True, slots=True)
class Night:
    """[start, end) outside of working hours, by the clocks of a person's zone; it ends in the morning."""

    start: datetime
    end: datetime
    zone: ZoneInfo


def night_of(at: datetime, *, zone: str) -> Night | None:
    """Give the night that an instant lies in, None in working hours.

    It ends at 09:00, and begins at 17:00 of a working day; on a Saturday or Sunday it begins where the last one ended.
    """
    if not is_out_of_hours(at, zone=zone):
        return None
    clocks = _zone(zone)
    today = at.astimezone(clocks).date()
    days = [today + timedelta(days=n) for n in (-1, 0, 1)]
    mornings = [instant(day, WORK_BEGINS, clocks) for day in days]
    evenings = [instant(day, WORK_ENDS, clocks) for day in days if day.weekday() in WORKDAYS]
    start = max(edge for edge in (*mornings, *evenings) if edge <= at)
    return Night(start, min(edge for edge in mornings if edge > at), clocks)


def last_night(at: datetime, *, zone: str) -> Night | None:
    """Give the night that an instant lies in, or in working hours the one that ended this morning."""
    clocks = _zone(zone)
    morning = instant(at.astimezone(clocks).date(), WORK_BEGINS, clocks)
    return night_of(at, zone=zone) or night_of(morning - timedelta(microseconds=1), zone=zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a level asks people about: how urgent it is, and in which pass (from 0).

    `worst` is the label of a severity of rank 1, "" of any other.
    """

    limit: int
    is_low: bool
    worst: str = ""
    pass_: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of it, in words, and until when it waits."""

    over: Over
    why: str
    until: datetime | None = None


def judge(
    case: Case,
    ids: Sequence[int],
    *,
    over: Callable[[int], Night | None],
    name: Callable[[int], str],
    later: Callable[[], Sequence[int]],
    learners: Collection[int] = (),
) -> dict[int, Verdict]:
    """Say what becomes of the pages of a level's people that are over their limits; nothing is lost by it.

    `over` gives the night of somebody who has had as many as it may bring, `later` who is asked by the rest of the pass.
    `learners` are only there to learn: nobody is passed over because one of them is asked.
    """
    known = {id_: night for id_ in ids if (night := over(id_)) is not None}
    if not known:
        return {}
    within = [id_ for id_ in ids if id_ not in known and id_ not in learners]
    others = bool(within) or any(over(id_) is None for id_ in later())
    return {id_: _verdict(case, name(id_), night, others=others) for id_, night in known.items()}


def _verdict(case: Case, name: str, night: Night, *, others: bool) -> Verdict:
    pages = f"{case.limit} page{'' if case.limit == 1 else 's'}"
    over = f"over {name}'s limit of {pages} this night"
    if case.is_low:
        return Verdict(
            Over.WAITS, f"Waits until {said(night.end, zone=night.zone)}: {over}.", until=night.end
        )
    through = f"It goes through although it is {over}"
    if case.worst:
        return Verdict(Over.WENT_THROUGH, f"{through}: {case.worst} always does.")
    if case.pass_:
        return Verdict(Over.WENT_THROUGH, f"{through}: those who are within theirs did not answer.")
    if not others:
        return Verdict(Over.WENT_THROUGH, f"{through}: nobody else is left to be asked.")
    return Verdict(Over.PASSED_OVER, f"Not asked: {over}. Others are asked at once instead.")


def occurrence(night: Night) -> str:
    """Name a night of a person: the same for each of its pages."""
    return f"{night.start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
