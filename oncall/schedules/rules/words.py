"""The reasons that answers carry, in words."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from oncall.schedules.rules.layers import WEEKDAYS, Exceptional, Handoff, Layer, Override, Unit

NOT_ACTIVE = "is not active"
UNCOVERED = "no layer covers this time"
AWAY = "is away"
DELETED = "the schedule was deleted"
NOT_BEGUN = "the schedule had not begun"
OFTEN = {Unit.HOUR: "hourly", Unit.DAY: "daily", Unit.WEEK: "weekly", Unit.MONTH: "monthly"}


def rule(layer: Layer) -> str:
    """A layer with its rhythm, as layer "Primary" (weekly, Monday 09:00 Europe/Berlin)."""
    return f"{named(layer)} ({_rhythm(layer.start, layer.time_zone, layer.handoff)})"


def named(layer: Layer) -> str:
    return f'{"calendar" if layer.is_fed else "layer"} "{layer.name}"'


def exception(override: Override, name: str) -> str:
    """An exception with who or what made it and until when; `name` is that of the layer it is of, if it is of one."""
    if override.kind is Exceptional.CALENDAR:
        return f'calendar "{override.by}" until {override.end:%Y-%m-%d %H:%M} UTC'
    of = f' of layer "{name}"' if name else ""
    by = f" by {override.by}" if override.by else ""
    return f"{override.kind}{of}{by} until {override.end:%Y-%m-%d %H:%M} UTC"


@lru_cache(maxsize=4096)
def _rhythm(start: datetime, time_zone: str, handoff: Handoff) -> str:
    often = OFTEN[handoff.unit] if handoff.every == 1 else f"every {handoff.every} {handoff.unit}s"
    clock = f"{handoff.at:%H:%M} {time_zone}"
    first = start.astimezone(ZoneInfo(time_zone))
    match handoff.unit:
        case Unit.HOUR:
            return f"{often}, counted from {clock}"
        case Unit.DAY:
            return f"{often}, {clock}"
        case Unit.WEEK:
            weekday = first.weekday() if handoff.weekday is None else handoff.weekday
            return f"{often}, {WEEKDAYS[weekday]} {clock}"
        case Unit.MONTH:
            return f"{often}, day {first.day} at {clock}"
