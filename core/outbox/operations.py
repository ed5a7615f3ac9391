"""Put messages into the outbox, and take back those that are no longer wanted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from core.channels import secrets
from core.events import nudge

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to be sent `delay_seconds` from now, and no later than `not_after_seconds` (default: the
    setting).

    `key` is unique for ever: the same promise made twice is one message. `content` should hold "subject" and
    "text" in plain words: they go out if the client cannot render. `secret` is sealed when it is stored.
    `may_bundle` lets it go into a digest when its person or channel gets too many, or when it is half an hour late:
    `late_seconds` says by how much it is already. `provider_id` names the message to change, for clients that edit.
    """

    key: str
    client: str
    subject_id: int
    lane: int
    channel: str
    address: str
    secret: str = ""
    user_id: int | None = None
    content: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    delay_seconds: float = 0
    not_after_seconds: int | None = None
    fallback_of_id: int | None = None
    may_bundle: bool = False
    late_seconds: float = 0
    provider_id: str = ""


_PUT = """
insert into outbox_message (key, client, subject_id, lane, channel, address, secret, user_id, content, epoch,
    fallback_of_id, may_bundle, planned_at, due_at, not_after, state, attempts, unknown_outcomes, lease_owner,
    provider_id, error)
select key, client, subject_id, lane, channel, address, secret, user_id, content, epoch, fallback_of_id,
    may_bundle, now() + (delay - late) * interval '1 second', now() + delay * interval '1 second',
    now() + (delay + not_after) * interval '1 second', 'pending', 0, 0, '', provider_id, ''
from jsonb_to_recordset(%s::jsonb) as new (key text, client text, subject_id bigint, lane smallint,
    channel text, address text, secret text, user_id bigint, content jsonb, epoch int, fallback_of_id bigint,
    delay float8, not_after float8, may_bundle boolean, late float8,
    provider_id text)
on conflict (key) do nothing
returning id
"""


def put(messages: Sequence[NewMessage]) -> list[int]:
    """Promise messages in the caller's transaction with one statement; give the ids of those that are new."""
    if not messages:
        return []
    if not connection.in_atomic_block:
        raise RuntimeError("put() needs a transaction")
    with connection.cursor() as cursor:
        cursor.execute(_PUT, [json.dumps([_row(message) for message in messages])])
        ids = [row[0] for row in cursor.fetchall()]
    if ids and any(message.delay_seconds <= 0 for message in messages):
        transaction.on_commit(nudge.drain, robust=True)
    return ids


def _row(message: NewMessage) -> dict[str, Any]:
    not_after = message.not_after_seconds
    return {
        "key": _storable(message.key),
        "client": message.client,
        "subject_id": message.subject_id,
        "lane": int(message.lane),
        "channel": message.channel,
        "address": _storable(message.address),
        "secret": secrets.seal(message.secret),
        "user_id": message.user_id,
        "content": _storable(message.content),
        "epoch": message.epoch,
        "fallback_of_id": message.fallback_of_id,
        "may_bundle": message.may_bundle,
        "late": message.late_seconds,
        "provider_id": message.provider_id,
        "delay": message.delay_seconds,
        "not_after": settings.PAGER_NOT_AFTER_HOURS * 3600 if not_after is None else not_after,
    }


def _storable(value: Any) -> Any:
    # Postgres keeps neither NUL nor half a surrogate pair, and an odd alert text must not stop a page.
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value


def suppress(client: str, subject_ids: Sequence[int], *, reason: str, message_id: int | None = None) -> int:
    """Take back the pending messages about these subjects in the caller's transaction, or one; give their number.

    It waits for a claim in flight on one of them, so once the caller has committed, none is claimed any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set state = 'suppressed', error = %s, ended_at = now()"
            " where client = %s and subject_id = any(%s) and state = 'pending' and id = coalesce(%s, id)",
            [reason, client, list(subject_ids), message_id],
        )
        return int(cursor.rowcount)


def keep_pending(keys: Collection[str]) -> set[str]:
    """Give those of these keys whose message nobody has claimed yet; until the caller's transaction ends nobody does.

    It waits for a claim in flight on one of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select key from outbox_message where key = any(%s) and state = 'pending' and attempts = 0"
            " order by id for share",
            [list(keys)],
        )
        return {row[0] for row in cursor.fetchall()}


def bring_forward(message_ids: Sequence[int], *, seconds: float) -> int:
    """Make pending messages due so much sooner in the caller's transaction, now at the earliest; give their number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set due_at = greatest(now(), due_at - %s * interval '1 second')"
            " where state = 'pending' and due_at > now() and id in"
            " (select id from outbox_message where id = any(%s) and state = 'pending' for update skip locked)",
            [seconds, list(message_ids)],
        )
        found = int(cursor.rowcount)
    if found:
        transaction.on_commit(nudge.drain, robust=True)
    return found


def hasten(message_ids: Sequence[int]) -> int:
    """Make pending messages due now in the caller's transaction; give their number.

    One that somebody is claiming or taking back at this moment is left to them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set due_at = now() where id in (select id from outbox_message"
            " where id = any(%s) and state = 'pending' for update skip locked)",
            [list(message_ids)],
        )
        found = int(cursor.rowcount)
    if found:
        transaction.on_commit(nudge.drain, robust=True)
    return found
