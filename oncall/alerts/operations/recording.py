"""What signals do to alerts: open, count, acknowledge, resolve; many at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection, transaction

from core import live
from core.events import bus
from oncall.alerts.rules import TEST_LABEL, Action, Entry, rounds
from oncall.events import AlertAcknowledged, AlertReceived, AlertResolved

if TYPE_CHECKING:
    from collections.abc import Sequence


class Change(StrEnum):
    """What a signal did to its alert; a dropped one found no open alert to acknowledge or resolve."""

    OPENED = "opened"
    REPEATED = "repeated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of an entry: its alert, None when it was dropped, with that alert's incident and title."""

    entry: Entry
    change: Change
    alert_id: int | None
    incident_id: int | None
    title: str = ""


@transaction.atomic(savepoint=False)
def record(entries: Sequence[Entry]) -> list[Recorded]:
    """Write what signals say to their alerts, in the caller's transaction if any: two statements a round.

    A repeated trigger raises the count and refreshes the description; what routed the alert stays as it was.
    """
    done: list[Recorded] = []
    for batch in rounds(entries):
        triggers = [entry for entry in batch if entry.parsed.action is Action.TRIGGER]
        rest = [entry for entry in batch if entry.parsed.action is not Action.TRIGGER]
        done += _open_or_count(triggers) if triggers else []
        done += _end(rest) if rest else []
    _tell(done)
    return done


_UPSERT = """
insert into oncall_alert (
    integration_id, dedup_key, status, title, description, severity, urgency, service_id, labels, annotations,
    links, routed_by, nature, not_paged, is_test, count, started_at)
select integration_id, dedup_key, 'triggered', title, description, severity, urgency, service_id, labels,
    annotations, links, routed_by, nature, not_paged, is_test, count, started_at
from jsonb_to_recordset(%s::jsonb) as r (
    integration_id bigint, dedup_key text, title text, description text, severity text, urgency text,
    service_id bigint, labels jsonb, annotations jsonb, links jsonb, routed_by text, nature text, not_paged text,
    is_test boolean, count int, started_at timestamptz)
order by integration_id, dedup_key
on conflict (integration_id, dedup_key) where not (status = 'resolved') do update set
    count = oncall_alert.count + excluded.count, last_at = statement_timestamp(), description = excluded.description,
    annotations = excluded.annotations, links = excluded.links
returning integration_id, dedup_key, id, incident_id, title, (xmax = 0)"""

_END = """
update oncall_alert a set
    status = g.status, last_at = statement_timestamp(),
    resolved_at = case when g.status = 'resolved' then statement_timestamp() end,
    acknowledged_at = coalesce(a.acknowledged_at, case when g.status = 'acknowledged' then statement_timestamp() end),
    snoozed_until = case when g.status = 'resolved' then null else a.snoozed_until end
from (
    select a.id, g.status from oncall_alert a
    join unnest(%s::bigint[], %s::text[], %s::text[]) as g (integration_id, dedup_key, status)
        on a.integration_id = g.integration_id and a.dedup_key = g.dedup_key
    where not (a.status = 'resolved') and (g.status = 'resolved' or a.status = 'triggered')
    order by a.id
    for update of a
) g
where a.id = g.id
returning a.integration_id, a.dedup_key, a.id, a.incident_id, a.title, a.status,
    extract(epoch from statement_timestamp() - a.first_at)::int"""

_STATUS = {Action.ACKNOWLEDGE: "acknowledged", Action.RESOLVE: "resolved"}


def _open_or_count(entries: list[Entry]) -> list[Recorded]:
    by_key = {entry.once: entry for entry in entries}
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [orjson.dumps([_row(entry) for entry in entries]).decode()])
        rows = sorted(cursor.fetchall(), key=itemgetter(2))
    return [
        Recorded(
            entry=by_key[integration_id, key],
            change=Change.OPENED if opened else Change.REPEATED,
            alert_id=alert_id,
            incident_id=incident_id,
            title=title,
        )
        for integration_id, key, alert_id, incident_id, title, opened in rows
    ]


def _row(entry: Entry) -> dict[str, Any]:
    parsed = entry.parsed
    return {
        "integration_id": entry.integration_id,
        "dedup_key": parsed.dedup_key,
        "title": parsed.title,
        "description": parsed.description,
        "severity": parsed.severity,
        "urgency": entry.urgency,
        "service_id": entry.service_id,
        "labels": parsed.labels,
        "annotations": parsed.annotations,
        "links": [{"kind": link.kind, "label": link.label, "url": link.url} for link in parsed.links],
        "routed_by": entry.routed_by[:300],
        "nature": entry.nature,
        "not_paged": entry.not_paged,
        "is_test": "true" in (parsed.labels.get(TEST_LABEL), parsed.annotations.get(TEST_LABEL)),
        "count": entry.count,
        "started_at": parsed.started_at,
    }


def _end(entries: list[Entry]) -> list[Recorded]:
    with connection.cursor() as cursor:
        cursor.execute(
            _END,
            [
                [entry.integration_id for entry in entries],
                [entry.parsed.dedup_key for entry in entries],
                [_STATUS[entry.parsed.action] for entry in entries],
            ],
        )
        found = {(row[0], row[1]): row for row in sorted(cursor.fetchall(), key=itemgetter(2))}
    _emit_ends(list(found.values()))
    return [_ended(entry, found.get(entry.once)) for entry in entries]


def _ended(entry: Entry, row: tuple[Any, ...] | None) -> Recorded:
    if row is None:
        return Recorded(entry=entry, change=Change.DROPPED, alert_id=None, incident_id=None)
    _, _, alert_id, incident_id, title, status, _ = row
    return Recorded(
        entry=entry, change=Change(status), alert_id=alert_id, incident_id=incident_id, title=title
    )


def _emit_ends(rows: list[tuple[Any, ...]]) -> None:
    facts: list[object] = [
        AlertResolved(alert_id, incident_id, by_source=True)
        if status == "resolved"
        else AlertAcknowledged(alert_id, incident_id, None, seconds)
        for _, _, alert_id, incident_id, _, status, seconds in rows
    ]
    if facts:
        bus.emit_all(facts)


def _tell(everything: list[Recorded]) -> None:
    done = [item for item in everything if not item.entry.is_quiet]
    opened = [
        AlertReceived(item.alert_id, item.entry.service_id, item.entry.urgency)
        for item in done
        if item.change is Change.OPENED and item.alert_id is not None
    ]
    if opened:
        bus.emit_all(opened)
    touched = [item.alert_id for item in done if item.alert_id is not None]
    if touched:
        live.changed("alerts", *(f"alert-{alert_id}" for alert_id in touched))


def note_problems(problems: Sequence[tuple[int, int, str]]) -> None:
    """Keep what is odd about signals for people to see, in the caller's transaction.

    Each problem is a source, a signal and a sentence; the same sentence of one source is one row with a count.
    """
    counted = Counter((source, text[:500]) for source, _, text in problems)
    if not counted:
        return
    latest = {(source, text[:500]): signal for source, signal, text in problems}
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into oncall_ingesterror (integration_id, signal_id, kind, detail, count)"
            " select g.s, g.n, 'understood_partly', g.d, g.c"
            " from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::int[]) as g (s, n, d, c) order by 1, 4"
            " on conflict (integration_id, kind, detail) do update set"
            " count = oncall_ingesterror.count + excluded.count, last_at = statement_timestamp(),"
            " signal_id = excluded.signal_id",
            [
                [source for source, _ in counted],
                [latest[once] for once in counted],
                [text for _, text in counted],
                list(counted.values()),
            ],
        )
