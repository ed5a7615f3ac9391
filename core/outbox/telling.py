"""Tell the clients what became of their messages, again where they did not hear it."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import connection, transaction

from core.events import bus
from core.outbox import registry
from core.outbox.events import MessageLost
from core.outbox.models import Message, State
from core.outbox.registry import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

log = logging.getLogger(__name__)


def tell_of_ends(outcomes: Sequence[Outcome]) -> None:
    """Tell the clients, in a transaction of its own, of ends that are noted as untold."""
    with transaction.atomic():
        untold = tell(outcomes)
        _forget(set(ended_ids(outcomes)) - set(untold))


def outcome_of(message: Message, state: str, detail: str, *, fallback: bool = False) -> Outcome:
    """What its client is told of a message."""
    return Outcome(
        message_id=message.pk,
        client=message.client,
        subject_id=message.subject_id,
        epoch=message.epoch,
        user_id=message.user_id,
        channel=message.channel,
        state=str(state),
        detail=detail,
        fallback_wanted=fallback,
        content=message.content,
    )


def tell(outcomes: Sequence[Outcome]) -> list[int]:
    """Tell each client what became of its messages; give the ids of ended ones whose client did not hear it.

    A listener that raises undoes nobody's record and holds up no other.
    """
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in sorted(outcomes, key=lambda outcome: (outcome.subject_id, outcome.message_id)):
        groups[outcome.client].append(outcome)
    return ended_ids([outcome for name, group in groups.items() for outcome in _untold(name, group)])


def ended_ids(outcomes: Sequence[Outcome]) -> list[int]:
    return [outcome.message_id for outcome in outcomes if outcome.state != "retrying"]


def _untold(name: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
    client = registry.client(name)
    if client is None or _heard(client, outcomes):
        return []
    return [outcome for outcome in outcomes if not _heard(client, [outcome])]


def _heard(client: registry.Client, outcomes: Sequence[Outcome]) -> bool:
    try:
        with transaction.atomic():
            client.listener(outcomes)
    except Exception:  # the record of what was sent must stand
        if connection.needs_rollback:
            raise
        log.exception("the listener of %s failed on messages %s", client.name, _ids(outcomes))
        return False
    return True


def remember_untold(untold: Sequence[int]) -> None:
    """Note that the clients have yet to hear of these ends, so that they are told from ten seconds on."""
    if untold:
        with connection.cursor() as cursor:
            cursor.execute("update outbox_message set untold_at = now() where id = any(%s)", [list(untold)])


def _forget(told: Iterable[int]) -> None:
    Message.objects.filter(pk__in=list(told)).update(untold_at=None)


def raise_alarm(outcomes: Sequence[Outcome]) -> None:
    lost = [outcome for outcome in outcomes if outcome.state in {State.EXPIRED, State.UNKNOWN}]
    if not lost:
        return
    log.error("messages ended without a known arrival: %s", _ids(lost))
    bus.emit_all(
        [
            MessageLost(
                outcome.message_id,
                outcome.client,
                outcome.subject_id,
                outcome.user_id,
                outcome.channel,
                outcome.state,
                outcome.detail,
            )
            for outcome in lost
        ]
    )


def _ids(outcomes: Sequence[Outcome]) -> list[int]:
    return [outcome.message_id for outcome in outcomes]


UNTOLD = """
select 1 from outbox_message where untold_at < now() - interval '10 seconds' and state <> 'bundled'"""


def tell_again(*, limit: int = 50) -> int:
    """Tell listeners what they failed to hear, ten seconds after each failure; give how many heard it."""
    with transaction.atomic():
        due = list(
            Message.objects.raw(
                "select * from outbox_message where untold_at < now() - interval '10 seconds'"
                " and state <> 'bundled' order by untold_at, id limit %s for update skip locked",
                [limit],
            )
        )
        heard = [message.pk for message in due if _heard_again(message)]
        remember_untold([message.pk for message in due if message.pk not in heard])
        _forget(heard)
    return len(heard)


def _heard_again(message: Message) -> bool:
    client = registry.client(message.client)
    fallback = message.state in {State.FAILED, State.UNKNOWN, State.NO_RECEIPT}
    return client is None or _heard(
        client, [outcome_of(message, message.state, message.error, fallback=fallback)]
    )
