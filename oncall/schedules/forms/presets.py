"""Schedules to start from: the form of a new one filled in, but for its people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

from oncall.schedules.forms.windows import shown_windows
from oncall.schedules.rules.layers import WEEKDAYS
from oncall.schedules.rules.windows import over_days

if TYPE_CHECKING:
    from datetime import date

WEEKLY = "weekly"
FRIDAY = WEEKDAYS.index("Friday")


@dataclass(frozen=True, slots=True)
class Preset:
    """What it is called, what to know of it, and what the forms show; a rotation is given `days` from Monday on."""

    name: str
    note: str = ""
    rotations: tuple[dict[str, Any], ...] = ()
    terms: dict[str, Any] = field(default_factory=dict)

    def shown(self, monday: date) -> list[dict[str, Any]]:
        """The rotations as the form shows them, from that week on."""
        return [
            {key: value for key, value in each.items() if key != "days"}
            | {"start": monday + timedelta(days=each.get("days", 0))}
            for each in self.rotations
        ]


def _region(name: str, zone: str, opens: int, closes: int) -> dict[str, Any]:
    window = [(None, time(opens), time(closes))]
    return {
        "name": name,
        "time_zone": zone,
        "weekday": "0",
        "handoff_at": time(opens),
        **shown_windows(window),
    }


PRESETS = {
    WEEKLY: Preset("Weekly turns", "", ({"name": "Primary"},)),
    "follow-the-sun": Preset(
        "Follow the sun",
        "Where two regions are at work the later rotation has it. The hours by which they overlap are the reserve for"
        " the weeks in which one region alone has changed its clock, so no gap opens then.",
        (
            _region("Americas", "America/New_York", 10, 20),
            _region("Europe", "Europe/Berlin", 9, 17),
            _region("Asia", "Asia/Tokyo", 9, 17),
        ),
    ),
    "weekdays-weekends": Preset(
        "Weekdays and weekends",
        "The weekend is Friday 17:00 to Monday 09:00, with turns of its own.",
        (
            {
                "name": "Weekdays",
                "weekday": "0",
                "handoff_at": time(9),
                **shown_windows(over_days(0, time(9), FRIDAY, time(17))),
            },
            {
                "name": "Weekends",
                "weekday": str(FRIDAY),
                "handoff_at": time(17),
                "days": FRIDAY - 7,
                **shown_windows(over_days(FRIDAY, time(17), 0, time(9))),
            },
        ),
    ),
    "business-hours": Preset(
        "Business hours",
        "Outside of them nobody is on call by design, and that is no gap. Once it is saved, its page leads to who is paged"
        " at these hours for the worst level.",
        ({"name": "Primary"},),
        shown_windows([(day, time(9), time(17)) for day in range(FRIDAY + 1)]),
    ),
    "secondary": Preset(
        "Secondary behind another",
        "It takes the rotations of the other schedule one turn ahead, follows each edit of it, and never has the person"
        " who is primary.",
        (),
        {"offset": 1},
    ),
}
