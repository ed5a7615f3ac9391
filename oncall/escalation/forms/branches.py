"""What must hold for a level, as it is edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone

from oncall.matching.forms import Conditions
from oncall.matching.rules import Branch, Hours, branch_from_json, branch_to_json
from oncall.quiet.rules import WEEKDAYS

if TYPE_CHECKING:
    from django.http import QueryDict


WORKDAYS = tuple(day.lower() for day in WEEKDAYS[:5])
HOW = [
    ("", "At any hour"),
    (Hours.IN.value, "Only in these hours, else it is skipped"),
    (Hours.OUTSIDE.value, "Only outside of these hours"),
    (Hours.WAIT.value, "Low urgency waits for these hours"),
]
"""How a level stands to working hours, as people choose it."""


@dataclass(frozen=True, slots=True)
class BranchDraft:
    """What must hold for a level, as it stands in the editor."""

    urgency: str = ""
    conditions: Conditions = field(default_factory=Conditions)
    how: str = ""
    weekdays: tuple[str, ...] = WORKDAYS
    start: str = "09:00"
    end: str = "17:00"
    zone: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it restricts nothing."""
        return not (self.urgency or self.conditions.drafts or self.how)

    @classmethod
    def of(cls, branch: Branch | None, prefix: str) -> BranchDraft:
        """Give a level's branch for editing."""
        stored = branch_to_json(branch) if branch else {"urgency": "", "match": [], "hours": None}
        conditions, hours = Conditions.of(stored["match"], prefix), stored["hours"]
        if hours is None:
            return cls(stored["urgency"], conditions, zone=timezone.get_current_timezone_name())
        times = (hours["how"], tuple(hours["weekdays"]), hours["from"], hours["to"], hours["zone"])
        return cls(stored["urgency"], conditions, *times)

    @classmethod
    def posted(cls, data: QueryDict, prefix: str) -> BranchDraft:
        """Give what the browser sent."""
        said = {
            name: data.get(f"{prefix}{name}", "")[:60] for name in ("urgency", "how", "from", "to", "zone")
        }
        conditions = Conditions.posted(data, prefix)
        days = tuple(data.getlist(f"{prefix}weekdays"))[: len(WEEKDAYS)]
        return cls(said["urgency"], conditions, said["how"], days, said["from"], said["to"], said["zone"])

    def check(self) -> tuple[Branch | None, str]:
        """Give the branch, and what is wrong with it."""
        match = self.conditions.check()
        if match is None:
            return None, " ".join(text for _, text in self.conditions.errors)
        hours = {
            "weekdays": self.weekdays,
            "from": self.start,
            "to": self.end,
            "zone": self.zone,
            "how": self.how,
        }
        try:
            stored = {"urgency": self.urgency, "match": match, "hours": hours if self.how else None}
            return branch_from_json(stored), ""
        except ValueError as error:
            return None, str(error)
