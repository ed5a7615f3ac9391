"""The limit of pages per night: set it, count under a lock, and promise the report of a night that was too much."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import connection, transaction

from core import live
from core.errors import Refused
from core.events import bus
from core.timers import operations as timers
from oncall import events
from oncall.nights import rules
from oncall.nights.models import NightLimit

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.nights.rules import Night

REPORT = "oncall.night_report"
"""The promise to tell of a person's night in the morning; its subject is the person, its occurrence the night."""
_CLASS = 7021
"""The first half of the key of each person's advisory lock."""
_LOCK = """
select pg_advisory_xact_lock(%s, (id %% 2147483647)::int) from (select unnest(%s::bigint[]) as id order by 1) as people
"""


class TooMany(Refused):
    def __init__(self) -> None:
        super().__init__(f"The limit is a number from 0 to {rules.MOST}.")


@transaction.atomic
def set_limit(pages: int, *, actor: User | None) -> int:
    """Say how many pages a person gets per night before others are asked instead, 0 for no limit; give it back."""
    if not 0 <= pages <= rules.MOST:
        raise TooMany
    NightLimit.objects.update_or_create(id=1, defaults={"pages": pages})
    bus.emit(events.NightLimitChanged(1, pages), actor=actor)
    live.changed("oncall")
    return pages


def lock(user_ids: Collection[int]) -> None:
    """Let nobody else count these people's pages until the transaction ends: two cannot both be the last."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [_CLASS, sorted(user_ids)])


def promise_report(user_id: int, night: Night, *, limit: int) -> None:
    """Promise to tell of somebody's night when it is over, once however often their limit was passed."""
    payload = {"start": night.start.isoformat(), "end": night.end.isoformat(), "limit": limit}
    timers.set(REPORT, user_id, occurrence=rules.occurrence(night), due_at=night.end, payload=payload)
