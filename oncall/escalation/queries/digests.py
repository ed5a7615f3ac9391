"""What a digest says: how many pages of a storm wait for a person, of which services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Q

from core.outbox.registry import Content
from oncall.escalation.queries.notices import title
from oncall.paging import queries as paging
from oncall.paging import rules as words
from oncall.paging import tokens
from oncall.paging.rules import Digest

if TYPE_CHECKING:
    from core.outbox.models import Message
    from oncall.paging.models import PageQuerySet

TITLES = 5
RELATED = ("escalation__alert__service", "escalation__incident", "escalation__started_by")


def digest(message: Message) -> Content:
    """Give what a digest says of the pages in it that still wait; private incidents are counted, never named."""
    waiting = paging.bundled(message).open().filter(escalation__status__in=paging.WAITING)
    said = Digest(
        count=waiting.aggregate(n=Count("escalation", distinct=True))["n"],
        services=_services(waiting),
        titles=_titles(waiting),
        url=tokens.digest_url(message),
    )
    text = words.compose_digest(said)
    return Content(text.subject, text.text, text.html, said.url, words.digest_data(said))


def _public(waiting: PageQuerySet) -> PageQuerySet:
    private = Q(escalation__incident__private=True) | Q(escalation__alert__incident__private=True)
    return waiting.exclude(private)


def _services(waiting: PageQuerySet) -> tuple[tuple[str, int], ...]:
    name = "escalation__alert__service__name"
    rows = _public(waiting).exclude(**{name: None}).values_list(name)
    return tuple(rows.annotate(n=Count("escalation", distinct=True)).order_by("-n", name))


def _titles(waiting: PageQuerySet) -> tuple[str, ...]:
    newest = _public(waiting).select_related(*RELATED).order_by("-pk")[:TITLES]
    return tuple(dict.fromkeys(title(page.escalation) for page in newest if page.escalation))
