"""The databases of a test run: one is made by all migrations, and the others are copies of it.

To apply them takes longer than most tests, and a run has a dozen databases. The first that asks makes the one to copy;
workers of pytest-xdist, and the products that tests start, find it there.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from core.stack import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "WATCHBILL_TEST_FOLDER"
"""The setting that names the folder of a run, which its processes share."""
DUMP = "WATCHBILL_TEST_DUMP"
"""The setting that names a file in which one run leaves what the next begins with."""
ROOT = Path(__file__).parents[1]
_LOCK = 7_216_043


def migrated() -> str:
    """The name of a database on the run's server that has all migrations and nobody is connected to."""
    name = f"migrated_{Path(os.environ[FOLDER]).name.rpartition('-')[2]}".lower()
    with _server() as server:
        server.execute("select pg_advisory_lock(%s)", [_LOCK])
        if server.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
            draft = f"{name}_draft"
            server.execute(f'drop database if exists "{draft}"')
            server.execute(f'create database "{draft}"')
            _begin(_url(draft))
            server.execute(f'alter database "{draft}" rename to "{name}"')
    return name


def make() -> str:
    """A new database with all migrations on the run's server; its address."""
    template, name = migrated(), f"watchbill_{secrets.token_hex(6)}"
    with _server() as server:
        server.execute(f'create database "{name}" template "{template}"')
    return _url(name)


def drop(url: str) -> None:
    """Remove a database with whatever is still connected to it."""
    with _server() as server:
        server.execute(f'drop database if exists "{urlsplit(url).path[1:]}" with (force)')


def fill(url: str) -> None:
    """Bring an empty database of another server to where all migrations do."""
    if _can_dump():
        _read(_dump(_url(migrated())), url)
    else:
        _migrate(url)


def forget() -> None:
    """Remove the one to copy: a server that is not the run's own would keep it."""
    with _server() as server:
        for (name,) in server.execute(
            "select datname from pg_database where datname like %s",
            [f"migrated_{Path(os.environ[FOLDER]).name.rpartition('-')[2]}%".lower()],
        ).fetchall():
            server.execute(f'drop database if exists "{name}" with (force)')


def _begin(url: str) -> None:
    """Bring the one to copy to where all migrations do: by them, or by what a run before left."""
    kept = Path(os.environ[DUMP]) if DUMP in os.environ and _can_dump() else None
    if kept is not None and kept.exists():
        _read(kept.read_bytes(), url)
        return
    _migrate(url)
    if kept is not None:
        kept.write_bytes(_dump(url))


def _can_dump() -> bool:
    return all(_program(name).exists() for name in ("pg_dump", "psql"))


def _program(name: str) -> Path:
    return binaries.postgres().path.parent / name


def _dump(url: str) -> bytes:
    words = [str(_program("pg_dump")), "--no-owner", "--no-acl", url]
    return subprocess.run(words, capture_output=True, check=True).stdout


def _read(dump: bytes, url: str) -> None:
    words = [str(_program("psql")), "-qX", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, url]
    subprocess.run(words, input=dump, check=True, capture_output=True)


def _migrate(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def _url(name: str) -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def _server() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        yield connection
