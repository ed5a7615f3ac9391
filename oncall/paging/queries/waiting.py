"""Pages that come together: at the end of quiet hours, or in the digest of a storm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Now

from core.outbox import bundling
from core.outbox.models import Message
from oncall.paging import tokens
from oncall.paging.models import Page
from oncall.paging.queries.names import CLIENT, HELD

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from oncall.paging.models import PageQuerySet


def held_pages(user_id: int) -> QuerySet[Page]:
    """Give the pages that wait for the end of somebody's quiet hours, with what their words need."""
    related = ("user", "escalation__alert__service", "escalation__alert__incident__severity")
    found = Page.objects.open().select_related(
        *related, "escalation__incident__severity", "escalation__started_by"
    )
    return found.filter(user=user_id, held_until__gt=Now(), sent_at=None).order_by("pk")


def held_for(message: Message) -> list[Page]:
    """Give the pages that a message at the end of quiet hours brings and that nobody was asked about yet."""
    related = ("user", "escalation__alert__service", "escalation__alert__incident__severity")
    return list(
        Page.objects.open()
        .select_related(*related, "escalation__incident__severity", "escalation__started_by")
        .filter(user=message.subject_id, held_until=message.content["until"])
        .order_by("pk")
    )


def held_siblings(message: Message) -> QuerySet[Message]:
    """Give the other messages for the same end of the same person's quiet hours."""
    own = Message.objects.filter(client=HELD, subject_id=message.subject_id, user=message.user_id)
    return own.filter(content__until=message.content["until"]).exclude(pk=message.pk)


def bundled(digest: Message) -> PageQuerySet:
    """Give the pages that went to their person, or to a channel, in one digest."""
    first = digest.content.get("digest")
    return Page.objects.filter(pk__in=bundling.inside(first or digest).values("subject_id"))


def digest_by_token(token: str) -> Message | None:
    """Give the digest that an address on a phone is for, with its person; None where it was not made here."""
    claim = tokens.parse_digest(token)
    if claim is None:
        return None
    client = CLIENT + bundling.SUFFIX
    found = Message.objects.select_related("user").filter(client=client, pk=claim.id)
    return next((one for one in found if tokens.digest_nonce(one) == claim.nonce), None)


def digest_of_channel(pk: int) -> Message | None:
    """Give the digest that told a channel of a storm, None where there is none of that number."""
    return Message.objects.filter(client=CLIENT + bundling.SUFFIX, pk=pk, user=None).first()
