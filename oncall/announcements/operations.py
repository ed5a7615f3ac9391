"""Let chats say who is on call: chosen per schedule, written by the outbox, one message under way for each place."""

from __future__ import annotations

import secrets
from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from core.accounts.policy import Verb, require
from core.channels.slack import topics as slack
from core.channels.slack import transport as slack_channel
from core.errors import Refused
from core.events import bus
from core.live import publish as live
from core.outbox import operations as outbox
from core.outbox.models import Lane, Message, State
from oncall.announcements import queries
from oncall.announcements.models import Announcement
from oncall.events import ScheduleAnnouncementChanged
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.accounts.models import User
    from core.outbox.registry import Outcome
    from oncall.destinations.models import Destination

MOST = 10
GOOD = (State.ACCEPTED, State.DELIVERED)
NOT_AFTER_SECONDS = 6 * 3600


class TooMany(Refused):
    def __init__(self) -> None:
        super().__init__(f"{MOST} places are the most in which a schedule can be said. Remove one first.")


class SaidThere(Refused):
    def __init__(self) -> None:
        super().__init__("Who is on call is said there already.")


class NoTopic(Refused):
    """The channel has no topic that the bot may write, or is not the team's; the group has no such ID."""


@transaction.atomic
def add_topic(schedule: Schedule, destination: Destination, *, actor: User) -> Announcement:
    """Let a part of a channel's topic say who is on call. Managers choose a channel of their team or of everybody."""
    require(actor, Verb.CONFIGURE, schedule.team)
    if destination.team_id not in (None, schedule.team_id):
        raise NoTopic("That channel belongs to another team.")
    if not queries.has_topic(destination):
        raise NoTopic(
            "The topic of that channel cannot be written: it needs a bot of Slack, Mattermost or Matrix."
        )
    _room(schedule)
    # One that is still to be taken out is wanted again.
    known = Announcement.objects.filter(schedule=schedule, destination=destination)
    if known.exclude(removed_at=None).update(removed_at=None, promised=[], error="", created_by=actor):
        return _added(known.get(), actor)
    return _store(Announcement(schedule=schedule, destination=destination, created_by=actor), actor)


@transaction.atomic
def add_group(schedule: Schedule, group: str, *, actor: User) -> Announcement:
    """Let a user group of Slack hold exactly who is on call. Admins say so: it takes everybody else out of the group."""
    require(actor, Verb.ADMIN)
    try:
        normal = slack.check_group(group)
    except ValueError as error:
        raise NoTopic(str(error)) from error
    if not slack_channel.has_bot():
        raise NoTopic("There is no Slack bot (SLACK_BOT_TOKEN).")
    _room(schedule)
    return _store(Announcement(schedule=schedule, group=normal, created_by=actor), actor)


def _room(schedule: Schedule) -> None:
    Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    if queries.of(schedule).count() >= MOST:
        raise TooMany


def _store(made: Announcement, actor: User) -> Announcement:
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise SaidThere from error
    return _added(made, actor)


def _added(made: Announcement, actor: User) -> Announcement:
    _note(made, "added", actor)
    refresh([made.schedule_id])
    return made


@transaction.atomic
def remove(announcement: Announcement, *, actor: User) -> None:
    """Say it there no longer: our part is taken out of the topic; a group keeps whom it holds."""
    require(actor, Verb.CONFIGURE, announcement.schedule.team)
    found = Announcement.objects.select_for_update(of=("self",)).filter(pk=announcement.pk, removed_at=None)
    row = found.first()
    if row is None:
        return
    _note(row, "removed", actor)
    if row.group or not (row.said or row.promised) or not queries.works(row):
        row.delete()
        return
    row.removed_at = timezone.now()
    row.save(update_fields=["removed_at"])
    refresh([row.schedule_id])


@transaction.atomic
def again(announcement: Announcement, *, actor: User) -> None:
    """Write it now, also where it could not be written or somebody took it out."""
    require(actor, Verb.CONFIGURE, announcement.schedule.team)
    _refresh(Q(pk=announcement.pk), force=True)


def _note(row: Announcement, what: str, actor: User | None) -> None:
    bus.emit(ScheduleAnnouncementChanged(row.schedule_id, what, str(row)), actor=actor)
    live.changed(f"schedule-{row.schedule_id}")


def refresh(schedule_ids: Collection[int]) -> int:
    """Write what changed of these schedules; give how many places that are."""
    return _refresh(Q(pk__in=queries.touched(schedule_ids).values("pk")))


def refresh_all() -> int:
    """Write what changed anywhere, as a name of somebody; give how many places that are."""
    return _refresh(Q())


@transaction.atomic
def _refresh(which: Q, *, but: int | None = None, force: bool = False) -> int:
    """Promise a message for each place that is to say something else, where none is under way."""
    some = Announcement.objects.filter(which)
    together = Q(destination__in=some.exclude(destination=None).values("destination"))
    ids = list(Announcement.objects.filter(which | together).values_list("pk", flat=True))
    # Whoever ends a message locks the same rows, so a change is seen by one of both.
    rows = list(
        Announcement.objects.select_for_update(of=("self",))
        .filter(pk__in=ids)
        .select_related("schedule", "destination")
        .order_by("pk")
    )
    if not rows:
        return 0
    found = queries.wanted(rows)
    places: defaultdict[tuple[str, int], list[Announcement]] = defaultdict(list)
    for row in rows:
        place = (queries.GROUP, row.pk) if row.destination_id is None else (queries.TOPIC, row.destination_id)
        places[place].append(row)
    busy = _under_way(places, but)
    new = [
        _message(place, own, found)
        for place, own in places.items()
        if place not in busy and _is_due(own, found, force=force)
    ]
    return len(outbox.put(new))


def _under_way(places: Collection[tuple[str, int]], but: int | None) -> set[tuple[str, int]]:
    rows = Message.objects.filter(
        client__in=(queries.TOPIC, queries.GROUP),
        subject_id__in=[subject for _, subject in places],
        state__in=(State.PENDING, State.SENDING),
    )
    rows = rows if but is None else rows.exclude(pk=but)
    return set(rows.values_list("client", "subject_id"))


def _is_due(rows: Sequence[Announcement], found: dict[int, queries.Wanted], *, force: bool) -> bool:
    if not all(queries.works(row) for row in rows):
        return False
    if any(row.group and not found[row.pk].words for row in rows):
        return False  # Slack keeps no empty group
    return (
        force
        or any(found[row.pk].words not in (row.said, row.promised) for row in rows)
        or any(row.removed_at is not None and row.promised for row in rows)
    )


def _message(
    place: tuple[str, int], rows: Sequence[Announcement], found: dict[int, queries.Wanted]
) -> outbox.NewMessage:
    client, subject = place
    for row in rows:
        row.promised = found[row.pk].words
        row.save(update_fields=["promised"])
    to = rows[0].destination
    return outbox.NewMessage(
        key=f"{client}-{subject}-{secrets.token_hex(8)}",
        client=client,
        subject_id=subject,
        lane=Lane.PEOPLE,
        channel=slack.GROUP if to is None else queries.WRITABLE[to.channel][0],
        address=rows[0].group if to is None else to.address,
        content={"says": {str(row.pk): found[row.pk].words for row in rows}},
        not_after_seconds=NOT_AFTER_SECONDS,
    )


def hear(outcomes: Sequence[Outcome]) -> None:
    """Note what became of what was to be written, and write what changed meanwhile."""
    for outcome in outcomes:
        if outcome.state == State.SUPPRESSED:
            continue
        place = (
            Q(destination=outcome.subject_id) if outcome.client == queries.TOPIC else Q(pk=outcome.subject_id)
        )
        rows = Announcement.objects.select_for_update(of=("self",)).filter(place).order_by("pk")
        _note_outcome(list(rows), outcome)
        if outcome.state != "retrying":
            _refresh(place, but=outcome.message_id)


def _note_outcome(rows: Sequence[Announcement], outcome: Outcome) -> None:
    is_good = outcome.state in GOOD
    for row in rows:
        words = outcome.content.get("says", {}).get(str(row.pk))
        if words is None:
            continue  # it was chosen after this was promised
        if row.removed_at is not None and outcome.state != "retrying" and words == []:
            row.delete()
            continue
        row.error = "" if is_good else outcome.detail[:300]
        if is_good:
            row.said, row.written_at = words, timezone.now()
        row.save(update_fields=["said", "written_at", "error"])
        live.changed(f"schedule-{row.schedule_id}")
