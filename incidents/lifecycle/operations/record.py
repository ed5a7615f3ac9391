"""What people write down: the current picture, notes and decisions, and corrections of what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core import live
from core.errors import Refused
from core.events import bus
from incidents.changes.models import Change
from incidents.events import Corrected, Written
from incidents.lifecycle import rules
from incidents.lifecycle.models import EntryKind, Incident, TimelineEntry
from incidents.lifecycle.operations.base import enter, locked, past, tell, write
from incidents.lifecycle.operations.people import admit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from core.accounts.models import User
    from incidents.catalog.models import Service

PICTURE = {
    "impact": "What customers see",
    "hypothesis": "Working hypothesis",
    "next_decision": "Next decision",
}
TEXTS = {
    "title": "Title",
    "summary": "Summary",
    "blast_radius": "How far it reaches",
    "recent_changes": "Recent changes",
    "who_else": "Who else must know",
}
VERDICTS = {"confirmed": "Confirmed", "ruled_out": "Ruled out"}
RESOLVED_ONLY = ("resolved_at", "closed_at")


class NothingWritten(Refused):
    """An entry has words."""


class CannotCorrect(Refused):
    """What was asked for cannot be right."""


class NoHypothesis(Refused):
    """There is no hypothesis to judge."""


@transaction.atomic
def add_entry(
    incident: Incident,
    *,
    kind: str,
    text: str,
    actor: User | None = None,
    at: datetime | None = None,
    data: dict[str, Any] | None = None,
    part: str = "",
) -> TimelineEntry:
    """Append to the timeline; `at` may lie in the past, and when it was written is kept as well.

    `part` is the part of the room that shows it where no other does.
    """
    if not text.strip():
        raise NothingWritten("Write what happened.")
    entry = enter(incident, EntryKind(kind), text.strip(), actor=actor, at=past(at), data=data)
    tell(incident, part=part)
    return entry


@transaction.atomic
def note_change(change_id: int) -> None:
    """Put a change onto the timeline of the open incidents of its service, once each."""
    change = Change.objects.select_related("service").get(pk=change_id)
    open_now = Incident.objects.active().filter(services=change.service)
    for incident in open_now.exclude(timeline__data__change=change.pk):
        version = f" {change.version}" if change.version else ""
        text = f"{change.get_kind_display()}{version} on {change.service}: {change.summary}"
        enter(incident, EntryKind.CHANGE, text, actor=None, at=change.at, data={"change": change.pk})
        tell(incident)


@dataclass(frozen=True, slots=True)
class Decision:
    """What belongs to a decision (R052): what else was considered, why, who decided, and what was given up for it."""

    options: Sequence[str] = ()
    reason: str = ""
    decided_by: User | None = None
    trade_off: str = ""
    accepted_by: str = ""


@transaction.atomic
def write_down(
    incident: Incident,
    *,
    kind: str,
    text: str,
    actor: User,
    at: datetime | None = None,
    tag: str = "",
    decision: Decision | None = None,
    data: dict[str, Any] | None = None,
) -> TimelineEntry:
    """Append what a person wrote; a hypothesis of now becomes the working one, one of the past stays an entry.

    A note that begins with `Decision:` is a decision. `tag` is one of `rules.PHASES`, or empty. `data` is kept with it.
    """
    if tag and tag not in rules.PHASES:
        raise CannotCorrect(f"There is no tag “{tag}”.")
    if kind == EntryKind.HYPOTHESIS and at is None and text.strip():
        set_picture(incident, hypothesis=text, actor=actor)
        return incident.timeline.filter(kind=EntryKind.HYPOTHESIS).latest("id")
    decided = rules.without_prefix(text) if kind == EntryKind.NOTE else None
    if decided is not None:
        kind, text = EntryKind.DECISION, decided
    data = {**(data or {}), **({"tag": tag} if tag else {})}
    if kind == EntryKind.DECISION:
        data |= _decided(decision or Decision(), actor)
    part = "timeline" if kind == EntryKind.NOTE else ""
    entry = add_entry(incident, kind=kind, text=text, actor=actor, at=at, data=data, part=part)
    _written(entry, actor)
    return entry


def _decided(decision: Decision, actor: User) -> dict[str, Any]:
    by = decision.decided_by or actor
    return {
        "decision": {
            "options": [option.strip() for option in decision.options if option.strip()],
            "reason": decision.reason.strip(),
            "decided_by": by.pk,
            "decided_by_name": str(by),
            "trade_off": decision.trade_off.strip(),
            "accepted_by": decision.accepted_by.strip(),
        }
    }


@transaction.atomic
def report_again(incident: Incident, *, text: str, key: UUID | None, actor: User) -> None:
    """Take part instead of declaring the same again; what was reported is a note, once for each `key`."""
    incident = locked(incident)
    admit(incident, actor)
    said = key is not None and incident.timeline.filter(data__report=str(key)).exists()
    if text.strip() and not said:
        entry = enter(
            incident,
            EntryKind.NOTE,
            f"Also reported: {text.strip()}",
            actor=actor,
            data={"report": str(key) if key else ""},
        )
        _written(entry, actor)
    tell(incident)


def _written(entry: TimelineEntry, actor: User | None) -> None:
    fact = Written(incident_id=entry.incident_id, entry_id=entry.pk, kind=entry.kind)
    bus.emit(fact, actor=actor)


@transaction.atomic
def set_picture(
    incident: Incident,
    *,
    impact: str | None = None,
    hypothesis: str | None = None,
    next_decision: str | None = None,
    actor: User | None,
    version: int | None = None,
) -> Incident:
    """Write the current picture (R051); what is None stays. What was said before is kept in the entry."""
    incident = locked(incident, version=version)
    given = {"impact": impact, "hypothesis": hypothesis, "next_decision": next_decision}
    new = {name: text.strip() for name, text in given.items() if text is not None}
    changed = {name: text for name, text in new.items() if text != getattr(incident, name)}
    for name, text in changed.items():
        _draw(incident, name, text, actor)
    if changed:
        write(incident, **changed, **({"hypothesis_confirmed": False} if "hypothesis" in changed else {}))
    return incident


def _draw(incident: Incident, name: str, text: str, actor: User | None) -> None:
    kind = EntryKind.HYPOTHESIS if name == "hypothesis" else EntryKind.PICTURE
    data = {"field": name, "old": getattr(incident, name), "new": text}
    entry = enter(incident, kind, f"{PICTURE[name]}: {text or 'taken back'}", actor=actor, data=data)
    _written(entry, actor)


@transaction.atomic
def judge_hypothesis(incident: Incident, *, verdict: str, actor: User, why: str = "") -> Incident:
    """Confirm the working hypothesis or rule it out (`confirmed`, `ruled_out`); red herrings stay on the timeline."""
    incident = locked(incident)
    if not incident.hypothesis:
        raise NoHypothesis("There is no working hypothesis.")
    if verdict not in VERDICTS:
        raise CannotCorrect("A hypothesis is confirmed or ruled out.")
    reason = f" {why.strip()}" if why.strip() else ""
    entry = enter(
        incident,
        EntryKind.HYPOTHESIS,
        f"{VERDICTS[verdict]}: {incident.hypothesis}.{reason}".replace("..", "."),
        actor=actor,
        data={"verdict": verdict, "old": incident.hypothesis},
    )
    _written(entry, actor)
    out = verdict == "ruled_out"
    write(incident, hypothesis="" if out else incident.hypothesis, hypothesis_confirmed=not out)
    return incident


@transaction.atomic
def correct(
    incident: Incident,
    *,
    changes: Mapping[str, datetime | str | None],
    actor: User,
    version: int | None = None,
) -> Incident:
    """Correct times and texts; each corrected time is an entry on the timeline, and all of it one event (R049)."""
    incident = locked(incident, version=version)
    picture = {name: str(text or "") for name, text in changes.items() if name in PICTURE}
    others = {name: value for name, value in changes.items() if name not in PICTURE}
    new = {name: _clean(name, value) for name, value in others.items()}
    new = {name: value for name, value in new.items() if value != getattr(incident, name)}
    _sane(incident, new)
    if picture:
        incident = set_picture(
            incident,
            impact=picture.get("impact"),
            hypothesis=picture.get("hypothesis"),
            next_decision=picture.get("next_decision"),
            actor=actor,
        )
    if new:
        old = {name: getattr(incident, name) for name in new}
        for name, value in new.items():
            _note_correction(incident, name, old[name], value, actor)
        write(incident, **new)
        fact = Corrected(incident_id=incident.pk, old=_plain(old), new=_plain(new))
        bus.emit(fact, actor=actor)
    return incident


def _clean(name: str, value: datetime | str | None) -> datetime | str | None:
    if name in TEXTS and (value is None or isinstance(value, str)):
        return (value or "").strip()
    if name in rules.TIMES and (value is None or isinstance(value, datetime)):
        return past(value)
    raise CannotCorrect(f"“{name}” cannot be corrected.")


def _sane(incident: Incident, new: Mapping[str, datetime | str | None]) -> None:
    if new.get("title", "x") == "":
        raise CannotCorrect("An incident has a title.")
    times = {name: new.get(name, getattr(incident, name)) for name in rules.TIMES}
    must = {"declared_at", *_ends(incident)}
    missing = [rules.NAMES[name] for name in rules.TIMES if name in must and times[name] is None]
    if missing:
        raise CannotCorrect(f"“{missing[0]}” cannot be taken away.")
    early = [rules.NAMES[name] for name in RESOLVED_ONLY if new.get(name) and incident.is_active]
    if early:
        raise CannotCorrect(f"{incident} is {incident.status}: “{early[0]}” comes with the state.")
    wrong = rules.disorder({name: value for name, value in times.items() if not isinstance(value, str)})
    if wrong:
        raise CannotCorrect(" ".join(wrong))


def _ends(incident: Incident) -> list[str]:
    """The times without which the state would make no sense."""
    return [name for name in RESOLVED_ONLY if getattr(incident, name) is not None]


def _note_correction(incident: Incident, name: str, old: object, new: object, actor: User) -> None:
    label = rules.NAMES.get(name) or TEXTS[name]
    text = f"{label} corrected"
    if name in TEXTS:
        text = f"{label} corrected: {new}" if new else f"{label} taken back"
    data = {"field": name, "old": _word(old), "new": _word(new)}
    enter(incident, EntryKind.CORRECTION, text, actor=actor, data=data)


def _plain(values: Mapping[str, object]) -> dict[str, str | None]:
    return {name: _word(value) for name, value in values.items()}


def _word(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)


@transaction.atomic
def set_services(incident: Incident, *, services: Iterable[Service], actor: User | None) -> Incident:
    """Say which services are affected."""
    incident = locked(incident)
    old = {service.pk: service.name for service in incident.services.order_by("name")}
    new = {service.pk: service.name for service in sorted(services, key=lambda service: service.name)}
    if old == new:
        return incident
    incident.services.set(list(new))
    was, now_ = ", ".join(old.values()) or "none", ", ".join(new.values()) or "none"
    enter(
        incident,
        EntryKind.CORRECTION,
        f"Affected services: {now_}",
        actor=actor,
        data={"field": "services", "old": was, "new": now_},
    )
    write(incident)
    bus.emit(Corrected(incident_id=incident.pk, old={"services": was}, new={"services": now_}), actor=actor)
    return incident


@transaction.atomic
def set_private(incident: Incident, *, private: bool, actor: User) -> Incident:
    """Show the incident to its participants only, or to everybody who works here."""
    incident = locked(incident)
    if incident.private == private:
        return incident
    text = "Visible to its participants only" if private else "Visible to everybody in the company"
    enter(incident, EntryKind.CORRECTION, text, actor=actor, data={"field": "private", "new": private})
    write(incident, private=private)
    live.changed("visibility")
    fact = Corrected(
        incident_id=incident.pk, old={"private": str(not private)}, new={"private": str(private)}
    )
    bus.emit(fact, actor=actor)
    return incident
