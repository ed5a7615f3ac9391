"""What Prometheus sees: gauges read from Postgres when it asks, each by one cheap statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import Error, connection, transaction
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

Reading = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Gauge:
    """A metric and the statement it is read by, or what makes the statement: its label columns, then the value."""

    name: str
    help: str
    sql: str | Callable[[], str]
    labels: tuple[str, ...] = ()


_gauges: dict[str, Gauge] = {}


def watch(gauge: Gauge) -> None:
    """Show a gauge on /metrics; called once by the app that owns the table, in its `ready()`."""
    _gauges[gauge.name] = gauge


def exposition() -> tuple[bytes, str]:
    """The whole page and its content type: this process's counters, then the gauges."""
    registry = CollectorRegistry()
    registry.register(_Readings(read_all))
    return generate_latest(_counters()) + generate_latest(registry), CONTENT_TYPE_LATEST


def read_all() -> list[tuple[Gauge, list[Reading]]]:
    """Each gauge with its readings; a gauge that cannot be read is left out."""
    return [(gauge, rows) for gauge in _gauges.values() if (rows := _read(gauge)) is not None]


def _read(gauge: Gauge) -> list[Reading] | None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(gauge.sql if isinstance(gauge.sql, str) else gauge.sql())
            return [
                (tuple(str(label) for label in labels), float(value)) for *labels, value in cursor.fetchall()
            ]
    except Error:
        return None


class _Readings:
    def __init__(self, read: Callable[[], list[tuple[Gauge, list[Reading]]]]) -> None:
        self.read = read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        readings = self.read()
        up = GaugeMetricFamily("watchbill_database_up", "Whether Postgres answered this scrape.")
        up.add_metric([], 1.0 if len(readings) == len(_gauges) else 0.0)
        yield up
        for gauge, rows in readings:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in rows:
                family.add_metric(list(labels), value)
            yield family


def _counters() -> CollectorRegistry:
    if not settings.METRICS_DIR:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


_AGE = "coalesce(extract(epoch from now() - min(due_at)), 0)"
_LANES = "(values (0, 'critical'), (1, 'pages'), (2, 'people'), (3, 'bulk')) as l(lane, name)"
_OWN = (
    Gauge(
        "watchbill_messages_pending",
        "Messages waiting to be sent or being sent, per lane.",
        f"select l.name, count(m.id) from {_LANES} left join outbox_message m"  # noqa: S608
        " on m.lane = l.lane and m.state in ('pending', 'sending') group by l.name",
        ("lane",),
    ),
    Gauge(
        "watchbill_message_oldest_due_seconds",
        "Age of the oldest message that is due and not sent.",
        f"select {_AGE} from outbox_message where state in ('pending', 'sending') and due_at <= now()",  # noqa: S608
    ),
    Gauge(
        "watchbill_event_oldest_undelivered_seconds",
        "Age of the oldest event a listener has not had.",
        f"select {_AGE} from events_eventdelivery where done_at is null and due_at <= now()",  # noqa: S608
    ),
    Gauge(
        "watchbill_timer_oldest_due_seconds",
        "Age of the oldest timer that is due and has not run.",
        f"select {_AGE} from timers_timer"  # noqa: S608
        " where done_at is null and cancelled_at is null and due_at <= now()",
    ),
    Gauge(
        "watchbill_worker_seen_seconds",
        "Seconds since the newest sign of life of each kind of worker.",
        "select kind, extract(epoch from now() - max(seen_at)) from outbox_workerbeat group by kind",
        ("kind",),
    ),
)
for _gauge in _OWN:
    watch(_gauge)
