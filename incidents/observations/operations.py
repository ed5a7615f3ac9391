from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from core import live
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import ObservationEnded, ObservationNoted
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind
from incidents.observations.models import Observation

if TYPE_CHECKING:
    from uuid import UUID

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident


class NothingNoted(Refused):
    """A note says what was odd."""


class Settled(Refused):
    """Somebody settled it already."""


class NotOpen(Refused):
    """What is over takes in nothing more."""


@transaction.atomic
def note(*, text: str, actor: User, service: Service | None = None, key: UUID | None = None) -> Observation:
    """Note something odd; it is forgotten by itself. The same `key` again gives what was noted with it."""
    if not text.strip():
        raise NothingNoted("Say in a sentence what was odd.")
    given = {"text": text.strip()[:500], "service": service, "noted_by": actor, "expires_at": _until()}
    if key is None:
        row, made = Observation.objects.create(**given), True
    else:
        row, made = Observation.objects.get_or_create(key=key, noted_by=actor, defaults=given)
    if made:
        bus.emit(
            ObservationNoted(observation_id=row.pk, service_id=service.pk if service else None), actor=actor
        )
        live.changed("board")
    return row


def _until() -> Any:
    return now() + timedelta(days=settings.OBSERVATION_DAYS)


@transaction.atomic
def seen_again(observation: Observation, *, actor: User) -> Observation:
    """Say that it was seen once more: it is kept as long as if it were new."""
    row = _open(observation)
    row.times, row.expires_at = row.times + 1, _until()
    row.save(update_fields=["times", "expires_at"])
    live.changed("board")
    return row


@transaction.atomic
def settle(observation: Observation, *, why: str, actor: User) -> Observation:
    """Say that it was nothing, or what it was."""
    row = _open(observation)
    if not why.strip():
        raise NothingNoted("Say in a few words what it was.")
    _end(row, actor=actor, outcome="settled", why=why.strip()[:300])
    return row


@transaction.atomic
def link(observation: Observation, *, incident: Incident, actor: User) -> Observation:
    """Make it part of an incident that is open: its timeline shows it at its own time."""
    row = _open(observation)
    if not incident.is_active:
        raise NotOpen(f"{incident} is over. Reopen it first.")
    _into(row, incident, actor=actor)
    return row


@transaction.atomic
def declare(observation: Observation, *, actor: User, **chosen: Any) -> Incident:
    """Make it an incident (arguments of `lifecycle.declare`); the same again gives the incident it became."""
    row = Observation.objects.select_for_update(of=("self",)).get(pk=observation.pk)
    if row.incident is not None:
        return row.incident
    if row.ended_at is not None:
        raise Settled("Somebody settled it already. Declare what you see now.")
    given = {name: value for name, value in chosen.items() if value}
    known: dict[str, Any] = {"title": row.text[:200], "started_at": row.noted_at, "detected_at": row.noted_at}
    if row.service is not None and "services" not in chosen:
        known["services"] = [row.service]
    incident = lifecycle.declare(**{**known, **given}, actor=actor)
    _into(row, incident, actor=actor)
    return incident


def _open(observation: Observation) -> Observation:
    row = Observation.objects.select_for_update(of=("self",)).get(pk=observation.pk)
    if row.ended_at is not None:
        raise Settled("Somebody settled it already.")
    return row


def _into(row: Observation, incident: Incident, *, actor: User) -> None:
    lifecycle.add_entry(
        incident,
        kind=EntryKind.NOTE,
        text=f"Noticed before: {row.text}",
        actor=row.noted_by,
        at=row.noted_at,
        data={"observation": row.pk},
    )
    if not incident.private:
        lifecycle.join(incident, user=row.noted_by)
    row.incident = incident
    _end(row, actor=actor, outcome="incident")


def _end(row: Observation, *, actor: User, outcome: str, why: str = "") -> None:
    row.ended_at, row.ended_by, row.why = now(), actor, why
    row.save(update_fields=["ended_at", "ended_by", "why", "incident"])
    bus.emit(ObservationEnded(observation_id=row.pk, outcome=outcome), actor=actor)
    live.changed("board")
