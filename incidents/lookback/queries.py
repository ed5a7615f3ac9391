from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.ui import times
from incidents.lifecycle.models import EntryKind, RoleAssignment, TimelineEntry
from incidents.lifecycle.rules import Status
from incidents.lookback import rules
from incidents.lookback.rules import Asked, Facts, Kind, Remark
from incidents.nudges import rules as nudges
from incidents.nudges.models import Nudge, State

if TYPE_CHECKING:
    from incidents.lifecycle.models import Incident

LOOKED_AT = (EntryKind.PAGE, EntryKind.REMINDER)
UNHEARD = (State.IGNORED, State.SETTLED)


@dataclass(frozen=True, slots=True)
class Said:
    """A remark in words."""

    remark: Remark
    text: str

    @property
    def kind(self) -> str:
        """Which it is."""
        return self.remark.kind.value


def remarks(incident: Incident) -> list[Said]:
    """Give what may be worth a talk about how an incident was run, in three queries; nothing while it is open."""
    ended_at = incident.open_until
    if incident.is_active or incident.outcome or ended_at is None:
        return []
    entries = TimelineEntry.objects.filter(incident=incident, kind__in=LOOKED_AT).values_list(
        "kind", "data", "at"
    )
    told = list(entries.order_by("at", "id"))
    said = list(Nudge.objects.filter(incident=incident).values_list("kind", "state"))
    command = RoleAssignment.objects.filter(incident=incident, role__is_commander=True)
    facts = Facts(
        declared_at=incident.declared_at,
        identified_at=incident.identified_at,
        ended_at=ended_at,
        asked=[
            Asked(data.get("name") or f"a {data['wanted']}", at)
            for kind, data, at in told
            if kind == EntryKind.PAGE and "wanted" in data
        ],
        unheard=sum(kind == nudges.Kind.NO_PROGRESS and state in UNHEARD for kind, state in said),
        silent=sum(kind == nudges.Kind.SILENT for kind, _ in said),
        late_updates=sum(kind == EntryKind.REMINDER and bool(data.get("overdue")) for kind, data, _ in told),
        ends=incident.reopened + (incident.status in {Status.RESOLVED, Status.CLOSED}),
        commanded=list(command.values_list("started_at", "ended_at")),
    )
    return [Said(each, words(each)) for each in rules.remarks(facts)]


def words(remark: Remark) -> str:
    """Say it in a sentence about the response, in which nobody is blamed."""
    lasted = times.words(remark.lasted.total_seconds()) if remark.lasted is not None else ""
    then = times.words(remark.then.total_seconds()) if remark.then is not None else ""
    often = "once" if remark.count == 1 else f"{remark.count} times"
    return {
        Kind.HELP_CAME_LATE: f"{remark.name} was paged {lasted} in, and {then} later it was identified."
        " What would have brought that page earlier?",
        Kind.NO_PROGRESS: f"That nothing moves was said {often} without an answer.",
        Kind.NOBODY_COMMANDED: f"For {lasted} nobody commanded.",
        Kind.COMMANDER_SILENT: f"The commander was silent for long {often}. Were they debugging?",
        Kind.UPDATES_LATE: f"An update came later than promised {often}.",
        Kind.ENDED_TOO_EARLY: f"It was called resolved {often}.",
    }[remark.kind]
