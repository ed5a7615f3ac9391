"""The ledger: who was paged, why, when, by what, and what became of each try."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Case, Count, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from core.outbox import history
from oncall.paging import addresses
from oncall.paging.models import Page
from oncall.paging.queries.names import CLIENT, MOST_SHOWN, channel_name
from oncall.paging.rules import Over

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User
    from core.outbox.models import Message
    from incidents.lifecycle.models import Incident
    from oncall.alerts.models import Alert
    from oncall.paging.models import PageQuerySet


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: when, and what came of it."""

    at: datetime
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a page: by which channel, to whom (masked), what became of it, and each attempt."""

    channel: str
    channel_name: str
    address_hint: str
    state: str
    due_at: datetime
    detail: str
    instead: bool
    attempts: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger."""

    page: Page
    deliveries: tuple[Delivery, ...]


def pages(viewer: User | AnonymousUser) -> PageQuerySet:
    """Give the pages that a person may know of, with what a line of the ledger shows."""
    found = Page.objects.visible_to(viewer).select_related(
        "user",
        "destination",
        "escalation__alert__incident",
        "escalation__incident",
        "escalation__policy",
        "escalation__started_by",
    )
    counted = {"recipients": _recipients()}
    return found.annotate(**counted)


def _recipients() -> Coalesce:
    """How many different people the level of a page asked in its pass; a test page asks its person alone."""
    place = {name: OuterRef(name) for name in ("escalation", "round", "level")}
    asked = Page.objects.filter(**place, user__isnull=False).exclude(over_limit=Over.PASSED_OVER)
    counted = asked.order_by().values("escalation").annotate(people=Count("user", distinct=True))
    return Coalesce(Subquery(counted.values("people")), Case(When(escalation=None, then=1), default=0))


def ledger(
    viewer: User | AnonymousUser,
    *,
    alert: Alert | None = None,
    incident: Incident | None = None,
    user: User | None = None,
    limit: int = MOST_SHOWN,
) -> list[Entry]:
    """Give the latest pages about an alert, an incident with its alerts, or to a person; newest first, three queries."""
    found = pages(viewer)
    if alert is not None:
        found = found.filter(escalation__alert=alert)
    if incident is not None:
        found = found.filter(Q(escalation__incident=incident) | Q(escalation__alert__incident=incident))
    if user is not None:
        found = found.filter(user=user)
    return entries(found.order_by("-id")[:limit])


def entries(found: Iterable[Page]) -> list[Entry]:
    """Give pages with their deliveries and attempts, two queries for all of them."""
    rows = list(found)
    lines = deliveries([page.pk for page in rows])
    return [Entry(page, lines.get(page.pk, ())) for page in rows]


def deliveries(page_ids: Sequence[int]) -> dict[int, tuple[Delivery, ...]]:
    """Give the deliveries of pages, oldest first, with two queries; what went in a digest has its attempts.

    What is over may lie in the history, and is given as well.
    """
    messages: defaultdict[int, list[Message]] = defaultdict(list)
    for message in history.messages(CLIENT, page_ids) if page_ids else ():
        messages[message.subject_id].append(message)
    tries = _tries([message.bundle_of_id or message.pk for own in messages.values() for message in own])
    return {
        page_id: tuple(
            _delivery(message, tries.get(message.bundle_of_id or message.pk, ())) for message in own
        )
        for page_id, own in messages.items()
    }


def _tries(message_ids: Sequence[int]) -> Mapping[int, Sequence[Try]]:
    found: defaultdict[int, list[Try]] = defaultdict(list)
    if message_ids:
        for attempt in history.attempts(message_ids):
            found[attempt.message_id].append(
                Try(attempt.started_at, attempt.outcome or "sending", attempt.detail)
            )
    return found


def _delivery(message: Message, tries: Sequence[Try]) -> Delivery:
    return Delivery(
        message.channel,
        channel_name(message.channel),
        addresses.hint(message.channel, message.address),
        message.state,
        message.due_at,
        message.error,
        message.fallback_of_id is not None,
        tuple(tries),
    )
