import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.stack import identity
from core.stack.embedded import Postgres


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that another account can pass through to, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-identity-"))
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_user_runs_servers_as_themselves_and_root_never_with_its_power(home: Path) -> None:
    found = identity.choose(home, owner=os.geteuid(), probe=["true"])
    if os.geteuid() == 0:
        assert found.prefix == ("unshare", "--user") or found.uid not in (None, 0)
    else:
        assert found == identity.Identity()


def test_postgres_runs_where_namespaces_are_forbidden(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))  # where there is no unshare
    server = Postgres(home, settings={"fsync": "off"})
    server.start()
    with psycopg.connect(server.url) as connection:
        assert connection.execute("select current_user::text").fetchone() == ("watchbill",)
    runs_as = Path(f"/proc/{server.pid}").stat().st_uid
    server.stop()
    assert runs_as == (server.identity.uid or os.geteuid())
    assert runs_as != 0
    assert server.data.stat().st_uid == runs_as


def test_data_of_another_account_is_run_as_that_account(home: Path) -> None:
    first = Postgres(home, settings={"fsync": "off"})
    first.start()
    first.stop()
    if os.geteuid() == 0:
        for path in [first.data, *first.data.rglob("*")]:
            os.chown(path, 65534, -1)
        home.chmod(0o711)
    again = Postgres(home, settings={"fsync": "off"})
    again.start()
    assert again.running
    assert again.identity.uid == (65534 if os.geteuid() == 0 else None)
    again.stop()


def test_who_cannot_run_it_is_told_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    if os.geteuid() == 0:
        with pytest.raises(
            identity.NoIdentity, match="start Watchbill as an ordinary user, or set DATABASE_URL"
        ):
            identity.choose(home, owner=0, probe=[str(home / "absent")])
    else:
        assert identity.choose(home, owner=os.geteuid(), probe=[str(home / "absent")]) == identity.Identity()
