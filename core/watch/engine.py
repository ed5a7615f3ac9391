"""How the engine itself does: its database, its workers, its channels, its speed. Each look is one statement."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from core.channels import registry as channels
from core.stack import metrics
from core.watch import readings, registry
from core.watch.readings import Beats, Duplicates, Lag, Waiting
from core.watch.registry import Check

if TYPE_CHECKING:
    from core.watch.rules import Reading

LOOKED_BACK = 1000
"""So many of the latest attempts say how fast messages are begun."""

_WAITING = (
    "select channel, lane <= 1, extract(epoch from now() - min(due_at))::float8 from outbox_message"
    " where state in ('pending', 'sending') and due_at <= now() group by 1, 2"
)
_LAG = f"""
select count(*), coalesce(percentile_cont(0.99) within group (order by lag), 0)::float8
from (
    select greatest(0, extract(epoch from tries.started_at - m.planned_at)) as lag
    from (select * from outbox_attempt order by id desc limit {LOOKED_BACK}) as tries
    join outbox_message m on m.id = tries.message_id
    where tries.n = 1 and tries.started_at > now() - interval '1 hour'
) as begun
"""  # noqa: S608
_UNKNOWN = """
select count(*), count(distinct message_id) filter (where m.state in ('accepted', 'delivered'))
from outbox_attempt a join outbox_message m on m.id = a.message_id
where a.outcome = 'unknown' and a.started_at > now() - interval '1 day'
"""


def database() -> Reading:
    """Whether Postgres keeps what it says it kept, and goes by the same time as this machine."""
    before = time.time()
    ((fsync, commit, at),) = _rows(
        "select current_setting('fsync'), current_setting('synchronous_commit'),"
        " extract(epoch from clock_timestamp())::float8"
    )
    return readings.database(fsync, commit, skew=at - (before + time.time()) / 2)


def disk() -> Reading:
    """Whether there is room left where this process keeps its files."""
    usage = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else "/")
    return readings.disk(usage.free / usage.total)


def workers() -> Reading:
    """Whether somebody does the work, and whether somebody is left when one of them dies."""
    rows = _rows(
        "select kind, count(*) filter (where drained_at > now() - %s * interval '1 second'),"
        " extract(epoch from now() - max(drained_at))::float8 from outbox_workerbeat group by kind",
        readings.BEAT_SECONDS,
    )
    beats = {kind: Beats(alive, age) for kind, alive, age in rows}
    nobody = Beats(0, None)
    return readings.workers(
        beats.get("pagerd", nobody), beats.get("celery", nobody), spare_wanted=settings.PRODUCTION
    )


def waiting() -> Reading:
    """How long the oldest message of each channel waits."""
    names = {channel.kind: channel.name for channel in channels.all()}
    return readings.waiting(
        [Waiting(names.get(channel, channel), is_page, age) for channel, is_page, age in _rows(_WAITING)]
    )


def lag() -> Reading:
    """How long after their time messages are begun."""
    ((number, seconds),) = _rows(_LAG)
    return readings.lag(Lag(number, seconds))


def duplicates() -> Reading:
    """How often nobody knew whether a message had arrived, and how many may have arrived twice."""
    ((unknown, twice),) = _rows(_UNKNOWN)
    return readings.duplicates(Duplicates(unknown, twice))


def _rows(sql: str, *values: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


CHECKS = (
    Check(name="workers", title="Workers", order=1, look=workers),
    Check(name="database", title="The database", order=2, look=database),
    Check(name="waiting", title="The queue", order=3, look=waiting),
    Check(name="lag", title="Speed", order=4, look=lag),
    Check(name="duplicates", title="Arrivals", order=5, look=duplicates),
    Check(name="disk", title="The disk", order=6, look=disk, asks_database=lambda: False),
)
GAUGES = (
    metrics.Gauge(
        "watchbill_channel_oldest_due_seconds",
        "Age of the oldest message that is due and not sent, per channel with any.",
        "select channel, extract(epoch from now() - min(due_at)) from outbox_message"
        " where state in ('pending', 'sending') and due_at <= now() group by channel",
        ("channel",),
    ),
    metrics.Gauge(
        "watchbill_dispatch_lag_p99_seconds",
        "Within which time 99 % of the last 1000 messages of this hour were begun, 0 for none.",
        f"select p99 from ({_LAG}) as begun (number, p99)",  # noqa: S608
    ),
    metrics.Gauge(
        "watchbill_outcomes_unknown_day",
        "Tries of the last 24 h after which nobody knew whether the message had arrived.",
        f"select unknown from ({_UNKNOWN}) as tries (unknown, twice)",  # noqa: S608
    ),
    metrics.Gauge(
        "watchbill_messages_perhaps_twice_day",
        "Messages of the last 24 h that may have arrived twice, because a try before had no known outcome.",
        f"select twice from ({_UNKNOWN}) as tries (unknown, twice)",  # noqa: S608
    ),
)


def register() -> None:
    """Look at the engine, for people and for Prometheus."""
    for check in CHECKS:
        registry.add(check)
    for gauge in GAUGES:
        metrics.watch(gauge)
