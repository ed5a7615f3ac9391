"""The level that is proposed for the hours at which a schedule has nobody by design."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oncall.escalation.forms.branches import WORKDAYS, BranchDraft
from oncall.escalation.forms.levels import MOST_LEVELS, Draft, Levels
from oncall.matching.forms import Conditions
from oncall.matching.rules import MAX_PATTERN, Hours
from oncall.quiet.rules import WEEKDAYS
from oncall.schedules import operations as schedules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oncall.schedules.models import Schedule


def propose(levels: Levels, schedule: Schedule, words: Sequence[str]) -> int:
    """Put a level for the worst level after the ones that ask a schedule; give its number, 0 where there is no room."""
    asks = {f"schedule:{schedule.pk}", *(f"schedule:{schedule.pk}:{turn}" for turn in ("next", "previous"))}
    places = [n for n, draft in enumerate(levels.drafts) if asks & set(draft.targets)]
    if not words or len(levels.drafts) >= MOST_LEVELS:
        return 0
    place = places[-1] + 1 if places else len(levels.drafts)
    levels.insert(place, Draft(branch=_branch(schedule, words)))
    return place + 1


def first_levels(schedule: Schedule) -> Levels:
    """Give the levels of a new policy that asks a schedule."""
    return Levels([Draft(targets=(f"schedule:{schedule.pk}",))])


def _branch(schedule: Schedule, words: Sequence[str]) -> BranchDraft:
    pattern = "|".join(re.escape(word) for word in words)
    if len(words) == 1 or len(pattern) > MAX_PATTERN:
        stored = {"label": "severity", "op": "equals", "value": words[0]}
    else:
        stored = {"label": "severity", "op": "matches", "value": pattern}
    conditions = Conditions.of([stored])
    terms, zone = schedules.terms_at(schedule, None), schedule.time_zone
    times = {(start, end) for _, start, end in terms.coverage}
    # Working hours are one time on some weekdays, and know no holidays: otherwise it is asked at any hour, behind
    # whoever is on call.
    if len(times) != 1 or terms.closed_on_holidays:
        return BranchDraft("", conditions, zone=zone)
    ((start, end),) = times
    if start >= end:
        return BranchDraft("", conditions, zone=zone)
    days = {day for day, _, _ in terms.coverage}
    names = [day.lower() for n, day in enumerate(WEEKDAYS) if None in days or n in days]
    how = Hours.OUTSIDE.value
    return BranchDraft("", conditions, how, tuple(names) or WORKDAYS, f"{start:%H:%M}", f"{end:%H:%M}", zone)
