"""What is known of the canary and of the heartbeat, for the page and for the alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from core.watch import readings, registry
from core.watch.models import Canary
from core.watch.readings import Beat, Flight
from core.watch.registry import Check

if TYPE_CHECKING:
    from core.watch.rules import Reading

_FLIGHT = """
select extract(epoch from now() - max(started_at))::float8,
    extract(epoch from now() - min(started_at) filter (
        where arrived_at is null and started_at > now() - interval '5 minutes'))::float8,
    extract(epoch from now() - max(arrived_at))::float8,
    (select extract(epoch from arrived_at - started_at)::float8 from watch_canary
        where arrived_at is not null order by slot desc limit 1)
from watch_canary
"""


def flight() -> Reading:
    """Whether a test page that takes the way of every other arrives."""
    with connection.cursor() as cursor:
        cursor.execute(_FLIGHT)
        started, open_since, arrived, took = cursor.fetchone()
    return readings.canary(Flight(started, open_since, arrived, took), is_on=settings.SELF_WATCH)


def heartbeats() -> Reading:
    """Whether somebody outside would notice that everything here is dead."""
    wanted = len(settings.HEARTBEAT_URLS)
    if not wanted:
        return readings.heartbeats([], wanted=0, in_production=settings.PRODUCTION)
    with connection.cursor() as cursor:
        cursor.execute(
            "select host, extract(epoch from now() - sent_at)::float8, error from watch_heartbeat"
            " where tried_at > now() - interval '1 day' order by id"
        )
        beats = [Beat(*row) for row in cursor.fetchall()]
    return readings.heartbeats(beats, wanted=wanted, in_production=settings.PRODUCTION)


def open_slots() -> list[int]:
    """Give the canaries that have not come through yet, oldest first."""
    return list(Canary.objects.filter(arrived_at=None).order_by("slot").values_list("slot", flat=True))


def lost_slots() -> list[int]:
    """Give the canaries that have not come through within an hour."""
    found = Canary.objects.raw(
        "select * from watch_canary where arrived_at is null and started_at < now() - interval '1 hour'"
    )
    return [canary.slot for canary in found]


def register() -> None:
    """Look at both."""
    registry.add(Check(name="canary", title="The canary page", order=-1, look=flight))
    registry.add(
        Check(
            name="heartbeat",
            title="The heartbeat outside",
            order=7,
            look=heartbeats,
            asks_database=lambda: bool(settings.HEARTBEAT_URLS),
        )
    )
