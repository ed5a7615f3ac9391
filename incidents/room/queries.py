from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import EntryKind
from incidents.updates import queries as updates
from incidents.updates.models import Audience

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.accounts.models import User
    from incidents.changes.queries import Before
    from incidents.lifecycle.models import Incident, TimelineEntry
    from incidents.updates.models import UpdateTemplate
    from incidents.updates.registry import Outlook, Preview

LOOKS: dict[str, tuple[str, str]] = {
    EntryKind.DECLARED: ("flag", "solid"),
    EntryKind.STATUS: ("arrow", "good"),
    EntryKind.SEVERITY: ("up", "bad"),
    EntryKind.ROLE: ("user", ""),
    EntryKind.PICTURE: ("users", ""),
    EntryKind.HYPOTHESIS: ("bulb", ""),
    EntryKind.NOTE: ("note", "solid"),
    EntryKind.DECISION: ("gavel", "solid"),
    EntryKind.ACTION: ("wrench", "good"),
    EntryKind.UPDATE: ("megaphone", "info"),
    EntryKind.PUBLIC_UPDATE: ("globe", "info"),
    EntryKind.ALERT: ("bell", "warn"),
    EntryKind.PAGE: ("bell", "warn"),
    EntryKind.ACKNOWLEDGED: ("checks", ""),
    EntryKind.CHANGE: ("deploy", ""),
    EntryKind.TASK: ("action", ""),
    EntryKind.REMINDER: ("clock", "warn"),
    EntryKind.CORRECTION: ("pencil", ""),
}
MINOR = {EntryKind.ROLE, EntryKind.ACKNOWLEDGED, EntryKind.CORRECTION, EntryKind.CHANGE, EntryKind.PICTURE}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the timeline as it is drawn."""

    entry: TimelineEntry
    icon: str
    pin: str
    is_minor: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class Log:
    """A stretch of the timeline as it is drawn."""

    lines: Sequence[Line]
    which: str
    more: str
    down_to: str


def log(user: User, incident: Incident, *, which: str = "all", after: str = "", down_to: str = "") -> Log:
    """Give a stretch of the timeline, newest first: what is older than `after`, or all that is not older than `down_to`."""
    chunk = lifecycle.timeline(user, incident, which=which, after=after, down_to=down_to)
    return Log([_line(entry) for entry in chunk.entries], chunk.which, chunk.more, chunk.down_to)


def _line(entry: TimelineEntry) -> Line:
    icon, pin = LOOKS.get(entry.kind, ("note", ""))
    if entry.kind == EntryKind.TASK and entry.data.get("what") == "done":
        icon, pin = "check", "good"
    late = (entry.recorded_at - entry.at).total_seconds() > 60
    return Line(entry, icon, pin, entry.kind in MINOR, late)


def changes(incident: Incident) -> list[Before]:
    """Give what was changed on the affected services shortly before it began."""
    return lifecycle.changes_before(incident)


@dataclass(frozen=True, slots=True)
class Composer:
    """What the composer needs to know: templates, spans, and where a public update goes."""

    audience: str
    templates: Sequence[UpdateTemplate]
    spans: Sequence[int]
    outlook: Outlook | None
    text: str
    hint: str


def composer(incident: Incident, *, audience: str, template: str = "") -> Composer:
    """Give what is needed to write a note, or an update to an audience, begun with a template."""
    if audience not in Audience.values:
        return Composer("note", (), (), None, "", "")
    templates = updates.templates(incident, audience)
    chosen = next((row for row in templates if str(row.pk) == template), None)
    return Composer(
        audience=audience,
        templates=templates,
        spans=updates.choices_of_next(incident),
        outlook=updates.outlook(incident) if audience == Audience.PUBLIC else None,
        text=updates.filled(chosen, incident, at=timezone.now()) if chosen else "",
        hint=chosen.hint if chosen else "",
    )


def previews(
    incident: Incident, *, status: str, text: str, public_title: str, components: Mapping[str, str]
) -> Sequence[Preview]:
    """Show a public update as it would stand on each page."""
    return updates.preview(
        incident, status=status, text=text, public_title=public_title, components=components
    )


def names(incident: Incident) -> tuple[str, ...]:
    """Give the first names of who takes part: they do not belong into a public text."""
    return tuple(person.get_short_name() for person in lifecycle.participants(incident))
