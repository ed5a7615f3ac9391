"""What is promised to the outbox for a page: its words, and by which method they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.paging import queries, rules, tokens

if TYPE_CHECKING:
    from oncall.paging.models import Page
    from oncall.paging.rules import Notice

LANES = {"high": Lane.CRITICAL, "low": Lane.PAGES}


def content_of(notice: Notice, page: Page, *, thread: str = "") -> dict[str, Any]:
    words = rules.compose(notice)
    code, token = tokens.answers(page)
    return {
        "subject": words.subject,
        "text": words.text,
        "html": words.html,
        "url": notice.url,
        "data": rules.data(notice, page_id=page.pk),
        "thread": thread,
        "code": code,
        "token": token,
        "room": tokens.room(page),
    }


def held_messages(page: Page, sends: Sequence[rules.Send], *, at: datetime) -> list[outbox.NewMessage]:
    """Give the messages that bring all pages which wait for the same end of quiet hours or night; the first makes them."""
    assert page.held_until is not None  # noqa: S101 - only pages that wait come here
    until = page.held_until.astimezone(UTC)
    head = f"Pages waited for {'the morning' if page.over_limit else 'the end of your quiet hours'}"
    return [
        outbox.NewMessage(
            key=f"held-{page.user_id}-{until:%Y%m%dT%H%M%S}-{send.method.name}-{send.delay_seconds}",
            client=queries.HELD,
            subject_id=page.user_id or 0,
            lane=Lane.PAGES,
            channel=send.method.channel,
            address=send.method.address,
            secret=send.method.secret,
            user_id=page.user_id,
            content={
                "subject": head,
                "text": f"{head}: {settings.BASE_URL}/alerts/",
                "method": send.method.id,
                "until": until.isoformat(),
            },
            delay_seconds=(until - at).total_seconds() + send.delay_seconds,
        )
        for send in sends
    ]


def message(
    page: Page,
    send: rules.Send,
    content: dict[str, Any],
    *,
    key: str,
    may_bundle: bool,
    late: timedelta = timedelta(),
    wait: timedelta = timedelta(),
    fallback_of: int | None = None,
) -> outbox.NewMessage:
    """Give the message that brings a page by one method; `key` is told to the receiver on every resend.

    `wait` is for how long the whole page waits for somebody in front.
    """
    method = send.method
    return outbox.NewMessage(
        key=key,
        client=queries.CLIENT,
        subject_id=page.pk,
        lane=LANES[page.urgency] if page.user_id or not page.destination_id else Lane.PAGES,
        channel=method.channel,
        address=method.address,
        secret=method.secret,
        user_id=page.user_id,
        content={**content, "method": method.id, "destination": page.destination_id},
        epoch=page.epoch,
        delay_seconds=send.delay_seconds + wait.total_seconds(),
        fallback_of_id=fallback_of,
        may_bundle=may_bundle,
        late_seconds=late.total_seconds(),
    )
