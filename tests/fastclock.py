"""Time that passes as a test says: functions in a schema that is searched before Postgres' own, and nothing of ours.

Whatever asks a database for `now()` through a connection made after `install()` is told another time: what `clock` shows,
which goes on from there at its own pace. So do the defaults of columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from core.events.nudge import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.backends.base.base import BaseDatabaseWrapper

SLOWLY = 0.01
"""A pace at which a busy machine does much within one second."""
_FUNCTIONS = "".join(
    f"create function fast.{name}() returns timestamptz language sql {kind}"
    f" as 'select shown + (pg_catalog.{name}() - at) * pace from fast.clock';"
    for name, kind in (("now", "stable"), ("statement_timestamp", "stable"), ("clock_timestamp", "volatile"))
)
_INSTALL = f"""
create schema fast;
create table fast.clock (at timestamptz, shown timestamptz, pace float8);
insert into fast.clock values (pg_catalog.now(), pg_catalog.now(), 1);
{_FUNCTIONS}
do $$
declare one record;
begin
    for one in select table_name, column_name from information_schema.columns where table_schema = 'public'
        and column_default ~* 'statement_timestamp|current_timestamp|now\\(\\)'
    loop
        execute format('alter table %I alter column %I set default fast.statement_timestamp()',
            one.table_name, one.column_name);
    end loop;
end $$;
"""


def stop(connection: BaseDatabaseWrapper) -> Callable[[datetime], None]:
    """Make a clock that stands still that of the transaction of a test; give what sets it. Nothing of it is left behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "set constraints all immediate; set constraints all deferred"
        )  # or no table is altered
        cursor.execute(_INSTALL)
        cursor.execute("set local search_path = fast, public, pg_catalog")

    def go(to: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "update fast.clock set at = pg_catalog.clock_timestamp(), shown = %s, pace = 0", [to]
            )

    return go


class FastClock:
    """The clock of one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def install(self) -> FastClock:
        """Make it the clock of every connection that begins from now on."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_INSTALL)
            (name,) = connection.execute("select current_database()").fetchone() or ("",)
            connection.execute(f'alter database "{name}" set search_path = fast, public, pg_catalog')
        return self

    def go(self, to: datetime, *, pace: float = SLOWLY) -> None:
        """Let it be this moment now, go on at a pace, and wake whoever waits for the next moment."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "update fast.clock set at = pg_catalog.clock_timestamp(), shown = %s, pace = %s", [to, pace]
            )
            connection.execute(f"notify {CHANNEL}")

    def now(self) -> datetime:
        """The time that the database gives."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute("select clock_timestamp()").fetchone()
        assert row is not None
        at: datetime = row[0]
        return at
