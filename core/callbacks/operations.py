"""Remember what was heard, so that a call that somebody recorded does nothing when it is played again."""

from __future__ import annotations

from hashlib import sha256

from django.db import connection


def is_first(service: str, signed: bytes) -> bool:
    """Note a call by what its service signed or numbered; False where it was noted before."""
    digest = sha256(service.encode() + b":" + signed).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("insert into callbacks_heard (digest) values (%s) on conflict do nothing", [digest])
        return bool(cursor.rowcount)
