"""What can be stuck on the way from a signal to a person, for who watches the engine."""

from __future__ import annotations

from core.watch import registry
from core.watch.registry import Detector

_PATH = "coalesce('/alerts/' || e.alert_id || '/', '')"
# An incident may be private: what is about one is named by its escalation alone.
#
# What is missing is looked for one by one, `(select ... limit 1) is null`: for `not exists` Postgres reads the whole
# table as soon as that looks cheaper to it, which after a storm, before the next vacuum, it does.

OWN = (
    Detector(
        name="signals_unprocessed",
        title="Signals taken in",
        order=1,
        sql="select id, received_at, '' from oncall_signal where state = 'new'"
        " and received_at < now() - interval '30 seconds'",
        what="Signal {id}",
        trouble="taken in more than 30 s ago and not made into an alert yet",
        advice="See that pagerd runs; a signal that fails again and again becomes an alert by itself.",
    ),
    Detector(
        name="alerts_unasked",
        title="Alerts with somebody asked",
        order=2,
        sql="select a.id, a.first_at, '/alerts/' || a.id || '/' from oncall_alert a"
        " where a.status = 'triggered' and a.urgency = 'high' and a.snoozed_until is null"
        " and a.not_paged = ''"
        " and a.first_at < now() - interval '30 seconds'"
        " and (select e.id from oncall_escalation e where e.alert_id = a.id limit 1) is null",
        what="Alert {id}",
        trouble="open with high urgency, and nobody was ever asked about it",
        advice="Open the alert and page somebody by hand, then report this: it must not happen.",
    ),
    Detector(
        name="escalations_overdue",
        title="Escalations in time",
        order=3,
        sql=f"select e.id, e.next_at, {_PATH} from oncall_escalation e"  # noqa: S608
        " where e.status = 'escalating' and e.urgency in ('high', 'low')"
        " and e.next_at < now() - interval '30 seconds'",
        what="Escalation {id}",
        trouble="more than 30 s late with asking its next level",
        advice="See that pagerd runs; its log names an escalation that fails. Page somebody by hand meanwhile.",
    ),
    Detector(
        name="levels_unpaged",
        title="Levels with a page",
        order=4,
        # The position is the next one to be asked, so the one before it has been asked.
        sql=f"select e.id, e.started_at, {_PATH} from oncall_escalation e"  # noqa: S608
        " where e.status = 'escalating' and (e.round > 0 or e.level > 0)"
        " and (select p.id from oncall_page p where p.escalation_id = e.id"
        " and p.round = case when e.level > 0 then e.round else e.round - 1 end"
        " and (e.level = 0 or p.level = e.level - 1) limit 1) is null",
        what="Escalation {id}",
        trouble="past a level for which no page was written",
        advice="Open the alert and page somebody by hand, then report this: it must not happen.",
    ),
    Detector(
        name="escalations_unanswered",
        title="Escalations with an answer",
        order=5,
        # What nobody can end any more, a message by hand, is named for a day.
        sql=f"select e.id, e.exhausted_at, {_PATH} from oncall_escalation e"  # noqa: S608
        " where e.status = 'exhausted' and (e.alert_id is not null or e.incident_id is not null"
        " or e.exhausted_at > now() - interval '1 day')",
        what="Escalation {id}",
        trouble="at its end: everybody was asked, and nobody acknowledged",
        advice="Take the alert or the incident, or page somebody by hand.",
        # Whoever has to know was told when it ended.
        alarms=False,
    ),
)


def register() -> None:
    """Look for them."""
    for detector in OWN:
        registry.detect(detector)
