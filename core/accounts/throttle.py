"""Attempts to sign in are counted before they are looked at, in Postgres, so that parallel guesses count as well."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from django.db import connection, transaction

from core.accounts import rules
from core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.accounts.rules import Limit


class TooManyAttempts(Refused):
    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        unit = "second" if self.seconds == 1 else "seconds"
        super().__init__(f"Too many attempts. Try again in {self.seconds} {unit}.")


def take(email: str, *, address: str | None) -> None:
    """Count an attempt, or raise TooManyAttempts.

    Who signed in from this network within 30 days waits for their own failures alone: strangers who try many
    accounts must not keep out the person on call.
    """
    limits = _limits(email, address)
    pair = _pair(email, address)
    with transaction.atomic():
        rows = _lock(limits)
        waits = {key: rules.wait(limits[key], level=level, elapsed=elapsed) for key, level, elapsed in rows}
        longest = max(waits.values())
        if longest > 0 and not (waits[pair] == 0 and _is_known(email, address)):
            raise TooManyAttempts(longest)
        _count(limits, rows)


def give_back(email: str, *, address: str | None) -> None:
    """Forget the attempt that succeeded, and the failures of this person from this network."""
    pair = _pair(email, address)
    with transaction.atomic(), connection.cursor() as cursor:
        rows = _lock(_limits(email, address))
        cursor.execute(
            "update accounts_bucket set level = case when key = %s then 0 else greatest(0, level - 1) end"
            " where key = any(%s)",
            [pair, [key for key, _, _ in rows]],
        )


def _limits(email: str, address: str | None) -> dict[str, Limit]:
    return {
        _pair(email, address): rules.PAIR,
        f"network|{rules.network(address)}": rules.NETWORK,
        "everybody": rules.EVERYBODY,
    }


def _pair(email: str, address: str | None) -> str:
    return f"pair|{_digest(email)}|{rules.network(address)}"


def _digest(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]


def _lock(keys: Iterable[str]) -> list[tuple[str, float, float]]:
    """Give key, level and seconds since the last attempt, locked in one order so that nobody waits in a circle."""
    wanted = sorted(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into accounts_bucket (key, level, updated_at) select unnest(%s::text[]), 0, now()"
            " on conflict (key) do nothing",
            [wanted],
        )
        cursor.execute(
            "select key, level, greatest(0, extract(epoch from now() - updated_at))::float8 from accounts_bucket"
            " where key = any(%s) order by key for update",
            [wanted],
        )
        return list(cursor.fetchall())


def _count(limits: Mapping[str, Limit], rows: Iterable[tuple[str, float, float]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "update accounts_bucket set level = %s, updated_at = now() where key = %s",
            [
                (rules.level_now(limits[key], level=level, elapsed=elapsed) + 1, key)
                for key, level, elapsed in rows
            ],
        )


def _is_known(email: str, address: str | None) -> bool:
    if address is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from events_event e join accounts_user u on u.id = e.subject_id"
            " where e.name = 'user.signed_in' and u.email = %s and e.address <<= %s::inet"
            " and e.occurred_at > now() - interval '30 days')",
            [email.strip().lower(), rules.network(address)],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def may_mail(email: str, *, address: str | None) -> bool:
    """Count a mail asked for by somebody who is not signed in; say False where it is too many for an hour."""
    keys = [f"mail|{_digest(email)}", f"mails|{rules.network(address)}"]
    limits = {keys[0]: rules.MAIL_TO_ONE, keys[1]: rules.MAIL_FROM_ONE}
    with transaction.atomic():
        rows = _lock(keys)
        if any(rules.wait(limits[key], level=level, elapsed=elapsed) > 0 for key, level, elapsed in rows):
            return False
        _count(limits, rows)
    return True
