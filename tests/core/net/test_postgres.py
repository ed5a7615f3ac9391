"""How we reach our own database: what its address says holds on every connection, TLS first of all."""

import asyncio

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django import Settings

from config import env
from core.events import nudge
from core.net.postgres import address
from oncall.alerts.accept import store
from oncall.breakglass import operations as breakglass

URL = "postgresql://me:p%40ss%2Fword@db.example.com:6432/bill?sslmode=verify-full&sslrootcert=/etc/ca.pem"


def test_an_address_is_read_as_libpq_reads_it() -> None:
    assert env.database(URL) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "bill",
        "HOST": "db.example.com",
        "PORT": "6432",
        "USER": "me",
        "PASSWORD": "p@ss/word",
        "OPTIONS": {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"},
    }


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://127.0.0.1/bill", "must look like"),
        ("postgresql://127.0.0.1", "must look like"),
        ("", "must look like"),
        ("postgresql://127.0.0.1/bill?sslmood=require", "invalid URI query parameter"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, why: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=why):
        env.database(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cr%zz@db/bill",
        "postgresql://me:s3cr#t@[::1/bill",
        "postgresql://me:s3cr@[::1]x/bill",
    ],
)
def test_a_refusal_keeps_the_password_to_itself(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="cannot be read") as refused:
        env.database(url)

    assert "s3cr" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_our_own_connections_go_where_djangos_go(monkeypatch: pytest.MonkeyPatch) -> None:
    given = env.database(URL)
    entry = {**connection.settings_dict, **given, "OPTIONS": {**given["OPTIONS"], "pool": {}}}
    monkeypatch.setattr(connections["default"], "settings_dict", entry)

    assert conninfo_to_dict(address()) == {
        "dbname": "bill",
        "host": "db.example.com",
        "port": "6432",
        "user": "me",
        "password": "p@ss/word",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ca.pem",
    }


@pytest.mark.django_db
def test_no_connection_is_made_in_the_clear_where_tls_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    assert breakglass._answers()
    options = {**connection.settings_dict["OPTIONS"], "sslmode": "require"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)

    with pytest.raises(psycopg.OperationalError, match="SSL"):
        nudge.connect()
    assert not breakglass._answers()

    async def ask() -> None:
        try:
            await store._execute("select 1", {})
        finally:
            await store.close()

    with pytest.raises(store.CannotStore):
        asyncio.run(ask())
