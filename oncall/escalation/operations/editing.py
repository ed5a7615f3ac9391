"""Say on messages in chats what became of their pages: each is changed where it stands, so nobody is called again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from core.channels import registry as channels
from core.outbox import operations as outbox
from core.outbox.models import Lane, Message, State
from oncall.escalation import queries
from oncall.escalation.queries import AGAIN, DIGEST_EDIT, EDIT
from oncall.paging import addresses
from oncall.paging import queries as paging
from oncall.paging.models import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.outbox.registry import Outcome

GOOD = (State.ACCEPTED, State.DELIVERED)
KEEP_TRYING_SECONDS = 6 * 3600
DIGEST_TURN_SECONDS = 10
SETTLED_SECONDS = 2
"""So much later than its turn a change goes out: what ends a moment after it is in it."""

EDITS_DUE = "select 1 from oncall_escalation where edits_due"
_DUE = """
with due as (select id from oncall_escalation where edits_due order by id limit %s for update skip locked)
update oncall_escalation as e set edits_due = false from due where e.id = due.id
returning e.id
"""


def edit_due(limit: int = 100) -> int:
    """Promise changes of the messages about escalations that have changed; give how many were looked at."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [limit])
            ids = sorted(row[0] for row in cursor.fetchall())
        if ids:
            pages = Page.objects.select_related("escalation").filter(escalation__in=ids).order_by("pk")
            _change({page.pk: page for page in pages})
            _change_digests([page.pk for page in pages if page.destination_id is not None])
    return len(ids)


def edit_test(page: Page) -> None:
    """Promise a change of the messages of a test page that was answered."""
    with transaction.atomic():
        _change({page.pk: Page.objects.get(pk=page.pk)})


def _change(pages: dict[int, Page]) -> None:
    sent, edited = _editable(pages), queries.edits_of(list(pages))
    last = {_place(pages, message): message.pk for message in sent}
    edits = []
    for message in sent:
        is_last = last[_place(pages, message)] == message.pk
        state = queries.state_of(message, pages[message.subject_id]) if is_last else AGAIN
        before = edited.get(message.pk)
        if state != (before.state if before else ""):
            edits.append(_edit(message, state, name=str(before.count + 1 if before else 1)))
    outbox.put(edits)


_DIGESTS = """
select distinct on (first) coalesce(digest.bundle_of_id, digest.id) as first, digest.*, extract(epoch from now()) as at
from outbox_message as message join outbox_message as digest on digest.id = message.bundle_of_id
where message.client = %s and message.subject_id = any(%s) and message.state = 'bundled' and digest.user_id is null
    and digest.state in ('accepted', 'delivered') and digest.provider_id <> ''
order by first, digest.id desc"""


def _change_digests(told: Sequence[int]) -> None:
    """Promise that what channels were told of a storm says what became of it: one change in ten seconds, however many."""
    if not told:
        return
    digests = Message.objects.raw(_DIGESTS, [paging.CLIENT, list(told)])
    outbox.put(
        [
            _digest_edit(each, first=vars(each)["first"], at=float(vars(each)["at"]))
            for each in digests
            if channels.can_edit(each.channel, addresses.plain(each.address))
        ]
    )


def _digest_edit(digest: Message, *, first: int, at: float) -> outbox.NewMessage:
    """The change at the end of this turn, after everything that belongs to it; its words are made when it goes out."""
    turn = int(at // DIGEST_TURN_SECONDS) + 1
    return outbox.NewMessage(
        key=f"digest-edit-{first}-{turn}",
        client=DIGEST_EDIT,
        subject_id=first,
        lane=Lane.PEOPLE,
        channel=digest.channel,
        address=digest.address,
        secret=digest.secret,
        provider_id=digest.provider_id,
        delay_seconds=turn * DIGEST_TURN_SECONDS - at + SETTLED_SECONDS,
        not_after_seconds=KEEP_TRYING_SECONDS,
        content={**_changed(), "digest": first},
    )


def _place(pages: dict[int, Page], message: Message) -> tuple[int | None, str, str]:
    return pages[message.subject_id].escalation_id, message.channel, message.address


def _editable(page_ids: Iterable[int]) -> list[Message]:
    """The messages of pages that arrived where they can be changed, oldest first."""
    found = Message.objects.filter(
        client=paging.CLIENT,
        subject_id__in=list(page_ids),
        channel__in=channels.editing(),
        state__in=GOOD,
        provider_id__gt="",
    ).order_by("pk")
    return [m for m in found if channels.can_edit(m.channel, addresses.plain(m.address))]


def _edit(message: Message, state: str, *, name: str) -> outbox.NewMessage:
    """The change of a message; the same one is promised once. Its words are made when it goes out."""
    return outbox.NewMessage(
        key=f"edit-{message.pk}-{name}",
        client=EDIT,
        subject_id=message.subject_id,
        lane=Lane.PEOPLE,
        channel=message.channel,
        address=message.address,
        secret=message.secret,
        user_id=message.user_id,
        epoch=message.epoch,
        provider_id=message.provider_id,
        not_after_seconds=KEEP_TRYING_SECONDS,
        content={
            **_changed(),
            "method": message.content.get("method"),
            "original": message.pk,
            "state": state,
        },
    )


def _changed() -> dict[str, str]:
    return {
        "subject": "This has changed",
        "text": f"This has changed. Open Watchbill: {settings.BASE_URL}",
    }


def hear_edit(outcomes: Sequence[Outcome]) -> None:
    """Change a message once more where an older change may have arrived after a newer one."""
    done = Message.objects.filter(
        pk__in=[outcome.message_id for outcome in outcomes if outcome.state in GOOD], client=EDIT
    )
    edits = list(done)
    newest = queries.edits_of([edit.subject_id for edit in edits])
    overtaken = [edit for edit in edits if newest[edit.content["original"]].pk > edit.pk]
    originals = Message.objects.in_bulk([edit.content["original"] for edit in overtaken])
    outbox.put(
        [
            _edit(
                originals[edit.content["original"]],
                newest[edit.content["original"]].state,
                name=f"after-{edit.pk}",
            )
            for edit in overtaken
        ]
    )
