"""Typed domain events. `emit` writes the fact and one delivery per listener in the caller's transaction.

An app declares its events in `<app>/events.py` as frozen dataclasses with `@event("noun.happened")`; the
first field is the subject's id. Another app hears them in its `handlers.py` with `@on(TheEvent)`.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection, transaction

from core.events import nudge
from core.events.models import Event, EventDelivery

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

log = logging.getLogger(__name__)
T = TypeVar("T")

AT_ONCE = 10
"""Deliveries to a transaction: few enough that what their listeners lock is soon free again."""

DUE = "select 1 from events_eventdelivery where done_at is null and due_at <= {now}"
"""Deliveries that can be handed over."""

REGISTRY: dict[str, type[Any]] = {}
_names: dict[type[Any], str] = {}
_wanted: dict[str, Callable[[Any], bool]] = {}
_handlers: defaultdict[str, dict[str, Callable[[Any, Meta], None]]] = defaultdict(dict)

origin: ContextVar[str | None] = ContextVar("origin", default=None)
"""The address a request came from; a note for the audit, never needed for the event to be written."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What every event has: its row's id, when it happened, and who did it."""

    event_id: int
    occurred_at: datetime
    actor_id: int | None


def event(name: str) -> Callable[[type[T]], type[T]]:
    """Declare a dataclass as the event `name`."""

    def register(cls: type[T]) -> type[T]:
        REGISTRY[name] = cls
        _names[cls] = name
        return cls

    return register


def on(
    cls: type[T], *, when: Callable[[T], bool] | None = None
) -> Callable[[Callable[[T, Meta], None]], Callable[[T, Meta], None]]:
    """Listen to an event. At-least-once: the handler must be safe to run twice.

    With `when`, only facts for which it holds are handed over; it is asked while the event is written.
    """

    def register(handler: Callable[[T, Meta], None]) -> Callable[[T, Meta], None]:
        path = f"{handler.__module__}.{handler.__qualname__}"
        _handlers[_names[cls]][path] = handler
        if when is not None:
            _wanted[path] = when
        return handler

    return register


def emit(fact: object, *, actor: AbstractBaseUser | AnonymousUser | None = None) -> Event:
    """Record an event. Must be called inside the transaction it describes."""
    return emit_all([fact], actor=actor)[0]


def emit_all(
    facts: Sequence[object], *, actor: AbstractBaseUser | AnonymousUser | None = None
) -> list[Event]:
    """Record several events with two statements. Must be called inside the transaction they describe."""
    if not connection.in_atomic_block:
        raise RuntimeError("emit() needs a transaction")
    rows = Event.objects.bulk_create(
        Event(
            name=_names[type(fact)],
            subject_id=getattr(fact, dataclasses.fields(fact)[0].name),  # type: ignore[arg-type]
            actor_id=actor.pk if actor is not None and actor.is_authenticated else None,
            address=origin.get(),
            payload=dataclasses.asdict(fact),  # type: ignore[call-overload]
        )
        for fact in facts
    )
    deliveries = [
        EventDelivery(event=row, handler=path)
        for row, fact in zip(rows, facts, strict=True)
        for path in _handlers[row.name]
        if path not in _wanted or _wanted[path](fact)
    ]
    if deliveries:
        EventDelivery.objects.bulk_create(deliveries)
        transaction.on_commit(nudge.drain, robust=True)
    return rows


def deliver_due(*, limit: int = 100) -> int:
    """Hand due deliveries to their listeners, ten to a transaction; give the number handled.

    A listener that raises blocks nobody and leaves no trace: its own delivery waits 2, 4, 8 ... up to 3600 s
    and is tried again.
    """
    handled = 0
    while handled < limit and (some := _deliver_some(min(AT_ONCE, limit - handled))):
        handled += some
    return handled


def _deliver_some(limit: int) -> int:
    with transaction.atomic():
        due = list(
            EventDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .extra(where=["events_eventdelivery.due_at <= statement_timestamp()"])
            .filter(done_at=None)
            .select_related("event")
            .order_by("due_at", "id")[:limit]
        )
        errors = {delivery.pk: _failure(delivery) for delivery in due}
        if due:
            _finish([pk for pk, error in errors.items() if error is None])
            _put_off({pk: error for pk, error in errors.items() if error is not None})
    return len(due)


def _failure(due: EventDelivery) -> str | None:
    """Hand one delivery over in a savepoint of its own; give what went wrong."""
    try:
        with transaction.atomic():
            _hand_over(due)
    except Exception as error:  # a listener's fault must stay its own
        log.exception("listener %s failed on event %s", due.handler, due.event_id)
        return f"{type(error).__name__}: {error}".replace("\x00", "")[:2000]
    return None


def _hand_over(due: EventDelivery) -> None:
    handler = _handlers[due.event.name].get(due.handler)
    if handler is None:
        return  # the listener is gone from the code
    cls = REGISTRY[due.event.name]
    known = {field.name for field in dataclasses.fields(cls)}
    fact = cls(**{key: value for key, value in due.event.payload.items() if key in known})
    handler(fact, Meta(due.event_id, due.event.occurred_at, due.event.actor_id))


def _finish(ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update events_eventdelivery set done_at = now(), error = '' where id = any(%s)", [ids]
        )


def _put_off(errors: dict[int, str]) -> None:
    if not errors:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "update events_eventdelivery set attempts = attempts + 1, error = failed.error,"
            " due_at = now() + least(3600, power(2, least(attempts + 1, 12))) * interval '1 second'"
            " from unnest(%s::bigint[], %s::text[]) as failed (pk, error) where id = pk",
            [list(errors), list(errors.values())],
        )
