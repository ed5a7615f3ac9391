"""An update waits for somebody else's yes, and is published by it; without one it lapses, and that is said."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from core.timers import operations as timers
from incidents.approvals import queries
from incidents.approvals.models import Approval, State
from incidents.events import ApprovalChanged
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base, mail
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.accounts.models import User
    from core.outbox.models import Message
    from core.outbox.registry import Content, Outcome
    from incidents.lifecycle.models import Incident

CLIENT = DUE = "incidents.approval"


class NotNeeded(Refused):
    """This update goes out without anybody's yes."""


class Over(Refused):
    """It was answered, or has lapsed."""


def gate(incident: Incident, audience: str, actor: User | None) -> None:
    """Hold an update up that somebody else must look at first."""
    if queries.needed(incident, audience, actor) is not None:
        raise updates.NeedsApproval(
            "Somebody else looks at this update before it goes out. Ask for their approval."
        )


@transaction.atomic
def ask(incident: Incident, *, content: Mapping[str, Any], actor: User) -> Approval:
    """Ask for approval of an update; `content` is what `updates.publish` takes.

    The same words again are the same request. Other words let an earlier request lapse.
    """
    incident = base.locked(incident)
    audience = str(content["audience"])
    rule = queries.needed(incident, audience, actor)
    if rule is None:
        raise NotNeeded("This update needs nobody's approval: publish it.")
    kept = {name: value for name, value in content.items() if name != "key"}
    waiting = (
        Approval.objects.select_for_update()
        .filter(incident=incident, audience=audience, state=State.WAITING)
        .first()
    )
    if waiting is not None and waiting.content == kept:
        return waiting
    _try_out(incident, kept, actor)
    if waiting is not None:
        _end(waiting, State.LAPSED, why="The text was changed.")
    at = now()
    made = Approval.objects.create(
        incident=incident,
        audience=audience,
        by=rule.by,
        content=kept,
        asked_by=actor,
        lapses_at=at + timedelta(seconds=rule.lapse_seconds),
    )
    again = at + timedelta(seconds=rule.remind_seconds)
    timers.set(DUE, made.pk, occurrence="remind", due_at=again)
    timers.set(DUE, made.pk, occurrence="lapse", due_at=made.lapses_at, payload={"lapse": True})
    people = _mail(made, "ask")
    told = " and ".join(map(str, people)) or "anybody who responds: nobody holds a role for it"
    _note(made, f"{made.get_audience_display()} update waits for approval, asked {told}", actor, "asked")
    return made


def _try_out(incident: Incident, content: Mapping[str, Any], actor: User) -> None:
    """Publish and take it back at once: what cannot be published is said to whoever wrote it, not to who approves."""
    with transaction.atomic():
        updates.publish(incident, **content, actor=actor, approved_by=actor)
        transaction.set_rollback(True)


@transaction.atomic
def approve(approval: Approval, *, actor: User) -> Approval:
    """Say yes: the update goes out as it was written, by whoever wrote it. Twice is once."""
    row = _held(approval, actor)
    if row.state == State.APPROVED:
        return row
    if row.state != State.WAITING:
        raise Over(
            f"This request has {'lapsed' if row.state == State.LAPSED else 'been declined'}. Ask anew."
        )
    update = updates.publish(row.incident, **row.content, actor=row.asked_by, approved_by=actor, key=row.key)
    row.update, row.answered_by = update, actor
    _end(row, State.APPROVED)
    _note(row, f"{row.get_audience_display()} update approved by {actor}", actor, "approved")
    return row


@transaction.atomic
def decline(approval: Approval, *, why: str, actor: User) -> Approval:
    """Say no, and why: nothing is published, and who asked is told."""
    row = _held(approval, actor)
    if row.state == State.DECLINED:
        return row
    if row.state != State.WAITING:
        raise Over("This request is over.")
    row.answered_by = actor
    _end(row, State.DECLINED, why=why.strip()[:500])
    _mail(row, "declined", to=[row.asked_by])
    _note(row, f"{row.get_audience_display()} update declined by {actor}: {row.why}", actor, "declined")
    return row


@transaction.atomic
def come_due(approval_id: int, *, lapse: bool) -> None:
    """Ask again, or let it lapse: nobody's yes is no yes."""
    found = Approval.objects.filter(pk=approval_id).first()
    if found is None:
        return
    base.locked(found.incident)
    row = Approval.objects.select_for_update().get(pk=approval_id)
    if row.state != State.WAITING:
        return
    what = f"{row.get_audience_display()} update"
    if lapse:
        _end(row, State.LAPSED, why="Nobody approved it in time.")
        _mail(row, "lapsed", to=[row.asked_by])
        _note(row, f"{what} was not published: nobody approved it in time", None, "lapsed")
    else:
        people = _mail(row, "again")
        told = " and ".join(map(str, people)) or "nobody: no role is taken"
        _note(row, f"{what} still waits for approval, reminded {told}", None, "reminded")


def _held(approval: Approval, actor: User) -> Approval:
    """Give the request, held behind its incident as every write is; refused to who may not answer it."""
    base.locked(approval.incident)
    row = (
        Approval.objects.select_for_update(of=("self",))
        .select_related("incident__severity", "asked_by")
        .get(pk=approval.pk)
    )
    if not queries.may_approve(row, actor):
        raise PermissionDenied("Somebody else approves this update.")
    return row


def _end(row: Approval, state: State, *, why: str = "") -> None:
    row.state, row.why, row.ended_at = state, why, now()
    row.save(update_fields=["state", "why", "ended_at", "answered_by", "update"])
    timers.cancel(DUE, [row.pk])
    outbox.suppress(CLIENT, [row.pk], reason="it was answered, or has lapsed")


def _note(row: Approval, text: str, actor: User | None, what: str) -> None:
    base.enter(row.incident, EntryKind.REMINDER, text, actor=actor, data={"approval": row.pk, "what": what})
    bus.emit(ApprovalChanged(row.incident_id, row.pk, what), actor=actor)
    base.tell(row.incident)


def _mail(row: Approval, what: str, *, to: Sequence[User] | None = None) -> Sequence[User]:
    people = queries.asked(row.incident, row.by, without=row.asked_by) if to is None else to
    words = _words(row, what)
    outbox.put(
        [
            NewMessage(
                key=f"{CLIENT}:{row.pk}:{what}:{person.pk}",
                client=CLIENT,
                subject_id=row.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=person.email,
                user_id=person.pk,
                content={"what": what, "subject": words.subject, "text": words.text},
                not_after_seconds=3600,
            )
            for person in people
        ]
    )
    return people


BEGIN = {
    "ask": "Please approve an update",
    "again": "An update still waits for you",
    "declined": "Your update was declined",
    "lapsed": "Your update was not published: nobody approved it",
}


def _words(row: Approval, what: str) -> Content:
    incident = row.incident
    url = settings.BASE_URL + reverse("incidents:approval", args=[incident.number, row.pk])
    name = mail.named(incident)
    said = "" if incident.private else f"{queries.text(row)}\n\n" + (f"Why: {row.why}\n\n" if row.why else "")
    text = f"{BEGIN[what]}. {row.asked_by} wrote it for {name}.\n\n{said}{url}\n"
    return mail.content(incident, f"{BEGIN[what]}: {name}", text, url=url)


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each question that has been answered meanwhile; answers themselves are always wanted."""
    ids = {message.subject_id for message in messages}
    waiting = set(Approval.objects.filter(pk__in=ids, state=State.WAITING).values_list("pk", flat=True))
    return {
        message.pk: "it was answered, or has lapsed"
        for message in messages
        if message.content.get("what") in ("ask", "again") and message.subject_id not in waiting
    }


def render(message: Message) -> Content:
    """Write a message as its incident stands now."""
    row = Approval.objects.select_related("incident__severity", "asked_by").get(pk=message.subject_id)
    return _words(row, str(message.content.get("what")))


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a question that did not arrive onto the timeline, once: whoever asked has to ask by voice."""
    for outcome in outcomes:
        row = Approval.objects.select_related("incident").filter(pk=outcome.subject_id).first()
        if row is not None:
            updates.note_undelivered(row.incident, outcome, what="A request for approval")
