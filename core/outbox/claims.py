"""Claim what is due by a lease, and record what became of it behind a fence: all of it SQL.

A worker may die or stall anywhere. What it had claimed becomes claimable again when its lease is over, and
what it says after that changes nothing (it is kept as a late attempt).
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from core import failpoints
from core.outbox import bundling, registry, rules
from core.outbox.models import Message, State
from core.outbox.telling import ended_ids, outcome_of, raise_alarm, remember_untold, tell, tell_of_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.outbox.registry import Outcome

log = logging.getLogger(__name__)

EXPIRED = "it could not be sent in time"
LOST = "the worker ended or stalled: it may have been sent"


@dataclass(frozen=True, slots=True)
class Room:
    """What a worker can take now: messages in all, those in the lanes behind the pages, and no more of `full`."""

    messages: int
    behind: int
    full: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a try came to. `state` pending means again in `wait` seconds; times are monotonic seconds."""

    message: Message
    outcome: str
    state: str
    detail: str
    began: float
    ended: float
    provider_id: str = ""
    receipt_seconds: float | None = None
    wait: float = 0.0
    is_unknown: bool = False
    fallback_wanted: bool = False


# One statement: rows locked by another claim are passed over, pages go first, and what is behind them never gets
# more than its share of the room. `crowd` is how many pages each of the people in it got lately, counted no further
# than it matters; a page too many, or one of several that are half an hour late, is bundled.
_DUE = """
    select id, state, not_after, unknown_outcomes, lease_owner, lease_until, user_id, channel, address, lane, due_at,
        planned_at < now() - interval '30 minutes' as is_late,
        may_bundle and state = 'pending' and attempts = 0 and %(storm)s > 0 as is_new
    from outbox_message
    where state in ('pending', 'sending') and lane {lanes} and due_at <= now()
        and (state = 'pending' or {rescue}) and channel <> all(%(full)s)
    order by lane, due_at, id"""
_LATELY = """
            select from outbox_message as lately
            where {whose} and lately.channel = due.channel
                and lately.address = due.address and lately.lane <= due.lane
                and lately.may_bundle and lately.taken_at > now() - interval '1 minute'"""
_CLAIM = """
with pages as ({pages} limit %(messages)s for update skip locked),
behind as (
    {behind} limit greatest(0, least(%(messages)s - (select count(*) from pages), %(behind)s))
    for update skip locked
), due as (
    select *, row_number() over own as place, count(*) filter (where is_late) over whole as late_ones
    from (select * from pages union all select * from behind) as due
    window whole as (partition by user_id, channel, address, is_new), own as (whole order by lane, due_at, id)
), crowd as (
    select user_id, channel, address, lane, (
        select count(*) from ({of_person} union all {of_room}
            limit %(storm)s
        ) as few) as n
    from due where is_new group by user_id, channel, address, lane
), picked as (
    select id, state as was, lease_owner as last_owner, lease_until as last_lease,
        case when not_after <= now() then 'expired'
             when state = 'sending' and unknown_outcomes + 1 >= %(most_unknown)s then 'unknown'
             when is_new and (place + n > %(storm)s or is_late and late_ones + n > 1) then 'bundled'
             else 'sending' end as becomes
    from due left join crowd on crowd.user_id is not distinct from due.user_id and crowd.channel = due.channel
        and crowd.address = due.address and crowd.lane = due.lane
)
update outbox_message as message set
    state = becomes,
    attempts = attempts + (becomes = 'sending')::int,
    unknown_outcomes = unknown_outcomes + (was = 'sending')::int,
    taken_at = coalesce(taken_at, now()),
    lease_token = case when becomes = 'sending' then %(token)s::uuid end,
    lease_until = case when becomes = 'sending' then now() + %(lease)s * interval '1 second' end,
    lease_owner = case when becomes = 'sending' then %(owner)s else '' end,
    error = case becomes when 'expired' then %(expired)s when 'unknown' then %(lost)s else error end,
    ended_at = case when becomes <> 'sending' then now() end
from picked where message.id = picked.id
returning message.*, was, last_owner, last_lease
"""
DUE = """
select 1 from outbox_message where state = 'pending' and due_at <= {now}
union all select 1 from outbox_message where state = 'sending' and lease_until <= {now}"""
"""What can be claimed."""


def claim(room: Room, *, owner: str) -> list[Message]:
    """Claim due messages for `owner` until the lease is over; give them, pages first.

    In the same transaction the clients' guards are asked, and what is no longer wanted is suppressed; what is
    past its time expires; what had its lease run out for the third time becomes unknown; what is too much for its
    person goes into a digest. The clients are told of that in a transaction of their own: a listener may need a row
    that somebody holds who waits for ours.
    """
    while (claimed := _claim(room, owner)) is not None:
        if claimed:
            return claimed
    return []


def _claim(room: Room, owner: str) -> list[Message] | None:
    """Claim once: what of it is wanted, which may be nothing, and None when nothing was due."""
    parameters = {
        "storm": settings.PAGER_STORM_AFTER,
        "messages": room.messages,
        "behind": room.behind,
        "full": list(room.full),
        "most_unknown": rules.MOST_UNKNOWN_OUTCOMES,
        "token": uuid.uuid4(),
        "lease": settings.PAGER_LEASE_SECONDS,
        "owner": owner,
        "expired": EXPIRED,
        "lost": LOST,
    }
    rescue = "false" if failpoints.is_on("no_lease_rescue") else "lease_until <= now()"
    with transaction.atomic():
        picked = list(Message.objects.raw(_statement(rescue), parameters))
        if not picked:
            return None
        bundling.attach([message for message in picked if message.state == State.BUNDLED])
        _note_lost_tries(message for message in picked if vars(message)["was"] == State.SENDING)
        unwanted = _ask_guards([message for message in picked if message.state == State.SENDING])
        _suppress(unwanted)
        bundling.go_on([m for m in picked if m.state == State.SENDING and m.pk not in unwanted])
        outcomes = [one for message in picked if (one := _on_claim(message, unwanted)) is not None]
        remember_untold(ended_ids(outcomes))
        raise_alarm(outcomes)
    if outcomes:
        tell_of_ends(outcomes)
    wanted = [m for m in picked if m.state == State.SENDING and m.pk not in unwanted]
    return sorted(wanted, key=lambda message: (message.lane, message.due_at, message.pk))


def _statement(rescue: str) -> str:
    pages, behind = _DUE.format(lanes="<= 1", rescue=rescue), _DUE.format(lanes="> 1", rescue=rescue)
    # Apart, so that each is found by the index: a message to a channel has nobody, and nobody is no equal of nobody.
    of_person = _LATELY.format(whose="lately.user_id = due.user_id")
    of_room = _LATELY.format(whose="due.user_id is null and lately.user_id is null")
    return _CLAIM.format(pages=pages, behind=behind, of_person=of_person, of_room=of_room)


def _on_claim(message: Message, unwanted: dict[int, str]) -> Outcome | None:
    if message.pk in unwanted:
        return outcome_of(message, State.SUPPRESSED, unwanted[message.pk])
    if message.state == State.BUNDLED:
        return None  # what becomes of its digest is told of it
    if message.state != State.SENDING:
        return outcome_of(message, message.state, message.error, fallback=message.state == State.UNKNOWN)
    if vars(message)["was"] == State.SENDING and rules.wants_fallback(message.attempts - 1, waiting=0):
        return outcome_of(message, "retrying", LOST, fallback=True)
    return None


def _note_lost_tries(messages: Iterable[Message]) -> None:
    rows = [
        (
            message.pk,
            message.attempts - (message.state == State.SENDING),
            vars(message)["last_owner"],
            vars(message)["last_lease"],
            settings.PAGER_LEASE_SECONDS,
            LOST,
        )
        for message in messages
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into outbox_attempt (message_id, n, worker, started_at, outcome, detail, late)"
            " values (%s, %s, %s, %s::timestamptz - %s * interval '1 second', 'unknown', %s, false)",
            rows,
        )


def _ask_guards(messages: Sequence[Message]) -> dict[int, str]:
    unwanted: dict[int, str] = {}
    for name, group in _by_client(messages).items():
        if (client := registry.client(name)) is None:
            continue
        try:
            with transaction.atomic():
                unwanted.update(client.guard(group))
        except Exception:  # a message too many is better than none
            if connection.needs_rollback:  # but what is not claimed after all is another's to send
                raise
            log.exception("the guard of %s failed; its messages go out", name)
    return unwanted


def _by_client(messages: Sequence[Message]) -> dict[str, list[Message]]:
    groups: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        groups[message.client].append(message)
    return groups


def _suppress(reasons: dict[int, str]) -> None:
    if not reasons:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set state = 'suppressed', error = reason, ended_at = now(),"
            " attempts = attempts - 1, lease_token = null, lease_until = null, lease_owner = ''"
            " from unnest(%s::bigint[], %s::text[]) as unwanted (pk, reason) where id = pk",
            [list(reasons), list(reasons.values())],
        )


def release(messages: Sequence[Message]) -> None:
    """Give back what was claimed and not tried."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set state = 'pending', attempts = attempts - 1, lease_token = null,"
            " lease_until = null, lease_owner = ''"
            " from unnest(%s::bigint[], %s::uuid[]) as mine (pk, token)"
            " where id = pk and lease_token = token and state = 'sending'",
            [[message.pk for message in messages], [message.lease_token for message in messages]],
        )


# The fence: only who still holds the lease may change the message; every try is noted, the others as late.
_COMPLETE = """
with result as (
    select * from jsonb_to_recordset(%s::jsonb) as result (id bigint, token uuid, n int, worker text,
        state text, wait float8, is_unknown int, provider_id text, detail text, outcome text, began float8, ended float8,
        receipt float8)
), done as (
    update outbox_message as message set
        state = result.state,
        due_at = case when result.state = 'pending' then now() + wait * interval '1 second' else due_at end,
        unknown_outcomes = unknown_outcomes + is_unknown,
        provider_id = case when result.provider_id <> '' then result.provider_id else message.provider_id end,
        error = case when result.state = 'accepted' then '' else detail end,
        ended_at = case when result.state <> 'pending' then now() end,
        receipt_due_at = case when result.state = 'accepted' then now() + receipt * interval '1 second' end,
        lease_token = null, lease_until = null, lease_owner = ''
    from result
    where message.id = result.id and message.lease_token = token and message.state = 'sending'
    returning message.id
), noted as (
    insert into outbox_attempt (message_id, n, worker, started_at, finished_at, outcome, detail, late)
    select result.id, n, worker, now() - began * interval '1 second', now() - ended * interval '1 second',
        outcome, detail, not exists (select from done where done.id = result.id)
    from result join outbox_message on outbox_message.id = result.id
)
select id from done
"""


def complete(results: Sequence[Result], *, owner: str) -> int:
    """Record what tries came to with one statement, tell the clients; give how many were ours to record."""
    now = time.monotonic()
    rows = [_row(result, owner, now) for result in results]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_COMPLETE, [json.dumps(rows)])
            done = {row[0] for row in cursor.fetchall()}
        ours = [result for result in results if result.message.pk in done]
        outcomes = [outcome for result in ours if (outcome := _on_result(result)) is not None]
        remember_untold(tell(outcomes))
        raise_alarm(outcomes)
    return len(done)


def _row(result: Result, owner: str, now: float) -> dict[str, Any]:
    return {
        "id": result.message.pk,
        "token": str(result.message.lease_token),
        "n": result.message.attempts,
        "worker": owner,
        "state": result.state,
        "wait": result.wait,
        "is_unknown": int(result.is_unknown),
        "provider_id": result.provider_id,
        "detail": result.detail[:500],
        "outcome": result.outcome,
        "receipt": result.receipt_seconds,
        "began": now - result.began,
        "ended": now - result.ended,
    }


def _on_result(result: Result) -> Outcome | None:
    if result.state != State.PENDING:
        return outcome_of(result.message, result.state, result.detail, fallback=result.fallback_wanted)
    if result.fallback_wanted:
        return outcome_of(result.message, "retrying", result.detail, fallback=True)
    return None
