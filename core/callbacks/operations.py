"""Remember what was heard, so that a call that somebody recorded does nothing when it is played again."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from django.db import connection, transaction

T = TypeVar("T")


@transaction.atomic
def once(service: str, signed: bytes, act: Callable[[], T]) -> T | None:
    """Act on a call and note it by what its service signed or numbered, or neither; None where it was noted before."""
    digest = sha256(service.encode() + b":" + signed).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("insert into callbacks_heard (digest) values (%s) on conflict do nothing", [digest])
        return act() if cursor.rowcount else None
