"""What texts and calls cost, and a day's limit, past which they carry only what must not be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.outbox.models import Message

PAID = ("sms", "voice")
"""Channels of which each message costs something."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was sent within 24 hours, and for how much, by the operator's own prices."""

    texts: int
    calls: int

    @property
    def cost(self) -> Decimal:
        """The sum of both."""
        return self.texts * price("sms") + self.calls * price("voice")


def price(channel: str) -> Decimal:
    """What one message costs; nothing on most channels."""
    known: dict[str, Decimal] = {"sms": settings.SMS_PRICE, "voice": settings.VOICE_PRICE}
    return known.get(channel, Decimal())


# Every try that may have arrived is paid for. The channels stand there as they do in the index.
_SPENT = """
select channel, sum(unknown_outcomes + (state in ('sending', 'accepted', 'delivered', 'no_receipt')
        or state = 'failed' and provider_id <> '')::int)
from outbox_message
where channel in ('sms', 'voice') and taken_at > now() - interval '1 day' and id <> all(%s)
group by channel
"""


def spent(*, but: Collection[int] = ()) -> Spent:
    """Give what was sent within 24 hours, leaving some messages out."""
    with connection.cursor() as cursor:
        cursor.execute(_SPENT, [list(but)])
        tries = {channel: int(count) for channel, count in cursor.fetchall()}
    return Spent(tries.get("sms", 0), tries.get("voice", 0))


def is_over() -> bool:
    """Whether the day's limit is reached."""
    return settings.SPEND_LIMIT > 0 and spent().cost >= settings.SPEND_LIMIT


def too_much(messages: Sequence[Message], *, urgent: Collection[int]) -> set[int]:
    """Give which of these messages the day's limit has no room for; never an urgent one, but it takes room.

    One statement where a limit is set and one of them costs something and is not urgent, else none.
    """
    paid = [message for message in messages if price(message.channel)]
    waiting = [message for message in paid if message.pk not in urgent]
    if not settings.SPEND_LIMIT or not waiting:
        return set()
    left = settings.SPEND_LIMIT - spent(but=[message.pk for message in paid]).cost
    left -= sum((price(message.channel) for message in paid if message.pk in urgent), Decimal())
    found = set()
    for message in waiting:
        if price(message.channel) > left:
            found.add(message.pk)
        else:
            left -= price(message.channel)
    return found
