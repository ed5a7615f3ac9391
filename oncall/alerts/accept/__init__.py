"""The door for signals: authenticate, check the size, store the raw body in one statement, answer.

It stands before Django's middleware. A 2xx is sent after COMMIT, while Postgres is away after the flush of a file to
the disk, and never otherwise; all else happens later, in `oncall.pipeline`. Keys are looked up by their hash and never
written to a log, an answer or a stored body.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings

from core.events import nudge
from oncall.alerts.accept import answers, keeping, recovery, request, store
from oncall.alerts.parsers import CHANGE, OVERSIZED, pagerduty, values

if TYPE_CHECKING:
    from core.stack.bodies import Receive, Scope, Send
    from oncall.alerts.accept.answers import Answer
    from oncall.alerts.accept.request import Request

log = logging.getLogger(__name__)

ANSWER_WITHIN_SECONDS = 2.4
KINDS = ("alertmanager", "canary", "generic", "pagerduty", CHANGE)
_ROUTING_KEY = re.compile(rb'"routing_key"\s*:\s*"([^"\\\s]{1,100})"')


def is_ingest(path: str) -> bool:
    """Whether an address belongs to this door."""
    return request.address(path) is not None


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one signal; silent when its sender went away before the whole body had come."""
    place = request.address(scope["path"])
    if scope["method"] != "POST":
        await answers.ONLY_POST.send(send)
    elif place is None or place.kind not in KINDS:
        await answers.UNKNOWN_KIND.send(send)
    else:
        given = await request.read(scope, receive, place, limit=settings.INGEST_MAX_BYTES)
        if given is not None:
            await (await _in_time(given)).send(send)


async def _in_time(given: Request) -> Answer:
    """The answer, or that there is none yet: a server or a disk that hangs must not keep the sender waiting."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            return await _answer(given)
    except store.Overloaded:
        return given.style.overloaded
    except TimeoutError:
        log.warning("a signal was not taken because nothing answered in time")
    except store.Away as error:
        log.warning("a signal was not taken: %s", error)
    return given.style.away


async def _answer(given: Request) -> Answer:
    if not given.complete:
        return given.style.cut_short
    if given.too_large:
        return await _too_large(given)
    return await (_event(given) if given.kind in ("pagerduty", CHANGE) else _webhook(given))


async def _webhook(given: Request) -> Answer:
    """Any kind whose key is in its address or its header: stored as it came, looked at later."""
    found = await keeping.put(_row(given, given.key, body=given.body))
    return _refused(given, found) or _accepted(answers.OK)


async def _event(given: Request) -> Answer:
    """PagerDuty's Events API: the key is in the body, and what is no event is refused at once."""
    try:
        event = orjson.loads(given.body)
    except orjson.JSONDecodeError:
        return await _not_json(given)
    if not isinstance(event, dict):
        return await _not_json(given)
    key = given.key or str(event.get("routing_key") or "")
    errors = (pagerduty.change_errors if given.kind == CHANGE else pagerduty.errors)(event)
    dedup_key = "" if given.kind == CHANGE else values.text(event.get("dedup_key")) or uuid.uuid4().hex
    row = _row(given, key, body=_without_key(given.body, event), dedup_key=dedup_key)
    if errors:
        found = await keeping.refuse(row, error="; ".join(errors))
        return _refused(given, found) or answers.invalid(errors)
    found = await keeping.put(row)
    return _refused(given, found) or _accepted(answers.processed(found.dedup_key))


async def _not_json(given: Request) -> Answer:
    found = _ROUTING_KEY.search(given.body)
    key = given.key or (found[1].decode(errors="replace") if found else "")
    row = _row(given, key, body=given.body.replace(key.encode(), _masked(key)) if key else b"")
    if not key or not (await keeping.refuse(row, error="The body is no JSON object.")).is_known:
        store.soon("unreadable", f"A body at {given.path} was no JSON object and named no known key.")
    return answers.UNRECOGNISED


async def _too_large(given: Request) -> Answer:
    found = _ROUTING_KEY.search(given.body) if not given.key else None
    key = given.key or (found[1].decode(errors="replace") if found else "")
    note = "A signal was over 1 MB; it was answered with 413."
    known = await keeping.put(_row(given, key, body=b"", kind=OVERSIZED), note=note)
    if not known.is_accepted and key:
        return _refused(given, known) or given.style.too_large
    if not known.is_accepted:
        store.soon("too_large", f"A body at {given.path} was over 1 MB and named no key.")
    return _accepted(given.style.too_large)


def _refused(given: Request, found: store.Found) -> Answer | None:
    if found.is_accepted:
        return None
    if found.is_known:
        return given.style.wrong_kind
    store.soon("unknown_key", f"A signal at {given.path} came with a key that is not known.")
    return given.style.unknown_key


def _accepted(answer: Answer) -> Answer:
    nudge.drain()
    return answer


def _row(given: Request, key: str, *, body: bytes, kind: str = "", dedup_key: str = "") -> store.Row:
    return store.Row(
        key=key,
        source_kind="pagerduty" if given.kind == CHANGE else given.kind,
        kind=kind or given.kind,
        request_key=given.idempotency_key,
        content_type=given.content_type,
        body=body,
        dedup_key=dedup_key[: pagerduty.MAX_DEDUP_KEY],
    )


def _without_key(body: bytes, event: dict[str, Any]) -> bytes:
    """The body to keep: a routing key is a credential, so only its beginning stays."""
    key = event.get("routing_key")
    if not isinstance(key, str) or not key:
        return body
    if (raw := key.encode(errors="replace")) in body:
        return body.replace(raw, _masked(key))
    return orjson.dumps({**event, "routing_key": _masked(key).decode()})


def _masked(key: str) -> bytes:
    return key[:8].encode(errors="replace") + b"*" * max(0, len(key) - 8)


watch = recovery.watch
close = store.close
