"""The one message at the end of quiet hours: whether it is still wanted, and what it says."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from core.outbox import spending
from core.outbox.registry import Content
from oncall.escalation.queries.notices import as_things_stand, attention, incident_of, title
from oncall.paging import queries as paging
from oncall.paging import rules as words
from oncall.paging import tokens
from oncall.paging.models import ContactMethod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.outbox.models import Message
    from oncall.paging.models import Page

MOST = 50
"""So many pages are listed; the rest is counted."""


def held_unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Say which messages at the end of quiet hours are no longer wanted and why: the guard."""
    wanted = [message.content.get("method") for message in messages]
    methods = ContactMethod.objects.in_bulk([id_ for id_ in wanted if id_ is not None])
    reasons = {message.pk: _unwanted(message, methods) for message in messages}
    wanted_still = [message for message in messages if not reasons[message.pk]]
    reasons |= dict.fromkeys(spending.too_much(wanted_still, urgent=()), words.CAPPED)
    return {pk: reason for pk, reason in reasons.items() if reason}


def _unwanted(message: Message, methods: dict[int, ContactMethod]) -> str:
    if not _waiting(message):
        return "nothing waits any more"
    id_ = message.content.get("method")
    if id_ is None:
        return ""
    if id_ not in methods:
        return words.REMOVED
    return "" if methods[id_].is_enabled else words.DISABLED


def _waiting(message: Message) -> list[Page]:
    """The pages that still need somebody."""
    held = paging.held_for(message)
    return [
        page
        for page in held
        if page.escalation and paging.is_current(page) and not attention(page.escalation)
    ]


def held_content(message: Message) -> Content:
    """Give what it says: the page itself where only one waited, else all of them with their links."""
    pages = _waiting(message)
    if len(pages) == 1:
        return as_things_stand(pages[0])
    if not pages:
        return paging.stored(message)
    over = any(page.over_limit for page in pages)
    what = "the morning" if over else "the end of your quiet hours"
    head = f"{len(pages)} pages of low urgency waited for {what}"
    lines = [(_title(page), tokens.url(page)) for page in pages[:MOST]]
    more = [f"And {len(pages) - MOST} more."] if len(pages) > MOST else []
    text = "\n\n".join([f"{head}.", *(f"{what}\n{url}" for what, url in lines), *more])
    items = "".join(f'<li><a href="{escape(url)}">{escape(what)}</a></li>' for what, url in lines)
    html = f"<h1>{head}</h1><ul>{items}</ul>{''.join(f'<p>{line}</p>' for line in more)}"
    return Content(head, text, html, "", {"type": "pages", "pages": [str(page.pk) for page in pages]})


def _title(page: Page) -> str:
    escalation = page.escalation
    assert escalation is not None  # noqa: S101 - a test page never waits
    incident = incident_of(escalation)
    return "You are being paged" if incident is not None and incident.private else title(escalation)


def page_content(page: Page) -> dict[str, Any]:
    """Give what a page has to say at this moment, as it is stored with a message."""
    said = as_things_stand(page)
    return {
        "subject": said.subject,
        "text": said.text,
        "html": said.html,
        "url": said.url,
        "data": said.data,
        "thread": said.thread,
    }
