"""Every text of every table in which a word of a person stands. Nothing has to be named here to be reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.db import connection

from core.people.erasure.rules import escaped, in_bytes, pattern, spellings

if TYPE_CHECKING:
    from collections.abc import Mapping

LEFT = ("accounts_user", "django_migrations", "django_content_type", "auth_permission")
"""Accounts are of people each; the rest is Django's own."""
PATIENCE = "300s"
LEAST = 100
"""Columns for fewer characters hold names of things and words of programs."""
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
    """A text, what stands in its place from now on, and whether capital letters count.

    A further one, which somebody typed, is looked for in what people write alone: not in short columns, in which
    programs keep zones, states and addresses.
    """

    text: str
    instead: str
    as_written: bool = True
    is_further: bool = False

    def steps(self, longest: int | None) -> list[tuple[str, str, str]]:
        """Give pattern, replacement and flags of each spelling, for a column that holds so many characters at most."""
        if self.is_further and longest is not None and longest < LEAST:
            return []
        flags = "g" if self.as_written else "gi"
        return [
            (pattern(one, is_further=self.is_further), self.instead.replace("\\", "\\\\"), flags)
            for one in spellings(self.text)
        ]


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
                query, given = _update(table, texts, words)
                if query:
                    cursor.execute(query, given)
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
    """Give one statement for a table, so that each is read once; an empty one where nothing is to be looked for."""
    sets: list[str] = []
    wheres: list[str] = []
    new: list[Any] = []
    old: list[Any] = []
    for name, (kind, longest) in columns.items():
        steps = [step for word in words for step in word.steps(longest)]
        if not steps:
            continue
        text = made = f'"{name}"::text'
        for found, instead, flags in steps:
            made = f"regexp_replace({made}, %s, %s, %s)"
            new += [found, instead, flags]
            wheres.append(f"{text} {'~' if flags == 'g' else '~*'} %s")
            old.append(found)
        if longest:
            made = f"left({made}, {longest})"
        sets.append(f'"{name}" = ({made})::{CASTS.get(kind, "text")}')
    if not sets:
        return "", []
    query = f'update "{table}" set {", ".join(sets)} where {" or ".join(wheres)}'  # noqa: S608 - names of our tables
    return query, [*new, *old]


def _in_bytes(cursor: Any, table: str, column: str, words: Sequence[Word]) -> int:
    """Replace in bytes, in which Postgres finds but does not replace."""
    steps = [(one, word) for word in words for one in spellings(word.text)]
    wheres: list[str] = []
    given: list[Any] = []
    for one, word in steps:
        if word.as_written:
            wheres.append(f'position(%s::bytea in "{column}") > 0')
            given.append(one.encode())
        else:
            wheres.append(f"encode(\"{column}\", 'escape') ~* %s")
            given.append(escaped(one))
    cursor.execute(f'select ctid, "{column}" from "{table}" where {" or ".join(wheres)}', given)  # noqa: S608
    changed = 0
    for ctid, content in cursor.fetchall():
        found = bytes(content)
        for one, word in steps:
            looked_for = in_bytes(one, as_written=word.as_written, is_further=word.is_further)
            found = looked_for.sub(word.instead.encode(), found)
        if found != bytes(content):
            cursor.execute(f'update "{table}" set "{column}" = %s where ctid = %s::tid', [found, str(ctid)])  # noqa: S608
            changed += 1
    return changed
