"""In a storm: what one person would get too much of by one channel becomes one digest a minute (`PAGER_DIGEST_SECONDS`).

The first messages go at once; from `PAGER_STORM_AFTER` within a minute on, each further one is `bundled` into the digest
of that minute and keeps it as its proof. A lane counts itself and those before it, so a critical page is never held up
by others, and digests go behind critical pages. What becomes of a digest is told about each message in it.

A channel, which is nobody's, is spared in the same way. Where its service allows changes, the digests of one storm are one
message: each later one changes the first (`go_on`) and joins it (`bundle_of`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from core.channels import registry as channels
from core.channels import secrets
from core.outbox import registry
from core.outbox.models import Lane, Message, State
from core.outbox.telling import outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet

    from core.channels.registry import Content
    from core.outbox.registry import Client, Outcome

SUFFIX = ".digest"
AT_ONCE = 200
STORM_GOES_ON = "10 minutes"
"""So long after a digest of a channel the next one still changes it."""
NOT_WANTED = "nothing in it is wanted any more"


def register(client: Client, *, render: Callable[[Message], Content]) -> None:
    """Make a client known whose messages may be bundled; `render` writes the digest."""
    registry.register(client)
    registry.register(registry.Client(client.name + SUFFIX, _unwanted, render, _hear))


def attach(bundled: Sequence[Message]) -> None:
    """Put messages that were bundled just now, and what else is due for the same, into digests.

    Called in the transaction that claims.
    """
    groups: defaultdict[tuple[object, ...], list[Message]] = defaultdict(list)
    for message in bundled:
        groups[message.client, message.user_id, message.channel, message.address, message.lane].append(
            message
        )
    for group in groups.values():
        digest = _digest(group[0])
        with connection.cursor() as cursor:
            cursor.execute(
                "update outbox_message set bundle_of_id = %s where id = any(%s)",
                [digest, [message.pk for message in group]],
            )
            cursor.execute(_REST, {**_about(group[0]), "digest": digest, "at_once": AT_ONCE})


def _about(message: Message) -> dict[str, Any]:
    return {
        "client": message.client,
        "user": message.user_id,
        "channel": message.channel,
        "address": message.address,
        "lane": message.lane,
    }


# What is locked stands in a `with`, which runs once; a subselect may be run again for each row, past its limit.
_REST = """
with rest as (
    select id from outbox_message
    where state = 'pending' and due_at <= now() and lane = %(lane)s and may_bundle and attempts = 0
        and client = %(client)s and user_id is not distinct from %(user)s::bigint
        and channel = %(channel)s and address = %(address)s
    order by due_at, id limit %(at_once)s for update skip locked
)
update outbox_message as message
set state = 'bundled', bundle_of_id = %(digest)s, taken_at = now(), ended_at = now()
from rest where message.id = rest.id"""


# The digest of a turn, a minute each, is one row by its key. Whoever adds to it holds it, so nobody claims it
# meanwhile; one that is claimed already takes no more, and the next turn's is used.
_DIGEST = """
insert into outbox_message (key, client, subject_id, lane, channel, address, secret, user_id, content, epoch,
    planned_at, due_at, not_after, state, attempts, unknown_outcomes, lease_owner, provider_id, error)
select 'digest-' || coalesce(%(user)s::bigint, 0) || '-' || %(channel)s || '-' || left(md5(%(address)s), 12)
        || '-' || %(lane)s || '-' || turn || %(own)s,
    %(digest_client)s, coalesce(%(user)s::bigint, 0), %(digest_lane)s, %(channel)s, %(address)s, %(secret)s,
    %(user)s::bigint,
    jsonb_build_object('subject', 'More messages are waiting for you', 'text', 'Open Watchbill: ' || %(url)s::text,
        'url', %(url)s::text),
    0, due, due, due + %(not_after)s * interval '1 hour', 'pending', 0, 0, '', '', ''
from (select floor(extract(epoch from now()) / %(every)s)::bigint + %(ahead)s as turn) as next,
    to_timestamp(%(every)s * turn) as due
on conflict (key) do update set key = excluded.key where outbox_message.state = 'pending'
returning id
"""


def _digest(message: Message) -> int:
    """Give the digest that a message goes into, held; it is due when the turn is over.

    Where the clock of the database was set back, those of the coming turns were sent already: then it is another one.
    """
    for ahead, own in ((1, ""), (2, ""), (1, "-again"), (1, f"-{message.pk}")):
        with connection.cursor() as cursor:
            cursor.execute(
                _DIGEST,
                {
                    **_about(message),
                    "digest_client": message.client + SUFFIX,
                    "digest_lane": max(message.lane, Lane.PAGES),
                    "secret": message.secret,
                    "url": settings.BASE_URL,
                    "not_after": settings.PAGER_NOT_AFTER_HOURS,
                    "every": settings.PAGER_DIGEST_SECONDS,
                    "ahead": ahead,
                    "own": own,
                },
            )
            if row := cursor.fetchone():
                return int(row[0])
    raise RuntimeError(f"message {message.pk} was put into a digest twice")


_BEFORE = f"""
select coalesce(bundle_of_id, id), provider_id from outbox_message
where client = %s and subject_id = 0 and user_id is null and channel = %s and address = %s and id <> %s
    and state in ('accepted', 'delivered') and provider_id <> '' and ended_at > now() - interval '{STORM_GOES_ON}'
order by id desc limit 1"""  # noqa: S608 - a constant


def go_on(claimed: Sequence[Message]) -> None:
    """Let digests of channels change the one that told the same channel of this storm, where its service allows that.

    Called in the transaction that claims.
    """
    for digest in claimed:
        is_new = digest.client.endswith(SUFFIX) and digest.user_id is None and digest.attempts == 1
        if not is_new or not _can_edit(digest):
            continue
        with connection.cursor() as cursor:
            cursor.execute(_BEFORE, [digest.client, digest.channel, digest.address, digest.pk])
            if before := cursor.fetchone():
                digest.bundle_of_id, digest.provider_id = before
                digest.save(update_fields=["bundle_of", "provider_id"])


def _can_edit(message: Message) -> bool:
    try:
        return channels.can_edit(message.channel, secrets.unseal(message.address))
    except secrets.CannotOpen:
        return False


def inside(digest: Message | int) -> QuerySet[Message]:
    """Give the messages that a digest tells of, for a channel those of the whole storm; an id names its first one."""
    if isinstance(digest, Message):
        if digest.user_id is not None:
            return digest.bundled.all()
        digest = digest.bundle_of_id or digest.pk
    # Read first: as one question, of both the digests and what is in them, it would look at every message there is.
    later = Message.objects.filter(bundle_of=digest).exclude(state=State.BUNDLED).values_list("pk", flat=True)
    return Message.objects.filter(bundle_of__in=[digest, *later], state=State.BUNDLED)


def _unwanted(digests: Sequence[Message]) -> dict[int, str]:
    """Say of which digests nothing is wanted any more; why, is kept with each message in it."""
    return {digest.pk: NOT_WANTED for digest in digests if not _is_wanted(digest)}


def _is_wanted(digest: Message) -> bool:
    client = registry.client(digest.client.removesuffix(SUFFIX))
    if client is None:
        return True
    rest = digest.bundled.filter(state=State.BUNDLED).order_by("pk")
    last, wanted = 0, False
    while some := list(rest.filter(pk__gt=last)[:AT_ONCE]):
        reasons = client.guard(some)
        last = some[-1].pk
        if digest.user_id is None:
            wanted = wanted or len(reasons) < len(some)
            _keep(reasons, also=_APART)
            continue
        if len(reasons) < len(some):
            return True
        _keep(reasons)
    return wanted


_APART = "state = 'suppressed', untold_at = now(), "
"""What is taken out of a channel's digest one by one: nobody of that channel may read it, or need to."""


def _keep(reasons: registry.Reasons, *, also: str = "") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"update outbox_message set {also}error = reason"  # noqa: S608 - a constant
            " from unnest(%s::bigint[], %s::text[]) as unwanted (pk, reason) where id = pk",
            [list(reasons), list(reasons.values())],
        )


def _hear(outcomes: Sequence[Outcome]) -> None:
    """Let the clients be told what became of a digest, about each message in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set untold_at = now() where state = 'bundled' and bundle_of_id = any(%s)",
            [[outcome.message_id for outcome in outcomes]],
        )


_UNTOLD = """
select message.*, digest.state as went, coalesce(nullif(message.error, ''), digest.error) as why
from outbox_message as message join outbox_message as digest on digest.id = message.bundle_of_id
where message.state = 'bundled' and message.untold_at <= now()
order by message.untold_at, message.id limit %s for update of message skip locked
"""
UNTOLD = "select 1 from outbox_message where state = 'bundled' and untold_at <= now()"
_LATER = "update outbox_message set untold_at = now() + interval '10 seconds' where id = any(%s)"


def tell_due(tell: Callable[[Sequence[Outcome]], list[int]], *, limit: int = AT_ONCE) -> int:
    """Tell clients what became of messages that went in a digest; give how many were told of."""
    with transaction.atomic():
        due = list(Message.objects.raw(_UNTOLD, [limit]))
        unheard = tell([_outcome(message) for message in due])
        heard = [message.pk for message in due if message.pk not in unheard]
        Message.objects.filter(pk__in=heard).update(untold_at=None)
        if unheard:
            with connection.cursor() as cursor:
                cursor.execute(_LATER, [unheard])
    return len(heard)


def _outcome(message: Message) -> Outcome:
    went, why = vars(message)["went"], vars(message)["why"]
    is_open = went in (State.PENDING, State.SENDING)
    fallback = is_open or went in (State.FAILED, State.UNKNOWN)
    return outcome_of(message, "retrying" if is_open else went, why, fallback=fallback)
