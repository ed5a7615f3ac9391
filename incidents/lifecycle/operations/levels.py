from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import SeverityChanged
from incidents.lifecycle import rules
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import clock
from incidents.lifecycle.operations.base import active, enter, write
from incidents.lifecycle.operations.people import commander, part_roles
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Severity

SHORTEST, LONGEST = 60, 7 * 86400


class NoReasonForLevel(Refused):
    """A change of severity says why, for those who come later."""


class NotYours(Refused):
    """A shorter rhythm is agreed by whoever commands."""


class NotARhythm(Refused):
    """Updates come between every minute and every week."""


@transaction.atomic
def change_severity(incident: Incident, *, severity: Severity, reason: str, actor: User | None) -> Incident:
    """Change the level; rhythm, roles and paging follow at once (R036, R037). The same level changes nothing.

    An update already promised is not put off; a faster rhythm brings it forward. A rhythm agreed for the old
    level ends with it. Where nobody both commands and leads the technical work, that lead is free from then on.
    """
    incident = active(incident)
    old = incident.severity
    if old.pk == severity.pk:
        return incident
    if not reason.strip():
        raise NoReasonForLevel("Say why the severity changes.")
    at = now()
    due = rules.due_after_level_change(
        at=at, due=incident.next_update_due_at, every=severity.update_every_seconds
    )
    moved = due != incident.next_update_due_at
    raised = severity.rank < old.rank
    enter(
        incident,
        EntryKind.SEVERITY,
        f"Severity {'raised' if raised else 'lowered'} {old.label} to {severity.label}: {reason.strip()}",
        actor=actor,
        data={"old": old.slug, "new": severity.slug, "raised": raised, "reason": reason.strip()},
    )
    write(incident, severity=severity, next_update_due_at=due, update_every_seconds=None)
    commands = commander(incident)
    if commands is not None:
        part_roles(incident, commands, actor=actor)
    if moved:
        clock.follow(incident, due, at=at, why="the severity changed")
    pages = raised and not incident.drill and severities.pages(severity, at=at)
    bus.emit(
        SeverityChanged(
            incident_id=incident.pk,
            old_rank=old.rank,
            new_rank=severity.rank,
            pages=pages,
            reason=reason.strip(),
        ),
        actor=actor,
    )
    return incident


@transaction.atomic
def promise(incident: Incident, *, seconds: int, actor: User) -> Incident:
    """Promise the next update in so many seconds, this once; the rhythm stays what it is (R051)."""
    incident = active(incident)
    if not SHORTEST <= seconds <= LONGEST:
        raise NotARhythm("Choose between one minute and seven days.")
    at = now()
    due = rules.next_due(at=at, every=None, explicit=seconds)
    text = f"Next update promised in {max(1, seconds // 60)} min"
    enter(incident, EntryKind.STATUS, text, actor=actor, data={"promised": seconds})
    write(incident, next_update_due_at=due)
    clock.follow(incident, due, at=at, why="another time was promised")
    return incident


@transaction.atomic
def agree_rhythm(incident: Incident, *, seconds: int | None, actor: User) -> Incident:
    """Agree on another rhythm of updates for this incident, or with None go back to that of its severity.

    A shorter one is agreed by whoever commands: who asks for more words takes time from the repair (R114).
    """
    incident = active(incident)
    if seconds is not None and not SHORTEST <= seconds <= LONGEST:
        raise NotARhythm("Choose between one minute and seven days.")
    every = seconds or incident.severity.update_every_seconds
    was, commands = clock.rhythm(incident), commander(incident)
    is_shorter = every is not None and (was is None or every < was)
    if is_shorter and commands is not None and commands != actor:
        raise NotYours(
            f"{commands} commands, and agrees to a shorter rhythm. Ask them; one update may come sooner."
        )
    at = now()
    due = rules.next_due(at=at, every=every)
    text = f"Updates every {every // 60} min from now on" if every else "No rhythm of updates any more"
    enter(incident, EntryKind.STATUS, text, actor=actor, data={"rhythm": seconds})
    write(incident, update_every_seconds=seconds, next_update_due_at=due)
    clock.follow(incident, due, at=at, why="another rhythm was agreed")
    return incident
