from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from core.live import presence
from incidents.approvals import queries as approvals
from incidents.attachments import queries as attachments
from incidents.command import queries as command
from incidents.estimates import queries as estimates
from incidents.lifecycle import operations as lifecycle_operations
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.rules import PHASES
from incidents.ties import queries as ties
from incidents.updates import queries as updates
from incidents.updates.models import Audience
from incidents.wording import rules as tone
from incidents.wording.rules import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from core.live.presence import Here
    from incidents.attachments.models import Attachment
    from incidents.changes.queries import Before
    from incidents.lifecycle.models import Incident, TimelineEntry
    from incidents.ties.queries import Line as Tied
    from incidents.updates.models import UpdateTemplate
    from incidents.updates.queries import Tally, Telling
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
    EntryKind.ACCESS: ("lock", "warn"),
    EntryKind.REDACTION: ("shield", "warn"),
    EntryKind.TIE: ("swap", ""),
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
    told: Tally | None = None
    tie: Tied | None = None
    files: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """A stretch of the timeline as it is drawn."""

    lines: Sequence[Line]
    which: str
    more: str
    down_to: str
    tags: Sequence[str] = PHASES


def room(user: User, number: int) -> lifecycle.Room:
    """Give the room of an incident, with to whom command is offered and what it is part of or went on in."""
    seen = estimates.with_estimate(ties.with_ties(lifecycle.seen(user), user))
    return lifecycle.room(user, number, among=command.with_offer(seen))


def log(user: User, incident: Incident, *, which: str = "all", after: str = "", down_to: str = "") -> Log:
    """Give a stretch of the timeline, newest first: what is older than `after`, or all that is not older than `down_to`."""
    chunk = lifecycle.timeline(user, incident, which=which, after=after, down_to=down_to)
    told = updates.tallies([entry.data["update"] for entry in chunk.entries if entry.data.get("lists")])
    tied = [entry.data["tie"] for entry in chunk.entries if entry.kind == EntryKind.TIE]
    others = ties.named(user, tied, incident=incident)
    named = [pk for entry in chunk.entries for pk in entry.data.get("attachments", ())]
    files = attachments.named(incident, named)
    return Log(
        [_line(entry, told, others, files) for entry in chunk.entries], chunk.which, chunk.more, chunk.down_to
    )


def _line(
    entry: TimelineEntry,
    told: Mapping[int, Tally],
    others: Mapping[int, Tied],
    files: Mapping[int, Attachment],
) -> Line:
    icon, pin = LOOKS.get(entry.kind, ("note", ""))
    if entry.kind == EntryKind.TASK and entry.data.get("what") == "done":
        icon, pin = "check", "good"
    late = (entry.recorded_at - entry.at).total_seconds() > 60
    return Line(
        entry,
        icon,
        pin,
        entry.kind in MINOR,
        late,
        told.get(entry.data.get("update", 0)),
        others.get(entry.data.get("tie", 0)),
        [files[pk] for pk in entry.data.get("attachments", ()) if pk in files],
    )


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
    layout: Layout = Layout.PLAIN
    telling: Telling | None = None
    no_news: Telling | None = None
    next_at: datetime | None = None
    asks: bool = False


def composer(
    incident: Incident,
    *,
    audience: str,
    actor: User,
    template: str = "",
    layout: str = "",
    status: str = "",
    lists: Sequence[str] | None = None,
    was: str = "",
) -> Composer:
    """Give what is needed to write a note, or an update to an audience, begun with a template or in a layout.

    `status` and `lists` are what somebody chose already when it `was` such a kind of update: by them it is said who
    will be told.
    """
    if audience not in Audience.values:
        return Composer("note", (), (), None, "", "")
    at = timezone.now()
    inside = audience == Audience.INTERNAL
    templates = updates.templates(incident, audience)
    chosen = next((row for row in templates if str(row.pk) == template), None)
    return Composer(
        audience=audience,
        templates=templates,
        spans=updates.choices_of_next(incident),
        outlook=updates.outlook(incident) if audience == Audience.PUBLIC else None,
        text=updates.filled(chosen, incident, at=at) if chosen else "",
        hint=chosen.hint if chosen else "",
        layout=_layout(layout) if inside and not chosen else Layout.PLAIN,
        telling=telling(
            incident,
            audience=audience,
            status=status or incident.status,
            lists=lists,
            was=was,
            actor=actor,
            alone=chosen.for_list.slug if chosen and chosen.for_list else "",
        ),
        no_news=_no_news(incident, actor, at) if inside and incident.is_active else None,
        next_at=_next_at(incident, at),
        asks=asks(incident, audience=audience, actor=actor),
    )


def asks(incident: Incident, *, audience: str, actor: User) -> bool:
    """Say whether somebody else must look at an update of this person before it goes out."""
    return approvals.needed(incident, audience, actor) is not None


def telling(
    incident: Incident,
    *,
    audience: str,
    status: str,
    lists: Sequence[str] | None,
    was: str,
    actor: User,
    alone: str = "",
) -> Telling:
    """Give who would be told with these lists ticked; as configured where it is another kind of update than it `was`."""
    found = updates.telling(incident, audience=audience, status=status, actor=actor, at=timezone.now())
    if alone:
        return found.only([alone])
    return found if lists is None or found.kind != was else found.only(lists)


def _layout(given: str) -> Layout:
    return Layout(given) if given in set(Layout) else Layout.IMPACT


def _no_news(incident: Incident, actor: User, at: datetime) -> Telling:
    return updates.telling(
        incident, audience=Audience.INTERNAL, status=incident.status, no_news=True, actor=actor, at=at
    )


def _next_at(incident: Incident, at: datetime) -> datetime | None:
    every = lifecycle_operations.rhythm(incident)
    return at + timedelta(seconds=every) if every else None


def previews(
    incident: Incident, *, status: str, text: str, public_title: str, components: Mapping[str, str]
) -> Sequence[Preview]:
    """Show a public update as it would stand on each page."""
    return updates.preview(
        incident, status=status, text=text, public_title=public_title, components=components
    )


def hints(incident: Incident, *, audience: str, status: str, text: str) -> list[str]:
    """Give what to look at twice in an update before it goes out."""
    return tone.hints(text, audience=audience, status=status, names=names(incident))


def names(incident: Incident) -> tuple[str, ...]:
    """Give the first names of who takes part: they do not belong into a public text."""
    return tuple(person.get_short_name() for person in lifecycle.participants(incident))


def here(incident: Incident) -> Here:
    """Give who has the room open now; for those who may see the incident."""
    return presence.here(f"incident-{incident.pk}")
