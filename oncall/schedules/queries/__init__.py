"""Everything that is asked about schedules: the people, the hours, the rows."""

from oncall.schedules.queries.asked import (
    AskedWatch,
    asked,
)
from oncall.schedules.queries.calendars import (
    Calendar,
    Row,
    calendar,
    coming_gaps,
    rhythm,
)
from oncall.schedules.queries.deleting import (
    behind,
    deleted,
    get_deleted,
    gone,
    users_of,
)
from oncall.schedules.queries.differences import (
    Told,
    named,
    told,
)
from oncall.schedules.queries.fitting import (
    against,
    fitting,
)
from oncall.schedules.queries.now import (
    Watch,
    next_shift,
    on_call,
    watch,
    watches,
)
from oncall.schedules.queries.reading import (
    HORIZON,
    Resolved,
    as_if,
    naming,
    resolve,
)
from oncall.schedules.queries.reasons import (
    Why,
    why,
)
from oncall.schedules.queries.rows import (
    RESERVED,
    address,
    described,
    get,
    layer_rows,
    layers_in_force,
    live_overrides,
    overlapping,
    override,
    schedules,
    turns,
)
from oncall.schedules.queries.stored import (
    coverage_hours,
    layer_value,
)
from oncall.schedules.queries.stretches import (
    Shift,
    Taken,
    have,
    shifts,
    shifts_in,
    shifts_of,
    whose,
)
from oncall.schedules.queries.versions import (
    Standing,
    holiday_marks,
    layers_of,
    lineages,
    passing_over,
    planned,
    saved_since,
    standing,
    version,
    version_at,
    versions,
)

__all__ = [
    "HORIZON",
    "RESERVED",
    "AskedWatch",
    "Calendar",
    "Resolved",
    "Row",
    "Shift",
    "Standing",
    "Taken",
    "Told",
    "Watch",
    "Why",
    "address",
    "against",
    "as_if",
    "asked",
    "behind",
    "calendar",
    "coming_gaps",
    "coverage_hours",
    "deleted",
    "described",
    "fitting",
    "get",
    "get_deleted",
    "gone",
    "have",
    "holiday_marks",
    "layer_rows",
    "layer_value",
    "layers_in_force",
    "layers_of",
    "lineages",
    "live_overrides",
    "named",
    "naming",
    "next_shift",
    "on_call",
    "overlapping",
    "override",
    "passing_over",
    "planned",
    "resolve",
    "rhythm",
    "saved_since",
    "schedules",
    "shifts",
    "shifts_in",
    "shifts_of",
    "standing",
    "told",
    "turns",
    "users_of",
    "version",
    "version_at",
    "versions",
    "watch",
    "watches",
    "whose",
    "why",
]
