"""What is behind a secret address, and whose addresses there are."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as write_date

from core.accounts import queries as people
from core.accounts.models import Team, User
from core.accounts.policy import Verb, can
from core.channels import secrets
from core.tokens.rules import digest
from oncall.feeds import registry
from oncall.feeds.models import FeedAddress, Kind, PublishedShift
from oncall.feeds.rules import published
from oncall.feeds.rules import talks as rules
from oncall.feeds.rules.calendars import Entry
from oncall.feeds.rules.published import Published
from oncall.feeds.rules.words import Duty
from oncall.paging.models import ContactMethod
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet

LONGEST_TOKEN = 64
LOOKED_EVERY = timedelta(hours=1)


def of(user: User) -> QuerySet[FeedAddress]:
    """A person's addresses that were not revoked, newest first."""
    return (
        FeedAddress.objects.filter(user=user, revoked_at=None)
        .select_related("schedule", "team")
        .order_by("-pk")
    )


def own(user: User, pk: int) -> FeedAddress:
    """One of a person's addresses; 404 for anybody else's."""
    return get_object_or_404(of(user), pk=pk)


def find(token: str, kind: Kind) -> FeedAddress | None:
    """The address with this secret, while its owner may sign in."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    # A calendar is told that the shifts of a deleted schedule are cancelled before its address leads nowhere.
    since = timezone.now() - (published.CANCELLED_FOR if kind is Kind.CALENDAR else timedelta())
    shown = Q(schedule=None) | Q(schedule__deleted_at=None) | Q(schedule__deleted_at__gt=since)
    live = FeedAddress.objects.filter(shown, kind=kind, revoked_at=None, user__is_active=True)
    return live.filter(token_hash=digest(token)).select_related("user", "schedule", "team").first()


def urls(address: FeedAddress, secret: str) -> list[str]:
    """Everything that a new address is read at."""
    names = ["calendar-feed"] if address.kind == Kind.CALENDAR else ["now-as-text", "now-as-twiml"]
    return [settings.BASE_URL + reverse(f"oncall:{name}", args=[secret]) for name in names]


@dataclass(frozen=True, slots=True)
class Told:
    """What a calendar address answers with."""

    name: str
    zone: ZoneInfo
    entries: tuple[Entry, ...]


def told(address: FeedAddress, *, now: datetime) -> Told:
    """Every shift behind an address from three months ago until a year from now, and those that were cancelled lately."""
    rows = {row.pk: row for row in _behind(address)}
    news = revised(list(rows), now=now)
    users = User.objects.in_bulk({shift.user for shifts in news.values() for shift in shifts})
    is_own = address.schedule_id is None and address.team_id is None
    entries = [
        Entry(shift, _title(rows[pk], users[shift.user], is_own=is_own), schedules.address(rows[pk]))
        for pk, shifts in news.items()
        for shift in shifts
        if published.is_told(shift, now=now) and (not is_own or shift.user == address.user_id)
    ]
    if address.has_talks:
        entries += _talks(address, news, rows, now=now)
    entries.sort(key=lambda entry: (entry.shift.start, entry.shift.uid))
    return Told(_name(address), zone_of(address), tuple(entries))


def _talks(
    address: FeedAddress, news: Mapping[int, list[Published]], rows: Mapping[int, Schedule], *, now: datetime
) -> list[Entry]:
    """The talks at the hand-offs of these schedules; behind one's own address those that one takes part in."""
    is_own = address.schedule_id is None and address.team_id is None
    return [
        Entry(talk, f"Hand-off: {rows[pk]}", schedules.address(rows[pk]))
        for pk, lasts in registry.talks(list(news)).items()
        for talk in rules.talks(news[pk], lasts, of=address.user_id if is_own else None)
        if published.is_told(talk, now=now)
    ]


def _behind(address: FeedAddress) -> QuerySet[Schedule]:
    if address.schedule_id:
        return Schedule.objects.filter(pk=address.schedule_id)
    if address.team_id:
        return Schedule.objects.filter(team=address.team_id)
    told_before = PublishedShift.objects.filter(user=address.user_id).values("schedule")
    return Schedule.objects.filter(Q(pk__in=schedules.naming([address.user_id])) | Q(pk__in=told_before))


def _title(schedule: Schedule, user: User, *, is_own: bool) -> str:
    return f"On call: {schedule.name}" if is_own else f"{user}: {schedule.name}"


def _name(address: FeedAddress) -> str:
    if address.schedule or address.team:
        return f"On call: {address.schedule or address.team}"
    return f"On call: {address.user}"


def zone_of(address: FeedAddress) -> ZoneInfo:
    """The schedule's zone; for several schedules that of the owner."""
    return people.zone(address.schedule.time_zone if address.schedule else address.user.time_zone)


def revised(schedule_ids: Collection[int], *, now: datetime) -> dict[int, list[Published]]:
    """What calendars are to be told of these schedules now: the shifts of the resolver, with the names they have."""
    within = published.window(now)
    known = _known(schedule_ids)
    host = urlsplit(settings.BASE_URL).hostname or "watchbill"
    return {
        pk: published.revise(
            known[pk],
            published.shifts(
                (each.start, each.end, each.users) for each in one.final(within.start, within.end)
            ),
            schedule=pk,
            within=within,
            host=host,
            now=now,
        )
        for pk, one in schedules.resolve(schedule_ids, start=within.start, end=within.end).items()
    }


def _known(schedule_ids: Collection[int]) -> Mapping[int, list[Published]]:
    found: defaultdict[int, list[Published]] = defaultdict(list)
    for row in PublishedShift.objects.filter(schedule__in=schedule_ids).order_by("start", "pk"):
        found[row.schedule_id].append(
            Published(
                row.uid, row.user_id, row.start, row.end, row.sequence, row.changed_at, row.cancelled_at
            )
        )
    return found


def changed(schedule_id: int, *, now: datetime) -> list[Published]:
    """What is to be published of a schedule and is not stored so."""
    known = set(_known([schedule_id])[schedule_id])
    return [
        each for shifts in revised([schedule_id], now=now).values() for each in shifts if each not in known
    ]


MOST_NUMBERS = 5
"""So many numbers are rung for one caller."""


def behind(address: FeedAddress) -> list[int]:
    """The schedules that an address shows."""
    return list(_behind(address).order_by("pk").values_list("pk", flat=True))


def are_read() -> bool:
    """Whether any calendar is subscribed at all."""
    return FeedAddress.objects.filter(kind=Kind.CALENDAR, revoked_at=None, user__is_active=True).exists()


def unlooked(*, now: datetime) -> QuerySet[Schedule]:
    """The schedules that were not compared with what calendars know for an hour."""
    return Schedule.objects.filter(
        Q(published=None) | Q(published__looked_at__lt=now - LOOKED_EVERY)
    ).order_by("pk")


def duties(address: FeedAddress, *, now: datetime) -> list[Duty]:
    """Who has each schedule behind an address now, by name of the schedule."""
    zone = zone_of(address)
    return [
        Duty(
            watch.schedule.name,
            [str(user) for user in watch.people],
            write_date(watch.now.until.astimezone(zone), "l H:i T") if watch.now.until else "",
            [str(user) for user in watch.next_people],
        )
        for watch in schedules.watches(behind(address), at=now)
    ]


def numbers(address: FeedAddress, *, now: datetime) -> list[str]:
    """The verified telephone numbers to which callers are connected, in the order of who is on call.

    Only of those who agreed, and while whoever made the address may still manage what it shows.
    """
    team = address.schedule.team if address.schedule else address.team
    if not (address.connects and can(address.user, Verb.CONFIGURE, team)):
        return []
    ids = [user.pk for watch in schedules.watches(behind(address), at=now) for user in watch.people]
    rows = ContactMethod.objects.filter(
        user__in=ids,
        user__is_active=True,
        channel="voice",
        is_enabled=True,
        takes_calls=True,
        verified_at__isnull=False,
    ).order_by("pk")
    by_person: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows:
        with suppress(secrets.CannotOpen):
            by_person[row.user_id].append(secrets.unseal(row.address))
    found = dict.fromkeys(number for pk in ids for number in by_person[pk])
    return list(found)[:MOST_NUMBERS]


def choices() -> tuple[QuerySet[Schedule], QuerySet[Team]]:
    """What an address may show besides one's own shifts."""
    return schedules.schedules(), Team.objects.order_by("name")


def ending(schedule_id: int) -> list[str]:
    """Say which calendar addresses end with a schedule."""
    found = FeedAddress.objects.filter(schedule=schedule_id, revoked_at=None, user__is_active=True)
    calendars, texts = (found.filter(kind=kind).count() for kind in (Kind.CALENDAR, Kind.NOW))
    lines = []
    if calendars:
        lines.append(
            f"{calendars} calendar address{'' if calendars == 1 else 'es'}: the shifts are cancelled there, and after "
            f"{published.CANCELLED_FOR.days} days {'it leads' if calendars == 1 else 'they lead'} nowhere."
        )
    if texts:
        lines.append(
            f"{texts} address{'' if texts == 1 else 'es'} that say{'s' if texts == 1 else ''} who is on call now: "
            f"{'it leads' if texts == 1 else 'they lead'} nowhere at once."
        )
    return lines
