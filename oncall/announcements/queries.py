"""What chats are to say of who is on call, and what they say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from core.accounts import queries as accounts
from core.channels import secrets
from core.channels.matrix import topics as matrix
from core.channels.matrix import transport as matrix_channel
from core.channels.mattermost import topics as mattermost
from core.channels.registry import Content
from core.channels.slack import topics as slack
from core.channels.slack import transport as slack_channel
from oncall.announcements import rules
from oncall.announcements.models import Announcement
from oncall.destinations.models import Destination
from oncall.paging.models import ContactMethod
from oncall.schedules import queries as schedules
from oncall.schedules.models import ScheduleVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.outbox.models import Message
    from oncall.schedules.models import Schedule

TOPIC, GROUP = "oncall.topic", "oncall.group"

WRITABLE = {
    "slack": (slack.TOPIC, slack.has_topic),
    "mattermost": (mattermost.TOPIC, mattermost.has_topic),
    "matrix": (matrix.TOPIC, lambda _address: matrix_channel.is_ready()),
}


def announcements() -> QuerySet[Announcement]:
    """Those that were not removed, by schedule."""
    return (
        Announcement.objects.filter(removed_at=None, schedule__deleted_at=None)
        .select_related("schedule__team", "destination__team")
        .order_by("schedule__name", "pk")
    )


def of(schedule: Schedule) -> QuerySet[Announcement]:
    """Those of one schedule."""
    return announcements().filter(schedule=schedule)


def get(schedule: Schedule, pk: int) -> Announcement:
    """One of a schedule; 404 where absent."""
    return get_object_or_404(of(schedule), pk=pk)


def has_topic(destination: Destination) -> bool:
    """Whether a channel has a topic that we may write: a bot's channel, no webhook and nobody's own."""
    try:
        address = secrets.unseal(destination.address)
    except secrets.CannotOpen:
        return False
    return destination.channel in WRITABLE and WRITABLE[destination.channel][1](address)


def offered(schedule: Schedule) -> list[Destination]:
    """The channels of a schedule's team, and those of everybody, whose topic can say who is on call."""
    ours = Q(team=None) | Q(team=schedule.team_id)
    rows = Destination.objects.filter(ours, is_enabled=True, channel__in=WRITABLE)
    taken = of(schedule).exclude(destination=None).values("destination")
    return [row for row in rows.exclude(pk__in=taken).order_by("name") if has_topic(row)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to stand in a place: words of a topic from the longest on or members; and whom Slack does not know here."""

    words: list[str]
    missing: tuple[str, ...] = ()


def wanted(rows: Collection[Announcement]) -> dict[int, Wanted]:
    """What each of these is to say now, by its id. Nothing where it was removed, or its schedule deleted."""
    now = timezone.now()
    ids = {row.schedule_id for row in rows if row.removed_at is None}
    seconds = _seconds(ids) if any(row.group == "" for row in rows) else {}
    both = ids | {pk for own in seconds.values() for pk in own}
    watches = {each.schedule.pk: each for each in schedules.watches(both, at=now)} if both else {}
    slacks = _slack_ids({user.pk for pk in ids if pk in watches for user in watches[pk].people}, rows)
    found: dict[int, Wanted] = {}
    for row in rows:
        watch = watches.get(row.schedule_id) if row.removed_at is None else None
        if watch is None:
            found[row.pk] = Wanted([])
        elif row.group:
            members = sorted({slacks[user.pk] for user in watch.people if user.pk in slacks})
            strangers = tuple(str(user) for user in watch.people if user.pk not in slacks)
            found[row.pk] = Wanted(members, strangers)
        else:
            behind = [
                str(user)
                for pk in seconds.get(row.schedule_id, ())
                if pk in watches
                for user in watches[pk].people
            ]
            found[row.pk] = Wanted(
                rules.words(
                    watch.schedule.name,
                    [str(user) for user in watch.people],
                    watch.now.until,
                    behind,
                    accounts.zone(watch.schedule.time_zone),
                )
            )
    return found


def _seconds(ids: Collection[int]) -> dict[int, list[int]]:
    """The schedules that stand behind these now, by the one before them."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for ahead, pk in _standing().filter(stands_behind__in=ids).values_list("stands_behind", "schedule"):
        found[ahead].append(pk)
    return dict(found)


def _standing() -> QuerySet[ScheduleVersion]:
    now = timezone.now()
    counts = Q(effective_until=None) | Q(effective_until__gt=now)
    rows = ScheduleVersion.objects.filter(counts, effective_from__lte=now, schedule__deleted_at=None)
    return rows.order_by("schedule__name")


def touched(schedule_ids: Collection[int]) -> QuerySet[Announcement]:
    """Those that say something of these schedules, also as of who stands behind."""
    ahead = _standing().filter(schedule__in=schedule_ids, stands_behind__isnull=False).order_by()
    return Announcement.objects.filter(
        Q(schedule__in=schedule_ids) | Q(schedule__in=ahead.values("stands_behind"))
    )


def _slack_ids(user_ids: Collection[int], rows: Iterable[Announcement]) -> dict[int, str]:
    """The member IDs that people proved to be theirs, the first of each."""
    if not any(row.group for row in rows):
        return {}
    found: dict[int, str] = {}
    methods = ContactMethod.objects.filter(
        user__in=user_ids, channel="slack", is_enabled=True, verified_at__isnull=False
    )
    for method in methods.order_by("pk"):
        try:
            address = secrets.unseal(method.address)
        except secrets.CannotOpen:
            continue
        if slack.is_member(address):
            found.setdefault(method.user_id, address)
    return found


def unwanted(messages: Sequence[Message]) -> Mapping[int, str]:
    """Say which messages nobody asks for any more: the guard."""
    there: set[tuple[str, int]] = set()
    for pk, destination in Announcement.objects.filter(
        Q(destination__in=[each.subject_id for each in messages if each.client == TOPIC])
        | Q(pk__in=[each.subject_id for each in messages if each.client == GROUP])
    ).values_list("pk", "destination"):
        there.add((TOPIC, destination) if destination else (GROUP, pk))
    return {
        each.pk: "it is not to say who is on call any more"
        for each in messages
        if (each.client, each.subject_id) not in there
    }


def content(message: Message) -> Content:
    """What is to be written, as things stand when it goes out."""
    place = {"destination": message.subject_id} if message.client == TOPIC else {"pk": message.subject_id}
    rows = list(Announcement.objects.filter(**place).select_related("schedule").order_by("pk"))
    found = wanted(rows)
    if message.client == GROUP:
        members = [member for row in rows for member in found[row.pk].words]
        return Content("Who is on call", "", data={"members": members})
    parts = [
        {"key": rules.key(row.schedule.name), "words": found[row.pk].words, "was": row.said} for row in rows
    ]
    return Content("Who is on call", "", data={"parts": parts})


@dataclass(frozen=True, slots=True)
class Shown:
    """One of them as people read it: what stands there, and why it may not be what it should."""

    row: Announcement
    place: str
    says: str
    wanted: str
    missing: tuple[str, ...]
    works: bool


def shown(rows: Collection[Announcement]) -> list[Shown]:
    """What these say and should say."""
    found = wanted(rows)
    return [
        Shown(
            row,
            str(row)[:1].upper() + str(row)[1:],
            "" if row.group else (row.said[0] if row.said else ""),
            "" if row.group else (found[row.pk].words[0] if found[row.pk].words else ""),
            found[row.pk].missing,
            works(row),
        )
        for row in rows
    ]


def works(row: Announcement) -> bool:
    """Whether there is a bot to write it, and its channel is in use."""
    if row.destination is None:
        return slack_channel.has_bot()
    return row.destination.is_enabled and has_topic(row.destination)


def notices(schedule_id: int, _at: datetime) -> list[str]:
    """Say which chats could not be told who is on call."""
    rows = announcements().filter(schedule=schedule_id).exclude(error="")
    return [f"The {row} may not say who is on call now: {row.error}" for row in rows]


def ending(schedule_id: int) -> list[str]:
    """Say what chats say no longer once a schedule is gone."""
    count = (
        Announcement.objects.filter(schedule=schedule_id, removed_at=None).exclude(destination=None).count()
    )
    return (
        [f"{count} topic{'' if count == 1 else 's'} of channels that say who is on call by it."]
        if count
        else []
    )
