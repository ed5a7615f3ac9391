"""How many pages a person may get per night, and what they were paged about in one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import connection

from core.accounts.models import User
from oncall.nights import rules
from oncall.nights.models import NightLimit

if TYPE_CHECKING:
    from oncall.nights.rules import Night

REST = timedelta(hours=16)
"""So long after a night that was too much its person takes nobody else's shift, if others can."""


def limit() -> int:
    """Give how many pages a person gets per night before others are asked instead; 0: no limit."""
    stored = NightLimit.objects.values_list("pages", flat=True).first()
    return settings.PAGES_PER_NIGHT if stored is None else stored


def moment() -> tuple[datetime, int]:
    """Give the database's clock and the limit, with one query: the pager asks for both each time."""
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp(), (select pages from oncall_nightlimit)")
        at, stored = cast("tuple[datetime, int | None]", cursor.fetchone())
    return at, settings.PAGES_PER_NIGHT if stored is None else stored


@dataclass(frozen=True, slots=True)
class Woken:
    """How many things a person was paged about in their night, and which of those looked for are among them."""

    count: int = 0
    about: frozenset[str] = frozenset()


def subject(*, alert_id: int | None, incident_id: int | None, escalation_id: int) -> str:
    """Name what a page is about: to be asked again about the same alert is not another page."""
    if alert_id:
        return f"a{alert_id}"
    return f"i{incident_id}" if incident_id else f"e{escalation_id}"


_WOKEN = """
select w.id, count(distinct s.subject), coalesce(array_agg(distinct s.subject) filter (where s.subject = any(%s)), '{}')
from jsonb_to_recordset(%s::jsonb) as w (id bigint, since timestamptz, until timestamptz)
join oncall_page p on p.user_id = w.id and p.created_at >= w.since and p.created_at < w.until
join oncall_escalation e on e.id = p.escalation_id
cross join lateral (select case when e.alert_id is not null then 'a' || e.alert_id
    when e.incident_id is not null then 'i' || e.incident_id else 'e' || e.id end as subject) s
where p.held_until is null and p.over_limit <> 'passed_over' and (p.sent_at is not null or p.ended_at is null)
group by w.id
"""


def woken(nights: Mapping[int, Night], subjects: Collection[str] = ()) -> dict[int, Woken]:
    """Give what each of these people was paged about in their night so far, with one query.

    What waits for the morning, what was never sent, and a page that went to others instead do not count.
    """
    if not nights:
        return {}
    wanted = [
        {"id": pk, "since": night.start.isoformat(), "until": night.end.isoformat()}
        for pk, night in nights.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WOKEN, [list(subjects), json.dumps(wanted)])
        return {pk: Woken(count, frozenset(about)) for pk, count, about in cursor.fetchall()}


def rests(user_ids: Collection[int], *, now: datetime) -> list[tuple[int, tuple[datetime, datetime]]]:
    """Give who had as many pages in their last night as it may bring, and from when until when they rest."""
    most = limit()
    if not most:
        return []
    people = User.objects.filter(pk__in=user_ids).order_by("pk").values_list("pk", "time_zone")
    nights = {pk: night for pk, zone in people if (night := rules.last_night(now, zone=zone))}
    found = woken(nights)
    return [
        (pk, (night.start, night.end + REST))
        for pk, night in nights.items()
        if pk in found and found[pk].count >= most
    ]
