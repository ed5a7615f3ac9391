"""Pages one by one: what one is about, who holds it, and whether it is still wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from core.outbox.models import Message
from core.outbox.registry import Content
from oncall.paging import tokens
from oncall.paging.models import Page, PageStatus
from oncall.paging.queries.names import CLIENT, WAITING, channel_name

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.paging.models import PageQuerySet


def messages_of(page_ids: Sequence[int]) -> dict[int, list[Message]]:
    """Give the messages of pages that are not in the history yet, oldest first, with one query."""
    found: defaultdict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(client=CLIENT, subject_id__in=page_ids).order_by("id"):
        found[message.subject_id].append(message)
    return found


def is_current(page: Page) -> bool:
    """Say whether a page, read with its escalation, still waits for somebody to take it."""
    escalation = page.escalation
    return escalation is not None and escalation.status in WAITING and escalation.epoch == page.epoch


def topics(page: Page) -> list[str]:
    """Name the live topics that show a page, read with its escalation."""
    found = [f"page-{page.pk}"] + ([f"home-{page.user_id}"] if page.user_id else [])
    if page.escalation and page.escalation.alert_id:
        found.append(f"alert-{page.escalation.alert_id}")
    if page.escalation and page.escalation.incident_id:
        found.append(f"incident-{page.escalation.incident_id}")
    if page.escalation and page.escalation.by_hand:
        found.append(f"byhand-{page.escalation_id}")
    return found


def page(pk: int) -> Page | None:
    """Give a page with its person and what it is about."""
    related = ("user", "escalation__alert__incident", "escalation__incident")
    return Page.objects.select_related(*related).filter(pk=pk).first()


def decliners(escalation_ids: Collection[int]) -> dict[int, set[int]]:
    """Give who has declined each of these escalations, with one query."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    said_no = Page.objects.filter(
        escalation__in=escalation_ids, status=PageStatus.DECLINED, user__isnull=False
    )
    for escalation_id, user_id in said_no.values_list("escalation_id", "user_id"):
        found[escalation_id].add(user_id)
    return found


def sent_by(page: Page) -> str:
    """Name the channel that took a page first, "" where none did."""
    sent = Message.objects.filter(client=CLIENT, subject_id=page.pk, state__in=("accepted", "delivered"))
    first = sent.order_by("ended_at", "id").first()
    return channel_name(first.channel) if first else ""


def by_token(token: str) -> Page | None:
    """Give the page that an address on a phone is for, None where the address was not made here."""
    claim = tokens.parse(token)
    return _claimed(claim).first() if claim else None


def by_room_token(token: str) -> Page | None:
    """Give the page that a button in a channel is for, None where it was not made here or the channel is gone."""
    claim = tokens.parse_room(token)
    if claim is None:
        return None
    return _claimed(claim).select_related("destination").filter(destination__isnull=False).first()


def _claimed(claim: tokens.Claim) -> PageQuerySet:
    return Page.objects.select_related(
        "user",
        "escalation__alert__service__team",
        "escalation__alert__integration",
        "escalation__alert__incident__severity",
        "escalation__incident__severity",
        "escalation__acknowledged_by",
        "escalation__started_by",
    ).filter(pk=claim.id, nonce=claim.nonce)


def stored(message: Message) -> Content:
    """Give a message's words as they were written."""
    said = message.content
    return Content(
        str(said["subject"]), str(said["text"]), url=str(said.get("url", "")), data=said.get("data", {})
    )


def waiting_for(user: User) -> QuerySet[Page]:
    """Give the pages that still wait for a person, the newest first."""
    return (
        Page.objects.open()
        .select_related("escalation__alert__service", "escalation__incident")
        .filter(user=user, escalation__status__in=WAITING)
        .order_by("-id")
    )
