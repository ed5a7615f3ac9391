"""Somebody wants the updates of one incident by mail, and wants them no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core.accounts import queries as people
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.audiences.models import Hears
from incidents.events import SubscriptionChanged
from incidents.lifecycle.models import EntryKind, Participant
from incidents.lifecycle.operations import base
from incidents.lifecycle.rules import Status
from incidents.subscriptions import queries
from incidents.subscriptions.models import Subscription

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident

MOST = 500


class NotAnAddress(Refused):
    """Mails go to a person or a mail address."""


class MembersOnly(Refused):
    """Of a private incident nobody else hears."""


class TooMany(Refused):
    """For so many people there are lists."""


@transaction.atomic
def subscribe(
    incident: Incident,
    *,
    actor: User,
    user: User | None = None,
    email: str = "",
    hears: str = Hears.INTERNAL,
) -> Subscription:
    """Send the updates of an incident to a person or an address; without either to whoever asks. Twice is once."""
    incident = base.locked(incident)
    user, address = _who(actor, user, email)
    if user != actor and not queries.may_add(actor, incident):
        raise PermissionDenied("Who has communications, or commands, puts others on.")
    _check(incident, user)
    rows = Subscription.objects.lasting().filter(incident=incident)
    known = rows.filter(email__iexact=address).first()
    if known is not None and known.hears == hears:
        return known
    if known is not None:
        known.hears = hears
        known.save(update_fields=["hears"])
        return _tell(known, "changed", actor)
    if rows.count() >= MOST:
        raise TooMany(f"{MOST} get mails already. Put the others on a list (Who is told).")
    made = Subscription.objects.create(
        incident=incident, user=user, email=address, hears=hears, added_by=actor
    )
    return _tell(made, "added", actor)


def _who(actor: User, user: User | None, email: str) -> tuple[User | None, str]:
    address = email.strip()
    if user is not None and address:
        raise NotAnAddress("Name a person or a mail address, not both.")
    if user is None and not address:
        user = actor
    if user is None:
        try:
            validate_email(address)
        except ValidationError:
            raise NotAnAddress(f"“{address[:80]}” is no mail address.") from None
        user = people.people().filter(email__iexact=address).first()
    if user is not None and not user.is_active:
        raise NotAnAddress(f"The account of {user} is closed.")
    return user, user.email if user else address


def _check(incident: Incident, user: User | None) -> None:
    if incident.status == Status.CLOSED:
        raise base.Ended(f"{incident} is closed: there will be no more updates.")
    is_member = user is not None and Participant.objects.filter(incident=incident, user=user).exists()
    if incident.private and not is_member:
        raise MembersOnly("This incident is private: only who takes part in it gets its updates.")


@transaction.atomic
def end(subscription: Subscription, *, actor: User | None) -> Subscription:
    """Send no more; `actor` is None where the address in a mail was used. A second time changes nothing."""
    base.locked(subscription.incident)
    row = Subscription.objects.select_related("incident", "user").get(pk=subscription.pk)
    if actor is not None and row.user_id != actor.pk and not queries.may_add(actor, row.incident):
        raise PermissionDenied("Who has communications, or commands, takes others off.")
    if row.ended_at is None:
        row.ended_at, row.ended_by = now(), actor
        row.save(update_fields=["ended_at", "ended_by"])
        _tell(row, "ended", actor)
    return row


def _tell(row: Subscription, what: str, actor: User | None) -> Subscription:
    if actor is not None and row.user_id != actor.pk:
        words = {"added": "gets the updates by mail", "ended": "gets no more mails"}.get(
            what, "reads other mails"
        )
        data = {"subscription": row.pk, "what": what}
        base.enter(row.incident, EntryKind.ROLE, f"{row} {words}", actor=actor, data=data)
    bus.emit(SubscriptionChanged(row.incident_id, row.pk, what), actor=actor)
    base.tell(row.incident)
    return row
