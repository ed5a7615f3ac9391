"""Let `drain()` take signals in and ask the levels that are due, and keep its tables and counters."""

from __future__ import annotations

from core.events import housekeeping
from core.outbox import registry, sealing
from core.stack import metrics
from core.timers import registry as timers
from oncall import handlers as _handlers  # noqa: F401 - imported, it listens
from oncall import pipeline
from oncall.alerts.accept import draining
from oncall.alerts.spool import keys
from oncall.clocks import operations as clocks
from oncall.escalation import operations
from oncall.feeds import operations as feeds
from oncall.handoffs import operations as handoffs
from oncall.readiness import operations as readiness
from oncall.schedules import operations as schedules
from oncall.weekly import operations as weekly


def register() -> None:
    _tell_of_shifts()
    sealing.keep(sealing.Column("oncall_contactmethod", "address", lookup="address_lookup", had_clear=True))
    sealing.keep(sealing.Column("oncall_contactmethod", "secret"))
    sealing.keep(sealing.Column("oncall_absencecalendar", "url"))
    registry.add_step("keys", keys.refresh, order=4)
    registry.add_step("spool", draining.drain_due, order=5)
    registry.add_step("signals", pipeline.process_due, order=10, soon=pipeline.SOON, due=pipeline.DUE)
    registry.add_step(
        "escalations", operations.advance_due, order=20, soon=operations.SOON, due=operations.DUE
    )
    timers.on(operations.UNSNOOZE)(operations.wake)
    timers.on(operations.ACK_TIMEOUT)(operations.ask_again)
    timers.on(schedules.BEGIN)(schedules.begin)
    timers.on(readiness.CHECK)(readiness.check)
    housekeeping.add("plan shift checks", readiness.plan_checks)
    housekeeping.prune(
        "oncall_signal",
        "state = 'processed' and processed_at < now() - interval '90 days'"
        " and not exists (select from oncall_ingesterror e where e.signal_id = oncall_signal.id)",
    )
    housekeeping.add("what calendars are told", feeds.publish_due)
    housekeeping.prune(
        "oncall_publishedshift",
        "cancelled_at < now() - interval '60 days' or \"end\" < now() - interval '200 days'",
    )
    housekeeping.prune(
        "oncall_absence",
        "\"end\" < now() - interval '400 days'"
        " and not exists (select from oncall_timeoff t where t.absence_id = oncall_absence.id)",
    )
    housekeeping.prune("oncall_spoolreceipt", "drained_at < now() - interval '90 days'")
    # What was not imported holds names and addresses of people.
    housekeeping.prune(
        "oncall_scheduleimport", "confirmed_at is null and created_at < now() - interval '7 days'"
    )
    metrics.watch(
        metrics.Gauge(
            "watchbill_signals_damaged",
            "Signals taken while Postgres was away whose files lie in quarantine.",
            "select count(*) from oncall_spoolreceipt where outcome = 'damaged'",
        )
    )
    metrics.watch(
        metrics.Gauge(
            "watchbill_signals_unprocessed",
            "Signals taken in and not yet made into alerts.",
            "select count(*) from oncall_signal where state = 'new'",
        )
    )


def _tell_of_shifts() -> None:
    timers.on(handoffs.EDGE)(handoffs.tell)
    housekeeping.add("plan what is said of shifts", handoffs.plan_edges)
    housekeeping.add("what people know of their duty", handoffs.extend)
    housekeeping.add("what clocks show", clocks.notice)
    housekeeping.prune("oncall_clockchange", "noticed_at < now() - interval '400 days'")
    timers.on(weekly.MINE)(weekly.send_mine)
    timers.on(weekly.TEAMS)(weekly.send_team)
    housekeeping.add("plan the summaries of the week", weekly.plan)
    # What has been wrong for so long is told once more.
    housekeeping.prune("oncall_aheadwarning", "warned_at < now() - interval '60 days'")
    housekeeping.prune("oncall_handoff", "at < now() - interval '400 days'")
    housekeeping.prune("oncall_handofftask", "done_at < now() - interval '400 days'")
