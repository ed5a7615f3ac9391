"""What a message in a chat says after it was sent: what became of the page, on the message itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.clock import now
from core.outbox.models import Message
from core.outbox.registry import Content
from oncall.alerts.models import Status as AlertStatus
from oncall.escalation.models import EscalationStatus
from oncall.escalation.queries.asking import RELATED
from oncall.escalation.queries.notices import as_things_stand, link_of, notice, told_of
from oncall.paging import queries as paging
from oncall.paging import rules as words
from oncall.paging import tokens
from oncall.paging.models import ContactMethod, Page, PageStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from oncall.escalation.models import Escalation

EDIT = "oncall.edit"
"""Changes to messages of pages; their subject is the page."""
AGAIN = "again"
"""The state of a message whose person was asked once more by a newer one."""
NEWER = "a newer change says it"


def edit_unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Say which changes are no longer wanted and why: the guard."""
    methods = ContactMethod.objects.in_bulk([message.content.get("method") or 0 for message in messages])
    newest = edits_of([message.subject_id for message in messages])
    reasons = {message.pk: _unwanted(message, methods, newest) for message in messages}
    return {pk: reason for pk, reason in reasons.items() if reason}


def _unwanted(message: Message, methods: dict[int, ContactMethod], newest: dict[int, Edited]) -> str:
    id_ = message.content.get("method")
    if id_ is not None and id_ not in methods:
        return words.REMOVED
    return NEWER if newest[message.content["original"]].pk > message.pk else ""


@dataclass(frozen=True, slots=True)
class Edited:
    """The latest change of a message: its id, the state it says ("" as at first), and how many there were."""

    pk: int
    state: str
    count: int


def edits_of(page_ids: Sequence[int]) -> dict[int, Edited]:
    """Give the latest change of each message of these pages, by the message's id, with one query."""
    found: dict[int, Edited] = {}
    edits = Message.objects.filter(client=EDIT, subject_id__in=page_ids).order_by("pk")
    for pk, original, state in edits.values_list("pk", "content__original", "content__state"):
        before = found.get(original)
        found[original] = Edited(pk, state, before.count + 1 if before else 1)
    return found


def edit_content(message: Message) -> Content:
    """Give what a message of a page says as things stand now."""
    related = [f"escalation__{path}" for path in (*RELATED, "alert__resolved_by", "acknowledged_by")]
    page = Page.objects.select_related("escalation", "user", *related).get(pk=message.subject_id)
    if message.content["state"] == AGAIN:
        return _said(page, "over", "Asked again", "Answer the newer message.")
    return _content(page)


def _content(page: Page) -> Content:
    escalation = page.escalation
    if escalation is None:
        return _said(page, "acknowledged", "It reached you", "")
    if page.status == PageStatus.DECLINED:
        return _said(page, "over", "You declined", page.answer)
    if page.status == PageStatus.ACKNOWLEDGED and escalation.status in paging.WAITING:
        return _said(page, "acknowledged", "You acknowledged", f"{escalation.acks_said}.")
    if escalation.status == EscalationStatus.ESCALATING and page.ended_at is None:
        return as_things_stand(page)
    return _said(page, *_change(escalation, zone=_zone(page)))


_OPEN = {
    EscalationStatus.ESCALATING: ("open", "Passed on", "Others are asked now. You can still take it."),
    EscalationStatus.EXHAUSTED: ("open", "Nobody answered", "Everybody was asked. You can still take it."),
    EscalationStatus.SNOOZED: ("over", "Snoozed", "Nobody is asked until that is over."),
}


def _zone(page: Page) -> str:
    return page.user.time_zone if page.user else "UTC"


def _change(escalation: Escalation, *, zone: str) -> tuple[str, str, str]:
    """What became of it: a word for programs, one for people, and what to know beside it."""
    status = EscalationStatus(escalation.status)
    if status in _OPEN:
        return _OPEN[status]
    if status == EscalationStatus.ACKNOWLEDGED:
        by, at = escalation.acknowledged_by, escalation.acknowledged_at
        since = f"{by} has it since {words.moment(at, zone=zone)}. " if by and at else ""
        return "acknowledged", _by("Acknowledged", by), f"{since}Nobody else is asked."
    alert = escalation.alert
    if alert is not None and alert.status == AlertStatus.RESOLVED:
        return "resolved", _by("Resolved", alert.resolved_by), ""
    return "over", "Over", "Nobody is asked any more."


def _by(done: str, by: User | None) -> str:
    return f"{done} by {by}" if by else done


def _said(page: Page, state: str, head: str, more: str) -> Content:
    said = told_of(page, notice(page.escalation, at=now())) if page.escalation else words.trial()
    said = replace(said, url=link_of(page), zone=_zone(page))
    is_closed = said.private and page.destination_id is not None
    line = words.shortened(f"{head}: {'it is private now' if is_closed else words.headline(said)}")
    text = "\n\n".join(filter(None, [line, words.facts(said), more, f"Open: {said.url}"]))
    data = {**words.data(said, page_id=page.pk), "state": state}
    is_open = state == "open"
    code, token = tokens.answers(page) if is_open else ("", "")
    room = tokens.room(page) if is_open and not is_closed else ""
    return Content(line, text, url=said.url, data=data, code=code, token=token, room=room)


def state_of(message: Message, page: Page) -> str:
    """Name what a page, read with its escalation, is, "" while that is what its message said at first."""
    escalation = page.escalation
    if escalation is None:
        return page.status if page.status == PageStatus.ACKNOWLEDGED else ""
    is_waiting = escalation.status == EscalationStatus.ESCALATING and escalation.epoch == message.epoch
    if is_waiting and page.status not in (PageStatus.DECLINED, PageStatus.ACKNOWLEDGED):
        return ""
    acks = f"-{len(escalation.acks)}" if escalation.acks else ""
    return f"{escalation.epoch}-{escalation.status}-{page.status}{acks}"
