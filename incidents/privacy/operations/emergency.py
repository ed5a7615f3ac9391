"""Emergency access: an admin looks into a private incident they are no member of, and its members are told at once."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from core import live
from core.accounts.models import Role, User
from core.accounts.policy import Verb, can, require
from core.clock import now
from core.errors import Refused
from core.events import bus
from core.events.models import Event
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from core.outbox.registry import Content
from core.timers import operations as timers
from incidents.events import EmergencyEnded, EmergencyOpened, EmergencyRefused
from incidents.lifecycle import rules as lifecycle
from incidents.lifecycle.models import EmergencyAccess, EntryKind, Incident
from incidents.lifecycle.operations.base import enter, tell
from incidents.lifecycle.operations.people import commander
from incidents.privacy.rules import REASON_SHORTEST
from incidents.tasks import operations as tasks
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.outbox.models import Message
    from core.outbox.registry import Outcome

CLIENT = "incidents.emergency"
END = "incidents.emergency_end"
REFUSED = "emergency_access.refused"


class NotExplained(Refused):
    """Its members read why somebody looked."""


class TooOften(Refused):
    """An emergency is rare."""


class NoSuchPrivateIncident(Refused):
    """No private incident has this number; what anybody may see needs no emergency."""


class MemberAlready(Refused):
    """Who takes part reads it as usual."""


def open_up(*, ref: str, actor: User, reason: str) -> EmergencyAccess:
    """Let an admin read a private incident for a limited time, and tell its members at once.

    The same again while it lasts gives what is open. A wrong number is in the audit log and counts as a try.
    """
    require(actor, Verb.ADMIN)
    why = " ".join(reason.split())
    if len(why) < REASON_SHORTEST:
        raise NotExplained("Say why in a sentence: the members of the incident read it.")
    number = lifecycle.parse_ref(ref)
    with transaction.atomic():
        _count(actor)
        incident = (
            Incident.objects.select_for_update(of=("self",))
            .select_related("severity")
            .filter(number=number or 0, private=True)
            .first()
        )
        if incident is not None:
            return _open(incident, actor, why)
        bus.emit(EmergencyRefused(user_id=actor.pk, number=number or 0), actor=actor)
    raise NoSuchPrivateIncident("There is no private incident of that number.")


def _count(actor: User) -> None:
    """Refuse one too many; parallel tries of the same person wait for each other."""
    User.objects.select_for_update().get(pk=actor.pk)
    since = now() - timedelta(days=1)
    opened = EmergencyAccess.objects.filter(user=actor, opened_at__gt=since).count()
    missed = Event.objects.filter(actor=actor, name=REFUSED, occurred_at__gt=since).count()
    if opened + missed >= settings.EMERGENCY_ACCESS_PER_DAY:
        raise TooOften("That is too often for one day. Ask somebody who takes part to ask you in.")


def _open(incident: Incident, actor: User, why: str) -> EmergencyAccess:
    if incident.participants.filter(user=actor).exists():
        raise MemberAlready(f"You take part in {incident}: open it as usual.")
    lasting = EmergencyAccess.objects.filter(incident=incident, user=actor, ended_at=None).first()
    if lasting is not None and lasting.ends_at > now():
        return lasting
    if lasting is not None:
        _end(lasting, actor=None)
    minutes = settings.EMERGENCY_ACCESS_MINUTES
    access = EmergencyAccess.objects.create(
        incident=incident, user=actor, reason=why, ends_at=now() + timedelta(minutes=minutes)
    )
    timers.set(END, access.pk, occurrence="end", due_at=access.ends_at)
    enter(
        incident,
        EntryKind.ACCESS,
        f"{actor}, who takes no part, opened this incident for {minutes} min by emergency access: {why}",
        actor=actor,
        data={"emergency": access.pk},
    )
    outbox.put([_message(access, person) for person in _who_hears(incident, actor)])
    fact = EmergencyOpened(access_id=access.pk, incident_id=incident.pk, ends_at=access.ends_at.isoformat())
    bus.emit(fact, actor=actor)
    tell(incident)
    live.changed("visibility")
    return access


def _who_hears(incident: Incident, actor: User) -> list[User]:
    """The members, or the other admins where no member is left to hear it."""
    members = User.objects.filter(
        is_active=True, pk__in=incident.participants.values("user")
    ) or User.objects.filter(is_active=True, role=Role.ADMIN)
    return [person for person in members.order_by("pk") if person != actor]


def _message(access: EmergencyAccess, person: User) -> NewMessage:
    words = _words(access)
    return NewMessage(
        key=f"{CLIENT}:{access.pk}:{person.pk}",
        client=CLIENT,
        subject_id=access.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=person.email,
        user_id=person.pk,
        content={"subject": words.subject, "text": words.text},
        not_after_seconds=86400,
    )


def _words(access: EmergencyAccess) -> Content:
    """Neither what it is about nor why somebody looked goes out of the house (X-24)."""
    url = f"{settings.BASE_URL}/incidents/{access.incident}/"
    until = access.ends_at.astimezone(UTC)
    return Content(
        subject=f"{access.user} opened {access.incident}, a private incident, by emergency access",
        text=f"{access.user} takes no part in {access.incident} and reads it until"
        f" {until:%Y-%m-%d %H:%M} UTC at the latest. Why is on its timeline:\n\n{url}\n",
        url=url,
        thread=f"incident-{access.incident_id}",
    )


@transaction.atomic
def end(access: EmergencyAccess, *, actor: User | None) -> EmergencyAccess:
    """End a look before its time is over; a second time changes nothing."""
    Incident.objects.select_for_update(of=("self",)).get(pk=access.incident_id)
    row = EmergencyAccess.objects.select_related("incident", "user").get(pk=access.pk)
    if row.ended_at is None:
        _end(row, actor=actor)
    return row


def come_due(access_id: int) -> None:
    """End a look whose time is over."""
    row = EmergencyAccess.objects.filter(pk=access_id, ended_at=None, ends_at__lte=now()).first()
    if row is not None:
        end(row, actor=None)


def _end(row: EmergencyAccess, *, actor: User | None) -> None:
    row.ended_at = now()
    row.save(update_fields=["ended_at"])
    timers.cancel(END, [row.pk])
    enter(
        row.incident,
        EntryKind.ACCESS,
        f"The emergency access of {row.user} has ended",
        actor=actor,
        data={"emergency": row.pk, "ended": True},
    )
    bus.emit(EmergencyEnded(access_id=row.pk, incident_id=row.incident_id), actor=actor)
    _ask_to_look_into(row)
    tell(row.incident)
    live.changed("visibility")


def _ask_to_look_into(row: EmergencyAccess) -> None:
    """Ask whoever commands to judge afterwards whether it was needed; of a closed incident nobody asks any more."""
    if row.incident.status == lifecycle.Status.CLOSED:
        return
    whom = commander(row.incident)
    tasks.add(
        row.incident,
        title=f"Look into the emergency access of {row.user}: was it needed?",
        hint="Why stands on the timeline, what was looked at under “Who has read this”.",
        assignee=whom if whom is not None and can(whom, Verb.RESPOND) else None,
        actor=None,
    )


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give no reason at all: that somebody looked is worth knowing afterwards as well."""
    return {}


def render(message: Message) -> Content:
    """Write the message."""
    return _words(EmergencyAccess.objects.select_related("incident", "user").get(pk=message.subject_id))


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a message that did not arrive onto the timeline, once."""
    for outcome in outcomes:
        row = EmergencyAccess.objects.select_related("incident").filter(pk=outcome.subject_id).first()
        if row is not None:
            updates.note_undelivered(row.incident, outcome, what="Word of an emergency access")
