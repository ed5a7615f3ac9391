"""Seal the addresses that earlier versions stored in the clear, and seal all anew when the key has changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection, transaction

from core.channels import secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of sealed texts; all are words of our own code.

    One named "address" has "channel" beside it, and `lookup` is the column that it is found by. `had_clear` where
    earlier versions wrote into it as well, which sealed nothing.
    """

    table: str
    name: str
    lookup: str = ""
    had_clear: bool = False


_columns: list[Column] = []
_Row = tuple[int, str, str]


def keep(column: Column) -> None:
    """Look after a column: seal what is in the clear where it holds addresses, seal anew when the key changes."""
    _columns.append(column)


def columns() -> Sequence[Column]:
    """Every column that is looked after."""
    return tuple(_columns)


def stored(address: str) -> str:
    """An address as it is to be stored: sealed, or in the clear while a process runs that could not send to it."""
    return secrets.seal(address) if _may_seal() else address


def _may_seal() -> bool:
    """Whether everything that drained lately can open what is sealed: earlier versions cannot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select not exists (select from outbox_workerbeat"
            " where seen_at > now() - interval '2 minutes' and not opens_sealed)"
        )
        return bool(cursor.fetchone()[0])


# The first condition is in the words of the partial index, which is empty once all is sealed.
UNSEALED = """
select id, channel, address from {table}
where not (address::text like 'sealed:%%') and not (channel in ('email', 'null')) and address <> ''
order by id limit %s for no key update skip locked"""


def are_current() -> bool:
    """Whether what is sealed longest opens with SECRET_KEY itself, in each column: then nothing needs an earlier one."""
    return all(secrets.is_current(text) for column in _columns for _, _, text in _sealed_after(column, 0))


def seal_some() -> int:
    """Seal a share of the addresses that are stored in the clear, in the caller's transaction; give their number."""
    return sum(_seal_some(column) for column in _columns if column.had_clear) if _may_seal() else 0


def _seal_some(column: Column) -> int:
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED.format(table=column.table), [AT_ONCE])
        rows: list[_Row] = cursor.fetchall()
    # What was equal stays so: messages to one address are counted by it.
    sealed = {address: secrets.seal(address) for address in {address for _, _, address in rows}}
    return _write(column, [(id_, channel, sealed[address]) for id_, channel, address in rows])


def rotate(column: Column) -> Iterator[int]:
    """Seal a column anew under SECRET_KEY, batch by batch, each in its own transaction; give how many each was.

    Raise `secrets.CannotOpen` when one was sealed with a key that is not in the ring.
    """
    last, anew = 0, dict[str, str]()
    while True:
        with transaction.atomic():
            rows = _sealed_after(column, last, held=True)
            for text in {text for _, _, text in rows} - anew.keys():
                anew[text] = secrets.seal_anew(text)
            changed = [(id_, channel, anew[text]) for id_, channel, text in rows if anew[text] != text]
            yield _write(column, changed)
        if not rows:
            return
        last = rows[-1][0]


def _sealed_after(column: Column, last: int, *, held: bool = False) -> list[_Row]:
    channel = "channel" if column.name == "address" else "''"
    lock = " for no key update" if held else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select id, {channel}, {column.name} from {column.table}"  # noqa: S608
            f" where id > %s and {column.name} like 'sealed:%%' order by id limit %s{lock}",
            [last, AT_ONCE],
        )
        rows: list[_Row] = cursor.fetchall()
    return rows


def _write(column: Column, rows: Sequence[_Row]) -> int:
    if not rows:
        return 0
    new = [{"id": id_, "text": text, "lookup": _lookup(column, channel, text)} for id_, channel, text in rows]
    lookup = f", {column.lookup} = new.lookup" if column.lookup else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {column.table} as kept set {column.name} = new.text{lookup}"  # noqa: S608
            " from jsonb_to_recordset(%s::jsonb) as new (id bigint, text text, lookup text)"
            " where kept.id = new.id",
            [json.dumps(new)],
        )
        return int(cursor.rowcount)


def _lookup(column: Column, channel: str, text: str) -> str:
    return secrets.lookup(channel, secrets.unseal(text)) if column.lookup else ""
