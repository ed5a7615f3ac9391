"""Send canaries, note that they arrived, raise alarms and clear them. Several pagers may do all of it at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from core.accounts.models import Role, User
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.watch import readings
from core.watch.events import AlarmCleared, AlarmRaised
from core.watch.models import Alarm, Canary

if TYPE_CHECKING:
    from core.watch.rules import Seen

CLIENT = "watch.alarm"
PAGE = "/settings/paging-health/"

_BEGIN = """
insert into watch_canary (slot)
select slot from (select floor(extract(epoch from now()) / 60)::bigint) as this_minute (slot)
where not exists (select from watch_canary known where known.slot = this_minute.slot)
on conflict (slot) do nothing returning slot
"""
_TAKE_HEARTBEAT = """
update watch_canary set heartbeat_at = now() where id = (
    select id from watch_canary where heartbeat_at is null and started_at > now() - interval '1 minute'
        and arrived_at <= started_at + %s * interval '1 second'
    order by slot desc limit 1 for update skip locked
) returning slot
"""
_RAISE = """
insert into watch_alarm (check_name, title, text) values (%s, %s, %s)
on conflict (check_name) where cleared_at is null do update set seen_at = now()
returning id, xmax = 0
"""


def begin_canary() -> int | None:
    """Give the minute whose canary this process has to send, None when it is another's or was sent."""
    return _one(_BEGIN)


def note_arrival(slot: int, *, at: datetime) -> None:
    """Note that a canary has come through."""
    Canary.objects.filter(slot=slot, arrived_at=None).update(arrived_at=at)


def take_heartbeat() -> bool:
    """Say whether this process has to send the heartbeat: a canary arrived in time, and nobody has told yet."""
    return _one(_TAKE_HEARTBEAT, readings.LATE_SECONDS) is not None


def note_heartbeat(url: str, *, error: str = "") -> None:
    """Note what became of the heartbeat to an address; of it only the host is kept."""
    place = hashlib.sha256(url.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into watch_heartbeat (place, host, sent_at, error)"
            " values (%s, left(%s, 260), case when %s = '' then now() end, left(%s, 300))"
            " on conflict (place) do update set tried_at = now(), error = excluded.error,"
            " sent_at = coalesce(excluded.sent_at, watch_heartbeat.sent_at)",
            [place, urlsplit(url).hostname or "", error, error],
        )


@transaction.atomic
def raise_alarm(seen: Seen) -> bool:
    """Tell every admin by the direct lane that something is wrong; False when they know already."""
    reading = seen.reading
    with connection.cursor() as cursor:
        cursor.execute(_RAISE, [seen.name, seen.title[:120], reading.text])
        alarm_id, is_new = cursor.fetchone()
    if is_new:
        bus.emit(AlarmRaised(alarm_id, seen.name, reading.text))
        text = f"{reading.text}\n\n{reading.advice}".strip()
        _tell_admins(alarm_id, "raised", f"Paging needs you: {reading.text}", text, lane=Lane.CRITICAL)
    return bool(is_new)


@transaction.atomic
def clear_alarms() -> int:
    """Close the alarms whose trouble nobody has seen for five minutes, and say so; give their number."""
    over = list(
        Alarm.objects.raw(
            "update watch_alarm set cleared_at = now() where cleared_at is null"
            " and seen_at < now() - %s * interval '1 second' returning *",
            [readings.WELL_SECONDS],
        )
    )
    for alarm in sorted(over, key=attrgetter("pk")):
        bus.emit(AlarmCleared(alarm.pk, alarm.check_name))
        outbox.suppress(CLIENT, [alarm.pk], reason="it is over")
        text = f"This was wrong and is well again:\n\n{alarm.text}"
        _tell_admins(alarm.pk, "cleared", f"Paging is well again: {alarm.title}", text, lane=Lane.PEOPLE)
    return len(over)


def _tell_admins(alarm_id: int, what: str, subject: str, text: str, *, lane: Lane) -> None:
    url = settings.BASE_URL + PAGE
    outbox.put(
        [
            outbox.NewMessage(
                key=f"alarm-of-the-watch-{alarm_id}-{what}-{user.pk}",
                client=CLIENT,
                subject_id=alarm_id,
                lane=lane,
                channel="email",
                address=user.email,
                user_id=user.pk,
                content={"subject": subject[:200], "text": f"{text}\n\n{url}", "url": url},
            )
            for user in User.objects.active().filter(role=Role.ADMIN).order_by("pk")
        ]
    )


def forget_lost(slots: Sequence[int]) -> None:
    """Forget canaries that never came through; what they left behind is cleared away by now."""
    Canary.objects.filter(slot__in=list(slots)).delete()


def _one(sql: str, *values: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        row = cursor.fetchone()
    return None if row is None else int(row[0])
