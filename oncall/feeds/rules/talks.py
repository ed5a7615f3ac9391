"""The talks at which a schedule is handed over, as calendars show them: one for each moment at which others take over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from oncall.feeds.rules.published import Published


class Talk(Protocol):
    """For how long people talk, how often that was changed, and when last."""

    @property
    def length(self) -> timedelta: ...
    @property
    def changes(self) -> int: ...
    @property
    def changed_at(self) -> datetime | None: ...


def talks(shifts: Iterable[Published], talk: Talk, *, of: int | None = None) -> list[Published]:
    """Give the talks of a schedule's shifts: all who come and all who go talk from the hand-off on.

    With `of` those of one person alone, as who comes or as who goes. A talk is recognised by the first shift that begins
    with it; it is cancelled with that shift, and left out where people no longer meet.
    """
    coming: defaultdict[datetime, list[Published]] = defaultdict(list)
    going: defaultdict[datetime, set[int]] = defaultdict(set)
    gone = []
    for shift in shifts:
        if shift.cancelled_at is not None:
            gone.append(shift)
            continue
        coming[shift.start].append(shift)
        going[shift.end].add(shift.user)
    found = [
        _talk(shift, shift.end, talk)
        for shift in gone
        if of is None or of == shift.user or of in going[shift.start]
    ]
    for start, new in coming.items():
        met = [shift for shift in new if going[start] - {shift.user}]
        if met and (of is None or of in going[start] | {shift.user for shift in new}):
            found.append(_talk(met[0], max(shift.end for shift in met), talk))
    return found


def _talk(shift: Published, end: datetime, talk: Talk) -> Published:
    """The talk with which a shift begins; a change of its length is one of the event, too."""
    return replace(
        shift,
        uid=f"talk-{shift.uid}",
        end=min(shift.start + talk.length, end),
        sequence=shift.sequence + talk.changes,
        changed_at=max(shift.changed_at, talk.changed_at or shift.changed_at),
    )
