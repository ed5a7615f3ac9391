"""An incident is called resolved: what has to hold is asked, what lacks is kept with its reason, all hear of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core.errors import Refused
from core.events import bus
from incidents.approvals import operations as approvals
from incidents.approvals import queries as approval_queries
from incidents.closing import queries
from incidents.closing.models import ClosingCriterion, Resolution
from incidents.events import ResolvedDespite
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle import registry
from incidents.lifecycle.operations import base
from incidents.lifecycle.rules import Status
from incidents.updates import operations as updates
from incidents.updates.models import Audience

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from core.accounts.models import User
    from incidents.closing.queries import Outlook
    from incidents.lifecycle.models import Incident

SHIPPED = Path(__file__).parent / "criteria.toml"


class NotYet(Refused):
    """Something that has to hold before it is called resolved does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says when they resolve: what ended it, since when, which criteria hold, and why in spite of the rest.

    `all_clear` is what everybody inside hears who was told of the incident, `public_clear` what customers read; "" tells
    nobody.
    """

    reason: str = ""
    at: datetime | None = None
    confirmed: Collection[str] = ()
    despite: str = ""
    all_clear: str = ""
    public_clear: str = ""


@transaction.atomic
def resolve(incident: Incident, *, said: Said, actor: User | None) -> Incident:
    """Call an incident resolved. A second time changes nothing.

    What lacks (it was not stable for long enough, something is not confirmed, somebody else commands) needs a reason,
    which stands on the timeline and in the audit log; what keeps it open cannot be reasoned away.
    """
    incident = base.locked(incident)
    if incident.status == Status.RESOLVED:
        return incident
    registry.let_go(incident)
    found = queries.outlook(incident, actor=actor, since=base.past(said.at))
    lacking = found.lacking(said.confirmed) if incident.is_active else []
    despite = said.despite.strip()
    if lacking and not despite:
        raise NotYet(
            f"{incident} is not resolved yet: {'; '.join(lacking)}. "
            "Wait for it, or say why it is called resolved in spite of that."
        )
    is_early = not found.is_stable
    incident = lifecycle.resolve(
        incident,
        actor=actor,
        reason=_told(said.reason, lacking, despite),
        at=said.at,
        early=is_early,
        said={"early": is_early, "lacking": lacking, "despite": despite if lacking else ""},
    )
    _keep(incident, found, said, lacking, despite, actor)
    for audience, words in ((Audience.INTERNAL, said.all_clear), (Audience.PUBLIC, said.public_clear)):
        if words.strip() and actor is not None:
            _tell(incident, audience, words.strip(), actor)
    return incident


def _told(reason: str, lacking: list[str], despite: str) -> str:
    if not lacking:
        return reason
    spite = f"In spite of this: {'; '.join(lacking)}. Why: {despite}"
    return f"{reason.strip()}\n{spite}" if reason.strip() else spite


def _keep(
    incident: Incident, found: Outlook, said: Said, lacking: list[str], despite: str, actor: User | None
) -> None:
    texts = {each.criterion.slug: each.criterion.text for each in found.asked}
    Resolution.objects.create(
        incident=incident,
        number=incident.resolved_times,
        by=actor,
        commanded=found.is_commander,
        stable_since=found.stability.since,
        window_seconds=found.window_seconds or None,
        is_early=not found.is_stable,
        confirmed=[text for slug, text in texts.items() if slug in said.confirmed],
        lacking=lacking,
        despite=despite if lacking else "",
    )
    if lacking:
        bus.emit(
            ResolvedDespite(
                incident_id=incident.pk, lacking=lacking, reason=despite, early=not found.is_stable
            ),
            actor=actor,
        )


def _tell(incident: Incident, audience: Audience, words: str, actor: User) -> None:
    content: dict[str, Any] = {"audience": audience.value, "text": words, "status": Status.RESOLVED.value}
    if audience == Audience.PUBLIC:
        content["components"] = queries.well_again(incident)
    _send(incident, content, actor)


def _send(incident: Incident, content: Mapping[str, Any], actor: User) -> bool:
    """Publish it, or ask for the approval that it needs; give whether it is out."""
    if approval_queries.needed(incident, content["audience"], actor) is None:
        updates.publish(incident, **content, actor=actor)
        return True
    approvals.ask(incident, content=content, actor=actor)
    return False


@transaction.atomic
def tell_account(incident: Incident, *, text: str, actor: User) -> bool:
    """Tell customers what happened, once it is over; give whether it is out, or waits for approval."""
    content = {
        "audience": Audience.PUBLIC.value,
        "text": text,
        "status": Status.RESOLVED.value,
        "components": queries.well_again(incident),
        "is_account": True,
    }
    return _send(base.locked(incident), content, actor)


def end(incident: Incident, actor: User | None) -> Incident:
    """Resolve because an update says so, with nothing confirmed: refused unless nothing has to hold."""
    try:
        return resolve(incident, said=Said(), actor=actor)
    except NotYet as refused:
        raise NotYet(f"{refused} Resolve it first, then tell it.") from refused


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped criteria; one that has any keeps them."""
    if not ClosingCriterion.objects.exists():
        rows = tomllib.loads(SHIPPED.read_text())["criterion"]
        ClosingCriterion.objects.bulk_create(ClosingCriterion(**row) for row in rows)
