"""Windows of several days as the windows of one day that a layer knows, and windows that open earlier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from oncall.schedules.rules.layers import Restriction

MIDNIGHT = time()
Entered = tuple[int | None, time, time]


@dataclass(frozen=True, slots=True)
class Run:
    """A window as people say it: from a day, or on every day, to a time of the same day or night, or of `last`."""

    day: int | None
    start: time
    last: int | None
    end: time


def over_days(first: int, start: time, last: int, end: time) -> list[tuple[int, time, time]]:
    """Cut a window from one weekday to another, as Friday 17:00 to Monday 09:00, at its midnights.

    From a weekday to an earlier or the same time of that weekday is nearly a week.
    """
    days = (last - first) % 7
    if days == 0 and end <= start:
        days = 7
    if days == 0 or (days == 1 and end <= start):
        return [(first, start, end)]
    whole = [((first + n) % 7, MIDNIGHT, MIDNIGHT) for n in range(1, days)]
    rest = [(last, MIDNIGHT, end)] if end > MIDNIGHT else []
    return [(first, start, MIDNIGHT), *whole, *rest]


def joined(windows: Sequence[Entered]) -> list[Run]:
    """Say windows as people do: those that go on at midnight as the one of several days that they are."""
    goes_on = _goes_on(windows)
    chains = {head: _chain(head, goes_on) for head in range(len(windows)) if head not in goes_on.values()}
    whole = {
        head: run for head, chain in chains.items() if (run := _run([windows[place] for place in chain]))
    }
    inside = {place for head in whole for place in chains[head]}
    return [
        whole.get(place) or Run(day, start, None, end)
        for place, (day, start, end) in enumerate(windows)
        if place in whole or place not in inside
    ]


def _goes_on(windows: Sequence[Entered]) -> dict[int, int]:
    """Which window begins when another one ends at midnight, by their places; each goes on from one only."""
    found: dict[int, int] = {}
    for place, (day, _, end) in enumerate(windows):
        if day is None or end != MIDNIGHT:
            continue
        for other, (next_day, start, _) in enumerate(windows):
            if next_day == (day + 1) % 7 and start == MIDNIGHT and other not in found.values():
                found[place] = other
                break
    return found


def _chain(head: int, goes_on: Mapping[int, int]) -> list[int]:
    chain = [head]
    while chain[-1] in goes_on:
        chain.append(goes_on[chain[-1]])
    return chain


def _run(chain: Sequence[Entered]) -> Run | None:
    """The window of several days that these are, if `over_days` would cut it so."""
    (first, start, _), (last, _, end) = chain[0], chain[-1]
    if len(chain) == 1 or first is None or last is None:
        return None
    until = (last + 1) % 7 if end == MIDNIGHT else last
    return Run(first, start, until, end) if over_days(first, start, until, end) == list(chain) else None


def reaching(windows: Sequence[Restriction], start: datetime, end: datetime) -> list[Restriction] | None:
    """Let the windows that open at `end` open at `start` already, both in the zone of the layer.

    None where no window opens then, or where that would be another window than one that is longer.
    """
    if start.date() != end.date():
        return None
    opening = {place for place, window in enumerate(windows) if _opens(window, start, end)}
    if not opening:
        return None
    return [
        replace(window, start=start.time()) if place in opening else window
        for place, window in enumerate(windows)
    ]


def _opens(window: Restriction, start: datetime, end: datetime) -> bool:
    opens = window.start == end.time() and window.weekday in {None, end.weekday()}
    return opens and not start.time() < window.end <= window.start
