"""Which page an answer is about: proven by the way it came, never by what it claims."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q, Value
from django.db.models.functions import Now

from core.accounts.models import User
from core.outbox.models import Message
from oncall.paging import addresses, tokens
from oncall.paging import queries as paging
from oncall.paging.models import OPEN, ContactMethod, Page

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST = 200
GOOD_FOR = timedelta(hours=24)
"""So long a code means its page, and longer while it waits for its person."""
RELATED = ("user", "escalation__alert", "escalation__incident", "escalation__acknowledged_by")


def has_number(number: str) -> bool:
    """Say whether somebody receives pages at a number."""
    return _at(number).exists()


def by_code(number: str, code: str) -> Page | None:
    """Give the page with this code of a person who is paged at this number, None where there is none (any more)."""
    alive = Q(status__in=OPEN, ended_at=None) | Q(created_at__gt=Now() - Value(GOOD_FOR))
    pages = _pages().filter(alive, user__in=_at(number).values("user")).order_by("-id")[:MOST]
    return next((page for page in pages if tokens.is_reply_code(code, page)), None)


def by_message(key: str, channel: str) -> Page | None:
    """Give the page that a message brought by this channel."""
    message = Message.objects.filter(key=key, channel=channel, client=paging.CLIENT).first()
    return _pages().filter(pk=message.subject_id).first() if message else None


def by_token(token: str) -> Page | None:
    """Give the page that a token is for."""
    return paging.by_token(token)


def by_room(token: str, channel: str) -> Page | None:
    """Give the page that a button in a room is for, pressed in the chat in which that room is."""
    page = paging.by_room_token(token)
    room = page.destination if page else None
    return page if room is not None and room.channel == channel else None


def linked(channel: str, account: str) -> User | None:
    """Give the one person who is paged at an account of a chat, None where it is nobody's or several people's."""
    people = list(
        User.objects.filter(contact_methods__in=_at(account, channel)).distinct().order_by("pk")[:2]
    )
    return people[0] if len(people) == 1 else None


def is_visible(page: Page, viewer: User) -> bool:
    """Say whether a person may know of what a page is about."""
    return Page.objects.visible_to(viewer).filter(pk=page.pk).exists()


def is_at(page: Page, channel: str, account: str) -> bool:
    """Say whether the person of a page is paged at this account of a chat."""
    return page.user_id is not None and _at(account, channel).filter(user=page.user_id).exists()


def _at(address: str, channel: str = "sms") -> QuerySet[ContactMethod]:
    return addresses.methods_at(channel, address).filter(
        is_enabled=True, verified_at__isnull=False, user__is_active=True
    )


def _pages() -> QuerySet[Page]:
    return Page.objects.select_related(*RELATED).filter(user__is_active=True)
