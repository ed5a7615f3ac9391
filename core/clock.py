"""The clock that decides: that of the database, because those of processes may be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db import connection

if TYPE_CHECKING:
    from datetime import datetime


def now() -> datetime:
    """Give the time by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        return cast("tuple[datetime]", cursor.fetchone())[0]
