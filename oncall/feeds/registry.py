"""How long people talk at the hand-offs of schedules, for calendars that show it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from oncall.feeds.rules.talks import Talk

Read = Callable[[Collection[int]], Mapping[int, Talk]]
_talks: list[Read] = []


def set_talks(read: Read) -> None:
    """Let a feature say how long people talk at the hand-offs of these schedules, by id."""
    _talks[:] = [read]


def talks(schedule_ids: Collection[int]) -> dict[int, Talk]:
    """Give how long people talk; a schedule in which they do not is left out."""
    return {pk: talk for read in _talks for pk, talk in read(schedule_ids).items() if talk.length}
