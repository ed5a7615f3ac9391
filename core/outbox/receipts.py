"""What providers say became of a message after they took it, and that they said nothing in time."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models.functions import Now

from core.outbox import rules, telling
from core.outbox.models import Attempt, Message, State

PROVIDER = "receipt"
MISSING = "the provider took it and did not say in time whether it arrived"
AT_ONCE = 50
DUE = "select 1 from outbox_message where state = 'accepted' and receipt_due_at <= {now}"
SOON = "select min(receipt_due_at) from outbox_message where state = 'accepted' and receipt_due_at > now()"


def record(key: str, *, channel: str, delivered: bool, detail: str) -> bool:
    """Note what the provider said of a message; False when that changes nothing, as when it is said twice.

    Its client is told in a transaction of its own: a listener may need a row that somebody holds who waits for
    this message.
    """
    state = State.DELIVERED if delivered else State.FAILED
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(key=key, channel=channel).first()
        if message is None or not rules.takes_receipt(
            message.state, delivered=delivered, attempts=message.attempts
        ):
            return False
        Message.objects.filter(pk=message.pk).update(
            state=state,
            error="" if delivered else detail,
            ended_at=Now(),
            untold_at=Now(),
            receipt_due_at=None,
            lease_token=None,
            lease_until=None,
            lease_owner="",
        )
        Attempt.objects.create(
            message=message,
            n=message.attempts,
            worker=PROVIDER,
            finished_at=Now(),
            outcome=state,
            detail=detail[:500],
        )
    telling.tell_of_ends([telling.outcome_of(message, state, detail, fallback=not delivered)])
    return True


def is_named(key: str, *, channel: str, name: str) -> bool:
    """Say whether the provider knows the message with this key by this name."""
    known = Message.objects.filter(key=key, channel=channel).values_list("provider_id", flat=True).first()
    return bool(known) and hmac.compare_digest(str(known).encode(), name.encode())


def has_arrived(key: str) -> bool:
    """Say whether a message is known to have arrived."""
    return Message.objects.filter(key=key, state=State.DELIVERED).exists()


@dataclass(frozen=True, slots=True)
class Reported:
    """Of how many messages a provider said what became of them, and of how many it did not in time."""

    heard: int
    missing: int


_REPORTED = """
select channel, count(*) filter (where state = 'delivered' or state = 'failed' and provider_id <> ''),
    count(*) filter (where state = 'no_receipt')
from outbox_message
where channel in ('sms', 'voice') and taken_at > now() - interval '1 day'
group by channel
"""


def reported() -> dict[str, Reported]:
    """Give what was heard of the texts and calls of the last 24 hours."""
    with connection.cursor() as cursor:
        cursor.execute(_REPORTED)
        return {channel: Reported(heard, missing) for channel, heard, missing in cursor.fetchall()}


_MISS = """
with due as (
    select id from outbox_message where state = 'accepted' and receipt_due_at <= now()
    order by receipt_due_at, id limit %s for update skip locked
)
update outbox_message as message set
    state = 'no_receipt', error = %s, receipt_due_at = null, untold_at = now()
from due where message.id = due.id
returning message.*
"""


def miss_due() -> int:
    """Give up waiting for receipts that are overdue and ask the clients for another way; give their number."""
    missed = list(Message.objects.raw(_MISS, [AT_ONCE, MISSING]))
    if missed:
        telling.tell_of_ends(
            [telling.outcome_of(message, State.NO_RECEIPT, MISSING, fallback=True) for message in missed]
        )
    return len(missed)
