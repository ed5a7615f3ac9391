"""How bad it is: by questions, by numbers, and whether that wakes people at this hour."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

FEWEST, MOST = 3, 4
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Ask:
    """A question: where each answer leads, to a level or to the position of the next question."""

    position: int
    text: str = ""
    level_if_yes: int | None = None
    level_if_no: int | None = None
    then_if_yes: int | None = None
    then_if_no: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the answers say so far: the level when decided, else the question to ask; and those asked until then."""

    level: int | None
    ask: int | None
    asked: tuple[int, ...]


def decide(questions: Sequence[Ask], answers: Mapping[int, bool]) -> Decision:
    """Walk the questions in order and stop at a level or at the first one without an answer.

    What is not on the way is not asked, whatever `answers` holds for it.
    """
    by_position = {question.position: question for question in questions}
    order = sorted(by_position)
    here = order[0] if order else None
    asked: list[int] = []
    while here is not None and here not in asked:
        asked.append(here)
        question = by_position[here]
        answer = answers.get(here)
        if answer is None:
            return Decision(None, here, tuple(asked))
        level = question.level_if_yes if answer else question.level_if_no
        if level is not None:
            return Decision(level, None, tuple(asked))
        then = question.then_if_yes if answer else question.then_if_no
        here = _next(order, after=here) if then is None else then if then in by_position else None
    return Decision(None, None, tuple(asked))


def _next(order: Sequence[int], *, after: int) -> int | None:
    return next((position for position in order if position > after), None)


@dataclass(frozen=True, slots=True)
class Criteria:
    """From what numbers on a level is this one. `percent` of users; `above` means more than that share."""

    level: int
    rank: int
    percent: Decimal | None = None
    above: bool = False
    data_lost: bool = False
    critical_down: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """What is known of the impact in numbers."""

    percent: Decimal | None = None
    data_lost: bool = False
    critical_down: bool = False


def propose(levels: Sequence[Criteria], measure: Measure) -> int | None:
    """Give the worst level whose criteria the numbers meet; None when they meet none (R030)."""
    met = [level for level in levels if _meets(level, measure)]
    return min(met, key=lambda level: level.rank).level if met else None


def _meets(level: Criteria, measure: Measure) -> bool:
    if (level.data_lost and measure.data_lost) or (level.critical_down and measure.critical_down):
        return True
    if level.percent is None or measure.percent is None:
        return False
    return measure.percent > level.percent or (not level.above and measure.percent == level.percent)


@dataclass(frozen=True, slots=True)
class Hours:
    """Business hours: weekdays as 0 (Monday) to 6, half open from `start` to `end` in local time."""

    days: frozenset[int]
    start: time
    end: time


def parse_hours(text: str) -> Hours:
    """Read business hours as `mon-fri 09:00-18:00`; raises ValueError with a text for people."""
    found = re.fullmatch(r"([a-z]{3})-([a-z]{3}) (\d\d:\d\d)-(\d\d:\d\d)", text.strip().lower())
    if not found or found[1] not in DAYS or found[2] not in DAYS:
        raise ValueError(f"Business hours must look like mon-fri 09:00-18:00, not {text!r}.")
    first, last = DAYS.index(found[1]), DAYS.index(found[2])
    days = frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
    start = time.fromisoformat(found[3])
    end = time.max if found[4] == "24:00" else time.fromisoformat(found[4])
    if start >= end:
        raise ValueError(f"Business hours must begin before they end, not {text!r}.")
    return Hours(days, start, end)


def pages_now(paging: str, *, at: datetime, hours: Hours, zone: str) -> bool:
    """Say whether a level with this paging rule wakes people at this instant; the level itself never changes."""
    if paging != "business_hours":
        return paging == "always"
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() in hours.days and hours.start <= local.time() < hours.end


def default_rank(ranks: Sequence[int]) -> int | None:
    """Give the level assumed when nobody said: the second worst, or the only one (downgrading is easy)."""
    ordered = sorted(ranks)
    return ordered[min(1, len(ordered) - 1)] if ordered else None


def scale_warning(count: int) -> str:
    """Say that a scale is too short or too long to be chosen from quickly; empty when it is not."""
    if FEWEST <= count <= MOST:
        return ""
    return f"{count} level{'' if count == 1 else 's'} in use. Three or four are told apart quickly; more or fewer are not."
