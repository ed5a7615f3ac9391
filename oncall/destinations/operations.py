"""Channels that are told: added, changed, tried, removed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.db.models.functions import Now
from django.urls import reverse

from core import live
from core.accounts.policy import Verb, require
from core.channels import secrets as seals
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox import sealing
from core.outbox.models import Lane, State
from oncall import events
from oncall.destinations import queries
from oncall.destinations.models import Destination

if TYPE_CHECKING:
    from core.accounts.models import Team, User
    from core.outbox.registry import Outcome

TEST_EVERY_SECONDS = 15
TEST_SECONDS = 600
GOOD = (State.ACCEPTED, State.DELIVERED)


class BadChannel(Refused):
    """The address is none of its kind, or its token is missing."""


class SameName(Refused):
    def __init__(self) -> None:
        super().__init__("There is a channel of this name already.")


class InUse(Refused):
    def __init__(self) -> None:
        super().__init__("A policy still tells this channel. Take it out there first, or turn it off.")


class TooManyTests(Refused):
    def __init__(self) -> None:
        super().__init__("A test message is on its way already. Wait a few seconds.")


@transaction.atomic
def add(
    *,
    name: str,
    channel: str,
    address: str,
    actor: User | None,
    team: Team | None = None,
    secret: str = "",
    hears_private: bool = False,
) -> tuple[Destination, str]:
    """Add a channel; give it with what signs its messages, where this made it: it is shown this once."""
    known = next((one for one in queries.kinds() if one.kind == channel), None)
    if known is None:
        raise BadChannel("There is no such way to tell a channel.")
    try:
        normal, secret = known.check_address(address), known.secret_of(secret)
    except ValueError as error:
        raise BadChannel(str(error)) from error
    made = Destination(name=name.strip(), team=team, channel=channel)
    made.address = sealing.stored(normal) if known.is_sealed else normal
    made.secret = seals.seal(secret)
    _store(made)
    _note(made, "added", actor)
    _open(made, actor, hears_private=hears_private)
    return made, secret if known.needs_secret else ""


@transaction.atomic
def change(
    destination: Destination,
    *,
    name: str,
    is_enabled: bool,
    actor: User | None,
    team: Team | None = None,
    hears_private: bool = False,
) -> Destination:
    """Give a channel another name or team, turn it off, or let it hear of private incidents, which an admin does."""
    row = Destination.objects.select_for_update(of=("self",)).get(pk=destination.pk)
    row.name, row.team, row.is_enabled = name.strip(), team, is_enabled
    _store(row)
    _note(row, "changed", actor)
    _open(row, actor, hears_private=hears_private)
    return row


def _open(row: Destination, actor: User | None, *, hears_private: bool) -> None:
    """Let a channel hear of private incidents, or no longer: an entry of its own for whoever reads the audit log."""
    if row.hears_private == hears_private:
        return
    if hears_private:
        require(actor or AnonymousUser(), Verb.ADMIN)
    row.hears_private = hears_private
    row.save(update_fields=["hears_private"])
    _note(row, "opened to private incidents" if hears_private else "closed to private incidents", actor)


@transaction.atomic
def remove(destination: Destination, *, actor: User | None) -> None:
    """Forget a channel that no policy tells."""
    _note(destination, "removed", actor)
    try:
        with transaction.atomic():
            destination.delete()
    except ProtectedError as error:
        raise InUse from error


def _store(destination: Destination) -> None:
    try:
        with transaction.atomic():
            destination.save()
    except IntegrityError as error:
        raise SameName from error


def _note(destination: Destination, what: str, actor: User | None) -> None:
    fact = events.DestinationChanged(
        destination.pk, what, destination.name, destination.channel, queries.hint(destination)
    )
    bus.emit(fact, actor=actor)
    live.changed("oncall", f"channel-{destination.pk}")


@transaction.atomic
def send_test(destination: Destination, *, actor: User) -> None:
    """Send a test message to a channel, the real way; what became of it stands with the channel."""
    row = Destination.objects.select_for_update(of=("self",)).get(pk=destination.pk)
    if queries.tested_within(row, seconds=TEST_EVERY_SECONDS):
        raise TooManyTests
    url = settings.BASE_URL + reverse("oncall:channels")
    text = f"Test message\n\nNothing is wrong. {actor} tries whether this channel can be told.\n\nOpen: {url}"
    outbox.put(
        [
            outbox.NewMessage(
                key=f"channel-{row.pk}-{secrets.token_hex(6)}",
                client=queries.TEST,
                subject_id=row.pk,
                lane=Lane.PEOPLE,
                channel=row.channel,
                address=row.address,
                secret=row.secret,
                content={"subject": "Test message from Watchbill", "text": text, "url": url},
                not_after_seconds=TEST_SECONDS,
            )
        ]
    )


def hear_test(outcomes: Sequence[Outcome]) -> None:
    """Note with a channel what became of its test message."""
    note((outcome.subject_id, outcome) for outcome in outcomes)


def note(told: Iterable[tuple[int, Outcome]]) -> None:
    """Note with channels what became of messages to them: pairs of a channel's id and an outcome."""
    for id_, outcome in told:
        row = Destination.objects.filter(pk=id_)
        if outcome.state in GOOD:
            row.update(last_ok_at=Now(), last_error="")
        elif outcome.state != State.SUPPRESSED:
            row.update(last_error=outcome.detail[:300])
        live.changed(f"channel-{id_}", "oncall")
