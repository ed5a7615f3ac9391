"""What can be stuck in the engine itself: messages, deadlines and events. Half a minute is too long for each."""

from __future__ import annotations

from core.watch import registry
from core.watch.registry import Detector

# Lane by lane, so that the index on (lane, due_at) gives the oldest ones without a look at the others.
_UNCLAIMED = """
select late.id, late.due_at, ''
from generate_series(0, 3) as lanes (lane) cross join lateral (
    select id, due_at from outbox_message as message
    where message.lane = lanes.lane and state in ('pending', 'sending') and state = 'pending'
        and due_at < now() - interval '30 seconds'
    order by due_at limit 21
) as late
"""

OWN = (
    Detector(
        name="messages_unclaimed",
        title="Messages on their way",
        order=10,
        sql=_UNCLAIMED,
        what="Message {id}",
        trouble="due for more than 30 s, and no process has taken it",
        advice="See that pagerd runs twice and that no channel hangs; the log of pagerd names what fails.",
    ),
    Detector(
        name="leases_lost",
        title="Messages being sent",
        order=11,
        sql="select id, lease_until, '' from outbox_message"
        " where state = 'sending' and lease_until < now() - interval '30 seconds'",
        what="Message {id}",
        trouble="held by a process that ended or stalled, and nobody has taken it over",
        advice="Start pagerd: it takes over what others left behind.",
    ),
    Detector(
        name="pages_lost",
        title="Pages without a known end",
        order=12,
        sql="select id, ended_at, '' from outbox_message where state in ('expired', 'unknown')"
        " and ended_at > now() - interval '1 hour' and lane <= 1",
        what="Message {id}",
        trouble="ended in the last hour without anybody knowing that it arrived",
        advice="Call whoever was to be paged, then look at the channel in the list below.",
    ),
    Detector(
        name="timers_overdue",
        title="Deadlines",
        order=20,
        sql="select id, due_at, '' from timers_timer where done_at is null and cancelled_at is null"
        " and due_at < now() - interval '30 seconds'",
        what="Deadline {id}",
        trouble="over for more than 30 s, and nothing has happened",
        advice="See that pagerd runs; its log names a deadline that fails.",
    ),
    Detector(
        name="events_undelivered",
        title="Events between the parts",
        order=21,
        sql="select id, due_at, '' from events_eventdelivery where done_at is null"
        " and due_at < now() - interval '60 seconds'",
        what="Hand-over {id}",
        trouble="due for more than a minute, and its listener has not had it",
        advice="See that pagerd runs; its log names a listener that fails.",
    ),
)


def register() -> None:
    """Look for them."""
    for detector in OWN:
        registry.detect(detector)
