"""Minutes that pass in a running product at once: what has happened, and what is to come, moves into the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg.sql import SQL, Composed, Identifier

if TYPE_CHECKING:
    from tests.running import Stack

_WHAT_PEOPLE_SEE = SQL(
    """
    select table_name, array_agg(column_name::text)
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema = 'public' and table_type = 'BASE TABLE' and data_type = 'timestamp with time zone'
        and (table_name ~ '^(incidents|postmortems|statuspage|timers)_'
            or table_name in ('oncall_alert', 'oncall_escalation', 'oncall_page', 'oncall_signal'))
    group by table_name order by table_name
    """
)


def minutes(stack: Stack, count: int) -> None:
    """Let so many minutes pass for incidents, their timers and alerts; what is due by then happens now.

    Sessions, leases and beats stay as they are: the product's processes live on in their own time.
    """
    with psycopg.connect(stack.database_url) as connection:
        for table, columns in connection.execute(_WHAT_PEOPLE_SEE).fetchall():
            name = Identifier(table)
            # A timeline that is written cannot be changed otherwise.
            connection.execute(SQL("alter table {} disable trigger user").format(name))
            connection.execute(_earlier(name, columns), [f"{count} minutes"] * len(columns))
            connection.execute(SQL("alter table {} enable trigger user").format(name))


def _earlier(table: Identifier, columns: list[str]) -> Composed:
    changes = [SQL("{0} = {0} - %s::interval").format(Identifier(column)) for column in columns]
    return SQL("update {} set {}").format(table, SQL(", ").join(changes))
