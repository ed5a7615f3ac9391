"""Everything that is asked about schedules: the people, the hours, the rows."""

from oncall.schedules.queries.calendars import (
    Calendar,
    Row,
    calendar,
    coming_gaps,
    rhythm,
)
from oncall.schedules.queries.now import (
    Watch,
    duty,
    on_call,
    watches,
)
from oncall.schedules.queries.reading import (
    HORIZON,
    Resolved,
    layer_value,
    naming,
    override_value,
    resolve,
)
from oncall.schedules.queries.rows import (
    address,
    get,
    layers_in_force,
    live_overrides,
    override,
    schedules,
    turns,
)
from oncall.schedules.queries.stretches import (
    Shift,
    shifts,
    shifts_in,
    shifts_of,
)

__all__ = [
    "HORIZON",
    "Calendar",
    "Resolved",
    "Row",
    "Shift",
    "Watch",
    "address",
    "calendar",
    "coming_gaps",
    "duty",
    "get",
    "layer_value",
    "layers_in_force",
    "live_overrides",
    "naming",
    "on_call",
    "override",
    "override_value",
    "resolve",
    "rhythm",
    "schedules",
    "shifts",
    "shifts_in",
    "shifts_of",
    "turns",
    "watches",
]
