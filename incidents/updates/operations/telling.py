"""An update goes to those who are on its lists, a message each; what becomes of each is kept with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from core import live
from core.accounts import queries as people
from core.outbox import operations as outbox
from core.outbox.models import Lane, State
from core.outbox.operations import NewMessage
from core.outbox.registry import Content
from core.ui import times
from incidents.audiences.models import Page
from incidents.audiences.rules import Kind
from incidents.estimates import queries as estimates
from incidents.lifecycle.models import Participant
from incidents.lifecycle.rules import Status
from incidents.subscriptions import queries as subscriptions
from incidents.updates.models import Audience, Told
from incidents.wording import rules as wording

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from core.outbox.models import Message
    from core.outbox.registry import Outcome
    from incidents.audiences.rules import Recipient
    from incidents.lifecycle.models import Incident
    from incidents.updates.models import Update

TOLD = "incidents.update"
WORTH_SECONDS = 4 * 3600
"""After so long nobody needs to be sent what was new then."""

PAGES = {
    Page.ROOM: "incidents:room",
    Page.STAKEHOLDERS: "incidents:for-stakeholders",
    Page.SUPPORT: "incidents:for-support",
    Page.SUMMARY: "incidents:executive-summary",
}
BEGIN = {Kind.FIRST: "Incident", Kind.LATER: "Update", Kind.NO_NEWS: "No news", Kind.OVER: "Over"}
ENDS = {state.value for state in State} - {State.PENDING.value, State.SENDING.value}


def tell(incident: Incident, update: Update, recipients: Sequence[Recipient]) -> None:
    """Promise a message to each of them, inside the caller's transaction."""
    rows = Told.objects.bulk_create(
        Told(
            update=update,
            key=each.key,
            name=each.name,
            user_id=each.user_id,
            room=each.room_id,
            channel=each.channel,
            lists=list(each.lists),
            hears_private=each.hears_private,
            takes_part=each.takes_part,
            page=each.page,
            subscription_id=each.subscription_id,
        )
        for each in recipients
    )
    members = _members(incident) if incident.private else set()
    expected = _expected(incident)
    outbox.put(
        [
            _message(incident, update, row, each, is_member=row.user_id in members, expected=expected)
            for row, each in zip(rows, recipients, strict=True)
        ]
    )


def _members(incident: Incident) -> set[int]:
    return set(Participant.objects.filter(incident=incident).values_list("user_id", flat=True))


def _message(
    incident: Incident,
    update: Update,
    row: Told,
    each: Recipient,
    *,
    is_member: bool,
    expected: datetime | None,
) -> NewMessage:
    words = _words(incident, update, row, is_member=is_member, expected=expected)
    return NewMessage(
        key=f"{TOLD}:{row.pk}",
        client=TOLD,
        subject_id=row.pk,
        lane=Lane.PEOPLE if update.kind != Kind.NO_NEWS else Lane.BULK,
        channel=each.channel,
        address=each.address,
        secret=each.secret,
        user_id=each.user_id,
        content={"subject": words.subject, "text": words.text},
        not_after_seconds=WORTH_SECONDS,
    )


def _words(
    incident: Incident,
    update: Update,
    row: Told,
    *,
    is_member: bool,
    expected: datetime | None,
    zone: str = "UTC",
) -> Content:
    """Word it for one reader: customers get the public text alone, strangers to a private incident nothing of it."""
    if update.audience == Audience.PUBLIC:
        return _ended_by(row, _for_customers(update, zone))
    if incident.private and (settings.PRIVATE_MAILS_SAY_NOTHING or (not is_member and not row.hears_private)):
        return _ended_by(row, _content_free())
    drill = "Drill: " if incident.drill else ""
    url = settings.BASE_URL + reverse(PAGES[Page(row.page)], args=[incident.number])
    by = ", ".join(row.lists)
    text = update.text if row.takes_part else wording.calm(update.layout, update.fields, update.text)
    lines = [text, "", *_by(expected, zone), f"Stage: {update.status.capitalize()}", _next(update, zone), url]
    why = f"You get this because you are on the list {by}." if not row.room else f"Told as: {by}."
    if row.lists == [subscriptions.NAME]:
        why = "You get this because you, or somebody for you, asked for the updates of this incident."
    begin = BEGIN[Kind(update.kind)]
    content = Content(
        subject=f"{drill}{begin}: {incident} {incident.severity.label} {incident.title}",
        text="\n".join([*lines, "", why, ""]),
        url=url,
        thread=f"incident-{incident.pk}",
        data={
            "incident": str(incident),
            "update": str(update.pk),
            "kind": update.kind,
            "stage": update.status,
        },
    )
    return _ended_by(row, content)


def _ended_by(row: Told, content: Content) -> Content:
    """Give the mail of a subscriber the address that ends it; others get theirs by a list."""
    if row.subscription_id is None:
        return content
    url = subscriptions.address(row.subscription_id)
    return replace(content, text=f"{content.text}\nNo more of these mails: {url}\n", unsubscribe=url)


def _expected(incident: Incident) -> datetime | None:
    found = estimates.current(incident)
    return found.restored_at if found else None


def _by(expected: datetime | None, zone: str) -> list[str]:
    if expected is None:
        return []
    with timezone.override(people.zone(zone)):
        return [f"Expected to work again by about {times.full(expected)}."]


def _for_customers(update: Update, zone: str) -> Content:
    title = update.public_title or "Service update"
    stage = "Investigating" if update.status == Status.TRIAGE else update.status.capitalize()
    return Content(
        subject=f"{title}: {stage}",
        text="\n".join([update.text, "", _next(update, zone), ""]),
        thread=f"public-incident-{update.incident_id}",
        data={"update": str(update.pk), "stage": update.status},
    )


def _content_free() -> Content:
    """Neither its number nor how bad it is (X-24)."""
    url = f"{settings.BASE_URL}/incidents/"
    text = f"There is news of a private incident. Who takes part in it reads it here:\n{url}\n"
    return Content(subject="News of a private incident", text=text, url=url)


def _next(update: Update, zone: str) -> str:
    if update.next_update_due_at is None:
        return "No further update is promised."
    with timezone.override(people.zone(zone)):
        return f"Next update by {times.full(update.next_update_due_at)}."


def unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each message that is not sent any more: the incident became private meanwhile."""
    rows = Told.objects.select_related("update__incident", "subscription").in_bulk(
        [message.subject_id for message in messages]
    )
    members = _members_of(rows.values())
    found = {}
    for message in messages:
        row = rows.get(message.subject_id)
        if row is None:
            found[message.pk] = "the update is gone"
        elif row.update.incident.private and (
            row.update.audience == Audience.PUBLIC or (row.user_id is None and not row.hears_private)
        ):
            found[message.pk] = "the incident is private now"
        elif row.lists == [subscriptions.NAME] and (row.subscription is None or row.subscription.ended_at):
            found[message.pk] = "they asked for no more mails"
        elif row.lists == [subscriptions.NAME] and _is_shut(row, members):
            found[message.pk] = "the incident is private now"
    return found


def _members_of(rows: Iterable[Told]) -> set[tuple[int, int]]:
    ids = {row.update.incident_id for row in rows if row.update.incident.private}
    if not ids:
        return set()
    return set(Participant.objects.filter(incident__in=ids).values_list("incident_id", "user_id"))


def _is_shut(row: Told, members: Collection[tuple[int, int]]) -> bool:
    return row.update.incident.private and (row.update.incident_id, row.user_id) not in members


def render(message: Message) -> Content:
    """Word an update for its reader, in their time zone, as private as the incident is now."""
    row = Told.objects.select_related("update__incident__severity", "user").get(pk=message.subject_id)
    incident = row.update.incident
    is_member = (
        row.user_id is not None and Participant.objects.filter(incident=incident, user=row.user_id).exists()
    )
    zone = row.user.time_zone if row.user else "UTC"
    expected = _expected(incident)
    return _words(incident, row.update, row, is_member=is_member, expected=expected, zone=zone)


@transaction.atomic
def note_told(outcomes: Sequence[Outcome]) -> None:
    """Keep with an update what became of each message of it."""
    ended = [outcome for outcome in outcomes if outcome.state in ENDS]
    for outcome in ended:
        Told.objects.filter(pk=outcome.subject_id).update(
            state=outcome.state, detail=outcome.detail[:300], ended_at=Now()
        )
    rooms = Told.objects.filter(pk__in=[outcome.subject_id for outcome in ended])
    for incident in set(rooms.values_list("update__incident", flat=True)):
        live.changed(f"incident-{incident}")
