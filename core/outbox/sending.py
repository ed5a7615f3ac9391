"""Send what was claimed: threads do nothing but talk to the network, one thread talks to Postgres."""

from __future__ import annotations

import logging
import os
import random
import socket
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.conf import settings
from django.db import InterfaceError, OperationalError

from core import failpoints
from core.channels import registry as channels
from core.channels import secrets
from core.channels.registry import Channel, Content, Delivery, Permanent, Sent, Temporary, Unknown
from core.outbox import claims, registry, rules
from core.outbox.claims import Result, Room
from core.outbox.models import Lane, Message, State

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

AT_ONCE = 20
PER_CLAIM = 10
BEHIND_PAGES = 15
"""At least a quarter of what goes on at once is kept for pages."""
PER_CHANNEL = 6
"""A channel with so many under way gets no more claimed, so that one that hangs leaves room for the others.
"""
SHARE_OF_LEASE = 0.6
LONGEST_SECONDS = 5.0


def worker_name(kind: str) -> str:
    """The name of this process in leases, attempts and beats."""
    return f"{kind} {socket.gethostname()[:40]} {os.getpid()}"


class Sender:
    """Messages under way in one process. Turn by turn: record what is done, claim what there is room for.

    What Postgres could not be told stays under way, so whoever keeps the sender tells it when Postgres is back.
    """

    def __init__(self, *, owner: str) -> None:
        self.owner = owner
        self._under_way: dict[Future[Result], Message] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def record(self) -> int:
        """Record the tries that have finished by now."""
        done = [future for future in self._under_way if future.done()]
        if not done:
            return 0
        failpoints.hit("before_complete")
        if not self._tell(done):
            for future in done:
                self._tell([future])
        return len(done)

    def _tell(self, done: Sequence[Future[Result]]) -> bool:
        """Tell Postgres what these came to. False where one of several is something that it refuses.

        One alone that it refuses is let go: its lease ends, and it counts as a try of which nobody knows the outcome.
        """
        try:
            claims.complete([future.result() for future in done], owner=self.owner)
        except (OperationalError, InterfaceError):  # Postgres is away or has too much to do
            raise
        except Exception:
            if len(done) > 1:
                return False
            log.exception("what became of message %s cannot be recorded", self._under_way[done[0]].pk)
        for future in done:
            del self._under_way[future]
        return True

    def wait(self, seconds: float) -> None:
        """Wait until a try has finished, at most so long."""
        wait(self._under_way, timeout=seconds, return_when=FIRST_COMPLETED)

    def finish(self) -> None:
        """Record everything under way, as it finishes."""
        while self._under_way:
            self.wait(LONGEST_SECONDS)
            self.record()

    def begin(self) -> int:
        """Claim what there is room for and start sending it; give the number claimed."""
        room = self._room()
        if room.messages <= 0:
            return 0
        lease_over_at = time.monotonic() + SHARE_OF_LEASE * settings.PAGER_LEASE_SECONDS
        claimed = claims.claim(room, owner=self.owner)
        if not claimed:
            return 0
        if failpoints.is_on("mark_before_send"):
            now = time.monotonic()
            claims.complete([_accepted(message, now, now) for message in claimed], owner=self.owner)
        failpoints.hit("after_claim")
        for position, message in enumerate(claimed):
            if time.monotonic() > lease_over_at:
                claims.release(claimed[position:])
                break
            self._under_way[_threads().submit(_try, message, content_of(message))] = message
        return len(claimed)

    def _room(self) -> Room:
        under_way = self._under_way.values()
        per_channel = Counter(message.channel for message in under_way)
        behind = sum(message.lane > Lane.PAGES for message in under_way)
        return Room(
            min(PER_CLAIM, AT_ONCE - len(under_way)),
            max(0, BEHIND_PAGES - behind),
            [channel for channel, count in per_channel.items() if count >= PER_CHANNEL],
        )


def send_due(*, owner: str | None = None) -> int:
    """Claim, render, send and record until nothing is due; give the number of messages claimed."""
    sender = Sender(owner=owner or worker_name("sender"))
    claimed = 0
    while (now := sender.begin()) or not sender.is_idle:
        claimed += now
        sender.wait(LONGEST_SECONDS)
        sender.record()
    return claimed


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="send")


os.register_at_fork(after_in_child=_threads.cache_clear)


def content_of(message: Message) -> Content:
    """What the client makes of its message; when that fails, the words stored with it."""
    client = registry.client(message.client)
    if client is not None:
        try:
            return client.render(message)
        except Exception:  # whatever is wrong with the text, the page goes out
            log.exception("message %s could not be rendered; its stored words go out", message.pk)
    stored = message.content if isinstance(message.content, dict) else {}
    return Content(
        subject=str(stored.get("subject") or "Watchbill"),
        text=str(stored.get("text") or stored.get("subject") or "Open Watchbill."),
        url=str(stored.get("url") or ""),
        code=str(stored.get("code") or ""),
        token=str(stored.get("token") or ""),
        room=str(stored.get("room") or ""),
    )


def content_by_key(key: str, *, channel: str) -> Content | None:
    """What the message with this key says, None where there is none by this channel."""
    message = Message.objects.filter(key=key, channel=channel).first()
    return content_of(message) if message else None


def _try(message: Message, content: Content) -> Result:
    began = time.monotonic()
    try:
        sent = _hand_over(message, content)
        failpoints.hit("after_send")
    except Permanent as error:
        return _failed(message, began, _masked(message, error))
    except Unknown as error:
        return _unknown(message, began, _masked(message, error))
    except Temporary as error:
        return _again(message, began, _masked(message, error), retry_after=error.retry_after)
    except Exception as error:
        log.exception("the channel %s failed on message %s", message.channel, message.pk)
        return _again(message, began, f"{type(error).__name__} in the channel")
    return _accepted(message, began, time.monotonic(), sent)


def _masked(message: Message, error: Exception) -> str:
    """What went wrong in the other side's words, without the address that they may repeat."""
    words = str(error)
    try:
        address, channel = secrets.unseal(message.address), channels.get(message.channel)
    except (KeyError, secrets.CannotOpen):
        return words
    hint = channel.hint(address)
    for form in (address, quote(address, safe=""), address.removeprefix("+")) if channel.is_sealed else ():
        words = words.replace(form, hint) if form else words
    return words


def _hand_over(message: Message, content: Content) -> Sent:
    try:
        channel = channels.get(message.channel)
        address = secrets.unseal(message.address)
        secret = secrets.unseal(message.secret)
    except KeyError as error:
        raise Permanent(f"there is no channel {message.channel}") from error
    except secrets.CannotOpen as error:
        raise Permanent(str(error)) from error
    is_edit = _is_edit(message)
    delivery = Delivery(
        key=message.key,
        address=address,
        secret=secret,
        content=content,
        resent=message.unknown_outcomes > 0 and not is_edit,
        timeout=min(LONGEST_SECONDS, settings.PAGER_LEASE_SECONDS / 3),
        provider_id=message.provider_id,
    )
    if message.bundle_of_id is not None and delivery.provider_id:
        return _go_on(channel, delivery)
    # What may have arrived, and whose name there is known, is changed rather than sent again.
    if is_edit or (delivery.resent and message.provider_id and channels.can_edit(channel.kind, address)):
        return _edit(channel, delivery)
    return channel.send(delivery)


def _is_edit(message: Message) -> bool:
    client = registry.client(message.client)
    return client is not None and client.edits


def _go_on(channel: Channel, delivery: Delivery) -> Sent:
    """Change the digest that this one goes on with; where that is gone, a new message says it all."""
    try:
        return _edit(channel, delivery)
    except Permanent:
        return channel.send(delivery)


def _edit(channel: Channel, delivery: Delivery) -> Sent:
    if channel.edit is None or not delivery.provider_id:
        raise Permanent(f"{channel.name} cannot change a message")
    try:
        channel.edit(delivery)
    except Unknown as error:
        raise Temporary(str(error)) from error
    return Sent(delivery.provider_id)


def _accepted(message: Message, began: float, ended: float, sent: Sent | None = None) -> Result:
    taken = sent or Sent()
    return Result(
        message,
        "accepted",
        State.ACCEPTED,
        "",
        began,
        ended,
        provider_id=taken.provider_id[:200],
        receipt_seconds=taken.receipt_seconds,
    )


def _failed(message: Message, began: float, detail: str) -> Result:
    return Result(message, "permanent", State.FAILED, detail, began, time.monotonic(), fallback_wanted=True)


def _again(message: Message, began: float, detail: str, *, retry_after: float | None = None) -> Result:
    if message.attempts >= rules.MOST_EDITS and _is_edit(message):
        return _failed(message, began, detail)
    seconds = rules.wait_seconds(message.attempts, retry_after=retry_after, chance=random.random())  # noqa: S311
    return Result(
        message,
        "temporary",
        State.PENDING,
        detail,
        began,
        time.monotonic(),
        wait=seconds,
        fallback_wanted=rules.wants_fallback(message.attempts, waiting=seconds),
    )


def _unknown(message: Message, began: float, detail: str) -> Result:
    is_last = message.unknown_outcomes + 1 >= rules.MOST_UNKNOWN_OUTCOMES
    seconds = rules.wait_seconds(message.attempts, chance=random.random())  # noqa: S311
    return Result(
        message,
        "unknown",
        State.UNKNOWN if is_last else State.PENDING,
        detail,
        began,
        time.monotonic(),
        wait=0.0 if is_last else seconds,
        is_unknown=True,
        fallback_wanted=is_last or rules.wants_fallback(message.attempts, waiting=seconds),
    )
