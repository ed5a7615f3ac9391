"""Codes and test pages are counted one at a time, for a person and for an address: what is asked for at once counts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from core.accounts.models import User
from core.channels import secrets
from core.outbox import spending

_CLASS = 7022
"""The first half of the key of each address's advisory lock."""
_LOCK = """
select pg_advisory_xact_lock(%s, number) from (select hashtext(unnest(%s::text[])) as number order by 1) as numbers
"""


def lock_person(user_id: int) -> User:
    """Let nobody else count what was sent to a person until the transaction ends; before `lock_addresses`."""
    return User.objects.select_for_update(no_key=True).get(pk=user_id)


def lock_addresses(addresses: Iterable[tuple[str, str]]) -> None:
    """Let nobody else count what went to these addresses (channel, address in the clear) until the transaction ends.

    A number is one address, whether it gets texts or calls.
    """
    found = [
        secrets.lookup("number" if kind in spending.PAID else kind, address) for kind, address in addresses
    ]
    if found:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [_CLASS, found])
