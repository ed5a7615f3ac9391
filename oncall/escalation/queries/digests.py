"""What a digest says: how many pages of a storm wait for a person, of which services; or what a channel was told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404
from django.urls import reverse

from core.outbox.registry import Content
from oncall.alerts.models import Alert
from oncall.escalation.queries.notices import title
from oncall.paging import queries as paging
from oncall.paging import rules as words
from oncall.paging import tokens
from oncall.paging.rules import Digest

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User
    from core.outbox.models import Message
    from oncall.alerts.models import AlertQuerySet
    from oncall.paging.models import PageQuerySet

TITLES, TITLES_FOR_A_CHANNEL = 5, 20
RELATED = ("escalation__alert__service", "escalation__incident", "escalation__started_by")
DIGEST_EDIT = "oncall.digest_edit"
"""Changes to what a channel was told of a storm; its content names the first message of it."""


def digest(message: Message) -> Content:
    """Give what a digest says of the pages in it that still wait; private incidents are counted, never named."""
    if message.user_id is None:
        return _for_channel(message)
    waiting = paging.bundled(message).open().filter(escalation__status__in=paging.WAITING)
    public = _public(waiting)
    said = Digest(
        count=_count(waiting),
        services=_services(public),
        titles=_titles(public, TITLES),
        url=tokens.digest_url(message),
    )
    return _content(said)


def _for_channel(message: Message) -> Content:
    """What a channel is told of a storm, with what became of it; what is private is not even counted."""
    first = message.content.get("digest") or message.bundle_of_id or message.pk
    told = paging.bundled(message)
    room = next((page.destination for page in told.select_related("destination")[:1]), None)
    told = told if room is not None and room.hears_private else _public(told)
    return _content(
        Digest(
            count=_count(told),
            services=_services(told),
            titles=_titles(told, TITLES_FOR_A_CHANNEL),
            url=settings.BASE_URL + reverse("oncall:told-together", args=[first]),
            waiting=_count(told.filter(escalation__status__in=paging.WAITING)),
        )
    )


def _content(said: Digest) -> Content:
    text = words.compose_digest(said)
    return Content(text.subject, text.text, text.html, said.url, words.digest_data(said))


def told_together(viewer: User | AnonymousUser, pk: int) -> AlertQuerySet:
    """Give the alerts that a channel was told of together, as far as a person may know of them; 404 for no such message."""
    message = paging.digest_of_channel(pk)
    if message is None:
        raise Http404
    pages = paging.bundled(message).values("escalation__alert")
    return Alert.objects.visible_to(viewer).filter(pk__in=pages).select_related("service").order_by("-pk")


def _public(pages: PageQuerySet) -> PageQuerySet:
    private = Q(escalation__incident__private=True) | Q(escalation__alert__incident__private=True)
    return pages.exclude(private)


def _count(pages: PageQuerySet) -> int:
    return int(pages.aggregate(n=Count("escalation", distinct=True))["n"])


def _services(pages: PageQuerySet) -> tuple[tuple[str, int], ...]:
    name = "escalation__alert__service__name"
    rows = pages.exclude(**{name: None}).values_list(name)
    return tuple(rows.annotate(n=Count("escalation", distinct=True)).order_by("-n", name))


def _titles(pages: PageQuerySet, most: int) -> tuple[str, ...]:
    newest = pages.select_related(*RELATED).order_by("-pk")[:most]
    return tuple(dict.fromkeys(title(page.escalation) for page in newest if page.escalation))
