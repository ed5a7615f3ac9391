from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction
from django.utils import timezone

from core.accounts.models import User
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.events import bus
from core.tokens.rules import digest
from oncall.events import FeedAddressMade, FeedAddressRevoked
from oncall.feeds import queries
from oncall.feeds.models import FeedAddress, Kind, PublishedSchedule, PublishedShift
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.accounts.models import Team

log = logging.getLogger(__name__)

MOST = 50
NOTED_EVERY_SECONDS = 3600
AT_ONCE = 20


class TooManyAddresses(Refused):
    def __init__(self) -> None:
        super().__init__(f"You have {MOST} calendar addresses. Revoke one first.")


class ConnectsNobody(Refused):
    def __init__(self) -> None:
        super().__init__("A calendar connects nobody: choose who is on call now.")


class NoTalks(Refused):
    def __init__(self) -> None:
        super().__init__("Talks at hand-offs are shown by calendars alone.")


class NothingToShow(Refused):
    def __init__(self) -> None:
        super().__init__("Choose the schedule or the team whose people on call it says.")


@transaction.atomic
def add(
    user: User,
    *,
    kind: Kind = Kind.CALENDAR,
    schedule: Schedule | None = None,
    team: Team | None = None,
    name: str = "",
    connects: bool = False,
    has_talks: bool = False,
) -> tuple[FeedAddress, str]:
    """Make a secret address, which is given here and never again; what it shows is published from now on.

    One that `connects` callers to who is on call is made by those who may manage the schedule or the team.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if kind is Kind.NOW and not (schedule or team):
        raise NothingToShow
    if has_talks and kind is not Kind.CALENDAR:
        raise NoTalks
    if connects:
        if kind is not Kind.NOW:
            raise ConnectsNobody
        require(user, Verb.CONFIGURE, schedule.team if schedule else team)
    if FeedAddress.objects.filter(user=user, revoked_at=None).count() >= MOST:
        raise TooManyAddresses
    secret = secrets.token_urlsafe(24)
    address = FeedAddress.objects.create(
        user=user,
        kind=kind,
        schedule=schedule,
        team=team,
        name=name,
        connects=connects,
        has_talks=has_talks,
        token_hash=digest(secret),
    )
    bus.emit(FeedAddressMade(address.pk, user.pk, kind, address.shown), actor=user)
    if kind is Kind.CALENDAR:
        for pk in queries.behind(address):
            publish(pk, now=timezone.now())
    return address, secret


@transaction.atomic
def revoke(address: FeedAddress, *, actor: User | None) -> None:
    """Let an address lead nowhere from now on."""
    _revoke(FeedAddress.objects.filter(pk=address.pk), actor=actor)


@transaction.atomic
def revoke_all(user_id: int) -> None:
    """Let every address of somebody who left lead nowhere, also when they come back."""
    _revoke(FeedAddress.objects.filter(user=user_id), actor=None)


def _revoke(addresses: Iterable[FeedAddress], *, actor: User | None) -> None:
    ids = [address.pk for address in addresses]
    live = FeedAddress.objects.select_for_update().filter(pk__in=ids, revoked_at=None).order_by("pk")
    gone = list(live)
    FeedAddress.objects.filter(pk__in=[address.pk for address in gone]).update(revoked_at=timezone.now())
    if gone:
        bus.emit_all([FeedAddressRevoked(address.pk, address.user_id) for address in gone], actor=actor)


@transaction.atomic
def publish(schedule_id: int, *, now: datetime) -> int:
    """Store what calendars are told of a schedule, so that they recognise each shift after the next edit."""
    if not Schedule.objects.select_for_update(no_key=True).filter(pk=schedule_id).exists():
        return 0
    PublishedSchedule.objects.update_or_create(schedule_id=schedule_id, defaults={"looked_at": now})
    rows = [
        PublishedShift(
            schedule_id=schedule_id,
            user_id=each.user,
            uid=each.uid,
            start=each.start,
            end=each.end,
            sequence=each.sequence,
            changed_at=each.changed_at,
            cancelled_at=each.cancelled_at,
        )
        for each in queries.changed(schedule_id, now=now)
    ]
    PublishedShift.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["uid"],
        update_fields=["start", "end", "sequence", "changed_at", "cancelled_at"],
    )
    return len(rows)


@transaction.atomic
def publish_due() -> int:
    """Store what is told of some schedules that were not looked at for an hour, while any calendar is subscribed.

    Edits are stored at once; this follows time itself, and accounts that were closed. Give how many schedules it were.
    """
    if not queries.are_read():
        return 0
    now = timezone.now()
    due = queries.unlooked(now=now).select_for_update(no_key=True, skip_locked=True, of=("self",))
    ids = [schedule.pk for schedule in due[:AT_ONCE]]
    for pk in ids:
        publish(pk, now=now)
    return len(ids)


def schedule_changed(schedule_id: int) -> None:
    """Store what is told of a schedule that was edited."""
    if queries.are_read():
        publish(schedule_id, now=timezone.now())


def note_read(address: FeedAddress, *, now: datetime) -> None:
    """Note that an address is in use, once an hour. A standby, which takes no writes, still answers."""
    if address.last_read_at and (now - address.last_read_at).total_seconds() < NOTED_EVERY_SECONDS:
        return
    try:
        with transaction.atomic():
            FeedAddress.objects.filter(pk=address.pk).update(last_read_at=now)
    except DatabaseError as error:
        log.info("the use of a calendar address was not noted: %s", error)
