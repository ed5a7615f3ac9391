"""Who hears of command: whoever it is offered to, and whoever had it when it went to somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from core.accounts import queries as people
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from incidents.command.models import HandOver, State
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import Incident, RoleAssignment, RoleDefinition
from incidents.lifecycle.operations import mail
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.outbox.models import Message
    from core.outbox.registry import Content, Outcome

OFFERED = "incidents.hand_over"
CHANGED = "incidents.command"
QUESTIONS = ("offered", "again")
OFFERS = {
    "offered": "{by} offers you command",
    "again": "Command still waits for you",
    "declined": "{to} declined command",
    "lapsed": "{to} did not accept command in time",
}
CHANGES = {"given": "You command", "gone": "You no longer command"}


def ask(row: HandOver, what: str) -> None:
    """Write to whom command is offered, or to whoever offered it what became of that.

    Whom the severity asks is paged instead, and what became of that is on the timeline.
    """
    person = row.to if what in QUESTIONS else row.offered_by
    if row.is_by_level or person is None:
        return
    words = _offer(row, what)
    outbox.put(
        [
            NewMessage(
                key=f"{OFFERED}:{row.pk}:{what}",
                client=OFFERED,
                subject_id=row.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=person.email,
                user_id=person.pk,
                content={"what": what, "subject": words.subject, "text": words.text},
                not_after_seconds=1800,
            )
        ]
    )


def _offer(row: HandOver, what: str) -> Content:
    incident = row.incident
    url = settings.BASE_URL + reverse("incidents:hand-over", args=[incident.number, row.pk])
    begin = OFFERS[what].format(by=row.offered_by, to=row.to)
    if what in QUESTIONS:
        after = "Read the briefing and accept or decline it. Until you accept, it is not yours."
    else:
        after = (f"Why: {row.why}\n\n" if row.why and what == "declined" and not incident.private else "") + (
            "You still command." if row.holder_id == row.offered_by_id else "Nobody commands yet."
        )
    said = f"{row.briefing}\n\n" if what in QUESTIONS and not incident.private else ""
    return _content(incident, begin, f"{said}{after}", url)


def _content(incident: Incident, begin: str, text: str, url: str) -> Content:
    name = mail.named(incident)
    return mail.content(incident, f"{begin}: {name}", f"{begin}, {name}.\n\n{text}\n\n{url}\n", url=url)


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each question that has been answered meanwhile; answers themselves are always wanted."""
    ids = {message.subject_id for message in messages}
    open_ = HandOver.objects.waiting().filter(pk__in=ids, incident__in=Incident.objects.active())
    waiting = set(open_.values_list("pk", flat=True))
    return {
        message.pk: "it was answered, taken back, or has lapsed"
        for message in messages
        if message.content.get("what") in QUESTIONS and message.subject_id not in waiting
    }


def render(message: Message) -> Content:
    """Write a message as its incident stands now."""
    found = HandOver.objects.select_related("incident__severity", "offered_by", "to", "holder")
    return _offer(found.get(pk=message.subject_id), str(message.content.get("what")))


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put an offer that did not arrive onto the timeline, once: whoever offers has to ask by voice."""
    for outcome in outcomes:
        row = HandOver.objects.select_related("incident").filter(pk=outcome.subject_id).first()
        if row is not None and row.state == State.WAITING:
            updates.note_undelivered(row.incident, outcome, what=f"The offer of command to {row.to}")


def is_about_command(role: str) -> bool:
    """Say whether a role, by its slug, is the one that commands."""
    return RoleDefinition.objects.filter(slug=role, is_commander=True).exists()


@transaction.atomic
def tell_of_change(
    incident_id: int, *, user_id: int, previous_id: int | None, actor_id: int | None, mark: int
) -> None:
    """Write to whoever commanded that they do no more, and to whom others made commander that they do.

    Nobody hears of what they did themselves. `mark` is what it happened by: the same again is not said again.
    """
    incident = Incident.objects.select_related("severity").get(pk=incident_id)
    told = {"given": user_id, "gone": previous_id}
    messages = []
    for what, pk in told.items():
        person = people.person(pk) if pk is not None and pk != actor_id else None
        if person is None or (what == "given" and actor_id is None):
            continue
        words = _change(incident, what)
        messages.append(
            NewMessage(
                key=f"{CHANGED}:{incident_id}:{mark}:{what}",
                client=CHANGED,
                subject_id=incident_id,
                lane=Lane.PEOPLE,
                channel="email",
                address=person.email,
                user_id=person.pk,
                content={"what": what, "subject": words.subject, "text": words.text},
                not_after_seconds=1800,
            )
        )
    outbox.put(messages)


def _change(incident: Incident, what: str) -> Content:
    url = f"{settings.BASE_URL}/incidents/{incident}/"
    holder = lifecycle.commander(incident)
    text = f"{holder or 'Nobody'} commands now." if what == "gone" else "Decide, delegate, and do not debug."
    return _content(incident, CHANGES[what], text, url)


def still_true(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each message that is no longer so: command has moved on, or the incident is over."""
    open_ = Incident.objects.active().filter(pk__in={message.subject_id for message in messages})
    held = set(
        RoleAssignment.objects.filter(incident__in=open_, role__is_commander=True, ended_at=None).values_list(
            "incident", "user"
        )
    )
    return {
        message.pk: "command has moved on"
        for message in messages
        if ((message.subject_id, message.user_id) in held) != (message.content.get("what") == "given")
    }


def render_change(message: Message) -> Content:
    """Write a message as its incident stands now."""
    incident = Incident.objects.select_related("severity").get(pk=message.subject_id)
    return _change(incident, str(message.content.get("what")))


@transaction.atomic
def note_change_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a message that did not arrive onto the timeline, once."""
    for outcome in outcomes:
        incident = Incident.objects.filter(pk=outcome.subject_id).first()
        if incident is not None:
            updates.note_undelivered(incident, outcome, what="Word of who commands")
