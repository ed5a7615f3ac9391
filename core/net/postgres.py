"""The address of our own database, for connections outside of Django's pool."""

from __future__ import annotations

from django.db import connection
from psycopg.conninfo import make_conninfo

# What Django keeps among its options beside what libpq knows.
NOT_LIBPQ = {"pool", "options", "connect_timeout"}


def address() -> str:
    """Give where the database is and how it wants to be reached, TLS included, as libpq reads it.

    Time-outs are left to the caller.
    """
    given = connection.settings_dict
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    place = {name: str(given[key]) for name, key in names.items() if given[key]}
    return make_conninfo(**place, **{k: v for k, v in given["OPTIONS"].items() if k not in NOT_LIBPQ})
