"""Every text of every table in which a word of a person stands. Nothing has to be named here to be reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.db import connection

from core.people.erasure.rules import pattern, spellings

if TYPE_CHECKING:
    from collections.abc import Mapping

LEFT = ("accounts_user", "django_migrations", "django_content_type", "auth_permission")
"""Accounts are of people each; the rest is Django's own."""
PATIENCE = "300s"
CASTS = {"jsonb": "jsonb", "_text": "text[]", "_varchar": "varchar[]"}
_COLUMNS = """
select c.table_name, c.column_name, c.udt_name, c.character_maximum_length
from information_schema.columns as c join pg_class as t on t.relname = c.table_name and t.relkind in ('r', 'p')
    and not t.relispartition and t.relnamespace = 'public'::regnamespace
where c.table_schema = 'public' and c.is_generated = 'NEVER' and c.is_identity = 'NO'
    and c.udt_name in ('text', 'varchar', 'jsonb', '_text', '_varchar', 'bytea')
order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Word:
    """A text, what stands in its place from now on, and whether capital letters count."""

    text: str
    instead: str
    as_written: bool = True

    def steps(self) -> list[tuple[str, str, str]]:
        """Give pattern, replacement and flags of each spelling."""
        flags = "g" if self.as_written else "gi"
        return [(pattern(one), self.instead.replace("\\", "\\\\"), flags) for one in spellings(self.text)]


def replace(words: Sequence[Word]) -> int:
    """Put other words in the place of these in every text of every table; give how many rows were changed."""
    if not words:
        return 0
    changed = 0
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{PATIENCE}'")
        for table, columns in _tables(cursor).items():
            texts = {name: kind for name, kind in columns.items() if kind[0] != "bytea"}
            if texts:
                cursor.execute(*_update(table, texts, words))
                changed += cursor.rowcount
            for name in columns.keys() - texts.keys():
                changed += _in_bytes(cursor, table, name, words)
    return changed


def _tables(cursor: Any) -> Mapping[str, dict[str, tuple[str, int | None]]]:
    cursor.execute(_COLUMNS)
    found: dict[str, dict[str, tuple[str, int | None]]] = defaultdict(dict)
    for table, column, kind, longest in cursor.fetchall():
        if table not in LEFT:
            found[table][column] = (kind, longest)
    return found


def _update(
    table: str, columns: Mapping[str, tuple[str, int | None]], words: Sequence[Word]
) -> tuple[str, list[Any]]:
    """Give one statement for a table, so that each is read once."""
    steps = [step for word in words for step in word.steps()]
    sets: list[str] = []
    wheres: list[str] = []
    new: list[Any] = []
    old: list[Any] = []
    for name, (kind, longest) in columns.items():
        text = made = f'"{name}"::text'
        for _ in steps:
            made = f"regexp_replace({made}, %s, %s, %s)"
        if longest:
            made = f"left({made}, {longest})"
        sets.append(f'"{name}" = ({made})::{CASTS.get(kind, "text")}')
        new += [part for step in steps for part in step]
        for found, _, flags in steps:
            wheres.append(f"{text} {'~*' if 'i' in flags else '~'} %s")
            old.append(found)
    query = f'update "{table}" set {", ".join(sets)} where {" or ".join(wheres)}'  # noqa: S608 - names of our tables
    return query, [*new, *old]


def _in_bytes(cursor: Any, table: str, column: str, words: Sequence[Word]) -> int:
    """Replace in bytes, in which Postgres finds but does not replace."""
    pairs = [(one.encode(), word.instead.encode()) for word in words for one in spellings(word.text)]
    where = " or ".join([f'position(%s::bytea in "{column}") > 0'] * len(pairs))
    names = f'"{table}"', f'"{column}"'
    cursor.execute(
        f"select ctid, {names[1]} from {names[0]} where {where}",  # noqa: S608 - names of our tables
        [old for old, _ in pairs],
    )
    rows = cursor.fetchall()
    for ctid, content in rows:
        found = bytes(content)
        for old, new in pairs:
            found = found.replace(old, new)
        cursor.execute(f"update {names[0]} set {names[1]} = %s where ctid = %s::tid", [found, str(ctid)])  # noqa: S608
    return len(rows)
