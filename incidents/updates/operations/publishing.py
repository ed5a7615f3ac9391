"""An update is published: kept, put onto the timeline, told to its lists; the clock of the next one is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import UpdatePublished
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle import registry
from incidents.lifecycle import rules as lifecycle_rules
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base, clock
from incidents.lifecycle.rules import Status
from incidents.updates import queries, rules
from incidents.updates.models import Audience, Update
from incidents.updates.operations import telling
from incidents.updates.registry import pass_gate, public_outlet
from incidents.wording import rules as wording
from incidents.wording.rules import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from core.accounts.models import User

SHORTEST, LONGEST = 60, 7 * 86400


class NothingToSay(Refused):
    """An update has words."""


class NotAnAudience(Refused):
    """Updates go to people inside, or to the public."""


class StaysInside(Refused):
    """A private incident or a drill is not told to customers."""


class NotATime(Refused):
    """The next update comes within a minute and a week."""


class NotAStage(Refused):
    """There is no such stage."""


class NeedsApproval(Refused):
    """Somebody else looks at this update before it goes out."""


class NotOverYet(Refused):
    """What happened is told as a whole once it is over."""


class NotALayout(Refused):
    """An update is written in the fields of its layout, or as one text."""


@transaction.atomic
def publish(  # noqa: PLR0913 - each is one choice of the composer
    incident: Incident,
    *,
    audience: str,
    text: str = "",
    status: str | None = None,
    components: Mapping[str, str] | None = None,
    public_title: str = "",
    next_update_in_seconds: int | None = None,
    no_news: bool = False,
    is_account: bool = False,
    layout: str = Layout.PLAIN,
    fields: Mapping[str, str] | None = None,
    lists: Sequence[str] | None = None,
    actor: User | None,
    approved_by: User | None = None,
    key: UUID | None = None,
    attachments: Sequence[int] = (),
) -> Update:
    """Publish a written update, tell its lists, and set the clock of the next one.

    The span given explicitly wins over the rhythm. A later stage than the incident's moves the incident along.
    `lists` names by their slugs whom it goes to; None leaves it to what is configured. The `fields` of a `layout`
    become its text; `attachments` are files of the incident that its entry shows. `is_account`: what customers read
    of all of it, once it is over. The same `key` again gives the update that was published with it.
    """
    incident = base.locked(incident)
    known = Update.objects.filter(idempotency_key=key, incident=incident).first() if key else None
    if known is not None:
        return known
    if approved_by is None and not no_news:  # that has no words of its own
        pass_gate(incident, audience, actor)
    stage = _stage(status) or Status(incident.status)
    _check(incident, audience, components or {}, next_update_in_seconds, is_account=is_account)
    if lifecycle_rules.goes_along(Status(incident.status), stage):
        if stage is Status.RESOLVED:
            incident = registry.end(incident, actor=actor)
        else:
            incident = lifecycle.move(incident, to=stage, actor=actor)
    at = now()
    every = next_update_in_seconds or lifecycle.rhythm(incident)
    due = lifecycle_rules.next_due(at=at, every=every) if incident.is_active else None
    public = audience == Audience.PUBLIC
    known_fields = _fields(layout, fields or {})
    words = (
        wording.compose(Layout(layout), known_fields)
        or text.strip()
        or (rules.no_news(every if due else None, public=public) if no_news else "")
    )
    if not words:
        raise NothingToSay("Write what people should know, or press “No news”.")
    told = queries.telling(
        incident, audience=audience, status=stage, no_news=no_news, lists=lists, actor=actor, at=at
    )
    update = Update.objects.create(
        incident=incident,
        audience=audience,
        status=stage,
        text=words,
        public_title=public_title.strip() if public else "",
        components=dict(components or {}) if public else {},
        next_update_in_seconds=next_update_in_seconds,
        next_update_due_at=due,
        no_news=no_news,
        kind=told.kind,
        is_account=is_account,
        lists=[choice.row.name for choice in told.chosen],
        layout=layout if known_fields else Layout.PLAIN,
        fields=known_fields,
        author=actor,
        approved_by=approved_by,
        idempotency_key=key,
    )
    telling.tell(incident, update, told.recipients)
    _follow(incident, update, actor, at, attachments)
    return update


def _fields(layout: str, given: Mapping[str, str]) -> dict[str, str]:
    if layout not in set(Layout):
        raise NotALayout(f"There is no layout “{layout}”. Known: {', '.join(Layout)}.")
    parts = wording.PARTS[Layout(layout)]
    if unknown := set(given) - {part.name for part in parts}:
        raise NotALayout(f"The layout “{layout}” has no field “{min(unknown)}”.")
    found = {part.name: given[part.name].strip() for part in parts if given.get(part.name, "").strip()}
    if found and (lacking := wording.missing(Layout(layout), found)):
        raise NothingToSay(f"Write the field “{lacking[0]}” first: it is what people look for.")
    return found


def _stage(status: str | None) -> Status | None:
    try:
        return Status(status) if status else None
    except ValueError:
        raise NotAStage(f"There is no stage “{status}”.") from None


def _check(
    incident: Incident,
    audience: str,
    components: Mapping[str, str],
    seconds: int | None,
    *,
    is_account: bool,
) -> None:
    if audience not in Audience.values:
        raise NotAnAudience("An update is internal or public.")
    if seconds is not None and not SHORTEST <= seconds <= LONGEST:
        raise NotATime("The next update comes within a minute and a week.")
    if is_account and (audience != Audience.PUBLIC or incident.is_active):
        raise NotOverYet("The account of what happened is written for customers, once it is over.")
    if audience != Audience.PUBLIC:
        return
    if incident.private:
        raise StaysInside("This incident is private: customers are not told of it.")
    if incident.drill:
        raise StaysInside("This is a drill: customers are not told of it.")
    outlet = public_outlet()
    if outlet is not None:
        outlet.check(components)


def _follow(
    incident: Incident, update: Update, actor: User | None, at: datetime, attachments: Sequence[int]
) -> None:
    due = update.next_update_due_at
    base.enter(
        incident,
        EntryKind.PUBLIC_UPDATE if update.audience == Audience.PUBLIC else EntryKind.UPDATE,
        update.text,
        actor=actor,
        data={
            "update": update.pk,
            "stage": update.status,
            "no_news": update.no_news,
            "next_update_due_at": due.isoformat() if due else None,
            "lists": list(update.lists),
            **({"attachments": list(attachments)} if attachments else {}),
        },
    )
    base.write(incident, last_update_at=at, next_update_due_at=due)
    clock.follow(incident, due, at=at, why="an update was published")
    bus.emit(
        UpdatePublished(incident_id=incident.pk, update_id=update.pk, audience=update.audience), actor=actor
    )
