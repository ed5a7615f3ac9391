"""The one message at the end of quiet hours: what it brings, and what became of it for every page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from core import clock, live
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Message, State
from oncall import events
from oncall.paging import queries
from oncall.paging.models import Page, PageStatus
from oncall.paging.operations.messages import held_messages, message
from oncall.paging.operations.outcomes import GOOD, is_failure

if TYPE_CHECKING:
    from core.outbox.registry import Outcome

ALIVE = (State.PENDING, State.SENDING)


def record_held(outcomes: Sequence[Outcome]) -> list[Page]:
    """Note which pages reached their people; give those that must go out one by one, because no message did it.

    Called in the transaction that records the outcomes; safe to run twice.
    """
    messages = Message.objects.in_bulk([outcome.message_id for outcome in outcomes])
    left: list[Page] = []
    for outcome in outcomes:
        message = messages.get(outcome.message_id)
        if message is None:
            continue
        if outcome.state in GOOD:
            _reached(message, outcome)
        elif outcome.state != "retrying" and is_failure(outcome):
            left += _left(message)
    return left


def _reached(message: Message, outcome: Outcome) -> None:
    brought = [page for page in queries.held_for(message) if page.sent_at is None]
    waiting = Page.objects.filter(pk__in=[page.pk for page in brought], status=PageStatus.PENDING)
    waiting.update(status=PageStatus.SENT, sent_at=Now())
    if brought:
        bus.emit_all([_fact(page, outcome.channel) for page in brought])
    live.changed(*{topic for page in brought for topic in queries.topics(page)})


def _fact(page: Page, channel: str) -> events.PageSent:
    escalation, incident_id = page.escalation, None
    if escalation is not None:
        of_alert = escalation.alert.incident_id if escalation.alert else None
        incident_id = escalation.incident_id or of_alert
    return events.PageSent(
        page.pk, page.user_id or 0, escalation.alert_id if escalation else None, incident_id, channel
    )


def _left(message: Message) -> list[Page]:
    """The pages of a message that failed, unless another one brings them or has."""
    if queries.held_siblings(message).filter(state__in=(*GOOD, *ALIVE)).exists():
        return []
    return [page for page in queries.held_for(message) if page.status == PageStatus.PENDING]


def rehold(page: Page, until: datetime | None, *, why: str, at: datetime) -> None:
    """Let a page that waits go on waiting until another end of quiet hours, None for no longer, and say so."""
    page.held_until, page.why = until, why[:500]
    page.save(update_fields=["held_until", "why"])
    person = queries.reachable({page.user_id} if page.user_id else set()).get(page.user_id or 0)
    way = queries.way_to(person, urgency=page.urgency, at=at)
    if until is not None:
        outbox.put(held_messages(page, way.sends, at=at))
    live.changed(*queries.topics(page))


def send_held(page: Page, content: dict[str, Any]) -> bool:
    """Send a page that waited the ordinary way, by each of its person's rules; False where there is no way."""
    person = queries.reachable({page.user_id} if page.user_id else set()).get(page.user_id or 0)
    sends = queries.way_to(person, urgency=page.urgency, at=clock.now()).sends
    outbox.put(
        [
            message(page, send, content, key=f"page-{page.pk}-{n}", may_bundle=True)
            for n, send in enumerate(sends)
        ]
    )
    return bool(sends)
