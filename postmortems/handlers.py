"""Reactions to what others say, and to the clock. Each is safe to run twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.events.bus import Meta, on
from core.outbox import registry as outbox
from core.timers import registry as timers
from incidents.events import Resolved
from postmortems.action_items import operations as action_items
from postmortems.action_items import queries as action_item_queries
from postmortems.reports import operations as reports
from postmortems.reports import queries as report_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.outbox.models import Message
    from core.timers.models import Timer


@on(Resolved)
def open_postmortem(fact: Resolved, meta: Meta) -> None:
    """Give a resolved incident its draft when its severity asks for one; never for a drill."""
    if fact.needs_postmortem and not fact.drill:
        reports.open_draft(fact.incident_id)


@timers.on(reports.REMINDER)
def remind(timer: Timer) -> None:
    """The postmortem is due: tell its author."""
    reports.remind(timer.subject_id, occurrence=timer.occurrence)


@timers.on(action_items.OVERDUE)
def tell_overdue(timer: Timer) -> None:
    """An action item passed its date: tell its owner."""
    action_items.tell_overdue(timer.subject_id, occurrence=timer.occurrence)


def _no_longer_due(messages: Sequence[Message]) -> Mapping[int, str]:
    done = report_queries.published([message.subject_id for message in messages])
    return {message.pk: "published meanwhile" for message in messages if message.subject_id in done}


def _no_longer_open(messages: Sequence[Message]) -> Mapping[int, str]:
    done = action_item_queries.ended([message.subject_id for message in messages])
    return {message.pk: "done meanwhile" for message in messages if message.subject_id in done}


def _render(message: Message) -> outbox.Content:
    content = message.content
    return outbox.Content(
        subject=content["subject"], text=f"{content['text']}\n\n{content['url']}\n", url=content["url"]
    )


def _heard(outcomes: Sequence[outbox.Outcome]) -> None:
    """A reminder that did not arrive needs nothing else: the list of overdue work shows the same."""


outbox.register(outbox.Client(reports.REMINDER, _no_longer_due, _render, _heard))
outbox.register(outbox.Client(action_items.OVERDUE, _no_longer_open, _render, _heard))
