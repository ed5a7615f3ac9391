import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.stack import binaries, processes
from core.stack.embedded import Postgres, Redis

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data folder")


@pytest.fixture(scope="module")
def postgres(home: Path) -> Iterator[Postgres]:
    server = Postgres(home, settings={"fsync": "off"})
    server.start()
    yield server
    server.stop()


def ask(server: Postgres, sql: str) -> tuple[Any, ...] | None:
    with psycopg.connect(server.url) as connection:
        return connection.execute(sql.encode()).fetchone()


def test_the_application_role_owns_its_database_and_has_no_power_over_the_server(postgres: Postgres) -> None:
    assert ask(
        postgres,
        "select current_user::text, rolsuper, rolcreatedb, rolcreaterole,"
        " (select datdba::regrole::text from pg_database where datname = current_database())"
        " from pg_roles where rolname = current_user",
    ) == ("watchbill", False, False, False, "watchbill")


def test_the_superuser_cannot_log_in(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="no pg_hba"):
        psycopg.connect(postgres.url.replace("watchbill:", "postgres:", 1))


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=postgres.port, user="watchbill", password="guess", dbname="watchbill"
        )


def test_text_is_compared_alike_on_every_machine(postgres: Postgres) -> None:
    assert ask(
        postgres,
        "select datcollate, pg_encoding_to_char(encoding) from pg_database where datname = 'watchbill'",
    ) == ("C.UTF-8", "UTF8")


def test_a_killed_postgres_comes_back_on_its_port_with_its_rows(postgres: Postgres) -> None:
    port = postgres.port
    with psycopg.connect(postgres.url) as connection:
        connection.execute("create table kept as select 7 as n")
    postgres.kill()
    assert not postgres.running
    postgres.start()
    assert postgres.port == port
    assert ask(postgres, "select n from kept") == (7,)


def test_another_start_on_the_same_data_keeps_port_and_password(tmp_path: Path) -> None:
    addresses = []
    for _ in range(2):
        server = Postgres(tmp_path, settings={"fsync": "off"})
        server.start()
        addresses.append(server.url)
        server.stop()
    assert addresses[0] == addresses[1]


def test_an_interrupted_first_start_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "half").write_text("")
    server = Postgres(tmp_path, settings={"fsync": "off"})
    server.start()
    assert ask(server, "select 1") == (1,)
    server.stop()


def test_a_pid_file_whose_number_another_program_has_is_forgotten(tmp_path: Path) -> None:
    server = Postgres(tmp_path, settings={"fsync": "off"})
    server.start()
    server.stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    server.start()
    assert ask(server, "select 1") == (1,)
    server.stop()


def test_data_of_a_major_version_that_is_not_here_names_both(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(binaries.NoBinary, match=r"The data is of Postgres 9; found only 18\.4"):
        Postgres(tmp_path)


def test_data_of_an_older_major_gets_the_binary_of_that_major(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    assert Postgres(tmp_path).binary.major == "16"


def test_secrets_are_readable_by_their_owner_alone(postgres: Postgres, home: Path) -> None:
    assert stat.S_IMODE((home / "postgres.password").stat().st_mode) == 0o600


@pytest.fixture(scope="module")
def queue(home: Path) -> Iterator[Redis]:
    server = Redis(home)
    server.start()
    yield server
    server.stop()


def test_redis_wants_its_password(queue: Redis) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=queue.port, retry=Retry(NoBackoff(), 0)).ping()


def test_a_killed_redis_comes_back_with_what_it_held(queue: Redis) -> None:
    with redis.Redis.from_url(queue.url) as client:
        client.set("kept", "7")
        client.execute_command("WAIT", 0, 0)
    queue.kill()
    queue.start()
    with redis.Redis.from_url(queue.url) as client:
        assert client.get("kept") == b"7"


def test_redis_never_forgets_for_want_of_room(queue: Redis) -> None:
    with redis.Redis.from_url(queue.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_without_any_redis_a_stand_in_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_redis_paths", lambda: iter([]))
    server = Redis(tmp_path)
    assert not server.real
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    server.stop()


def test_a_port_that_another_program_took_is_replaced(tmp_path: Path) -> None:
    first = processes.kept_port(tmp_path, "web")
    assert processes.kept_port(tmp_path, "web") == first
    with socket.create_server(("127.0.0.1", first)):
        assert processes.kept_port(tmp_path, "web") != first
