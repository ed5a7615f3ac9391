"""Signals as files: what is written, what is believed of it later, and that nothing is taken in twice or lost."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
import pytest
from django.db import connection

from core.accounts.models import User
from core.events import bus
from core.events.models import Event
from core.net.postgres import address
from core.stack import programs
from oncall.alerts import operations
from oncall.alerts.accept import draining, recovery, store
from oncall.alerts.accept.store import Row
from oncall.alerts.spool import files, keys
from oncall.alerts.spool.keys import Snapshot, Verdict
from oncall.models import Escalation, IngestError, Signal, SpoolReceipt
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

    from tests.oncall.alerts.door import Door

UNKNOWN = "0" * 32
needs_database = pytest.mark.django_db
READ_ONLY = "alter database {} set default_transaction_read_only = {}"


def spooled(key: str, body: bytes = b'{"title":"Disk full","dedup_key":"d"}', **change: Any) -> str:
    """A signal of a generic source as the door writes it while Postgres is away; the name of its file."""
    row = Row(
        key=key,
        source_kind="generic",
        kind="generic",
        request_key=change.pop("request_key", None),
        content_type="application/json",
        body=body,
        dedup_key="",
    )
    values = {**store.accepted(row), **change}
    return files.keep({name: value for name, value in values.items() if name != "body"}, body)


def folder(spool: Path, name: str) -> list[str]:
    return sorted(path.name for path in (spool / name).iterdir()) if (spool / name).exists() else []


class TestFiles:
    def test_a_signal_is_one_private_file_named_after_what_it_holds(self, spool: Path) -> None:
        name = spooled("k" * 32, b"\x00\xff raw")

        path = spool / "waiting" / name
        assert folder(spool, "waiting") == [name]
        assert folder(spool, "drafts") == []
        assert hashlib.sha256(path.read_bytes()).hexdigest() == name.rpartition("-")[2]
        assert (path.stat().st_mode & 0o777, spool.stat().st_mode & 0o777) == (0o600, 0o700)
        assert b"k" * 32 not in path.read_bytes()
        kept = files.read(name)
        assert kept is not None
        assert (kept.body, kept.values["kind"]) == (b"\x00\xff raw", "generic")

    def test_names_sort_as_signals_came_and_the_same_signal_twice_is_two_files(self, spool: Path) -> None:
        names = [spooled("k" * 32) for _ in range(50)]

        assert files.waiting() == names
        assert len(set(names)) == 50

    @pytest.mark.parametrize(
        "spoil", [lambda c: c[:-1], lambda c: b"", lambda c: c + b"x", lambda c: c.replace(b"Disk", b"Dusk")]
    )
    def test_a_file_that_is_not_what_was_written_is_told(
        self, spool: Path, spoil: Callable[[bytes], bytes]
    ) -> None:
        path = spool / "waiting" / spooled("k" * 32)
        path.write_bytes(spoil(path.read_bytes()))

        with pytest.raises(files.Damaged):
            files.read(path.name)

    def test_a_full_disk_is_told_and_leaves_nothing_behind(self, spool: Path) -> None:
        """A disk of 1 MB where this machine lets us mount one, else a limit on the size of a file."""
        spool.mkdir()
        apart = ["unshare", "--map-root-user", "--mount"]
        may_mount = subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0
        done = subprocess.run(
            [*(apart if may_mount else []), sys.executable, "-c", FILL, str(spool), str(int(may_mount))],
            env=programs.environment({"DJANGO_SETTINGS_MODULE": "config.settings", "SPOOL_DIR": str(spool)}),
            cwd=programs.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        kept, error, drafts, whole = orjson.loads(done.stdout)
        assert kept > 0
        assert "the spool cannot be written to" in error
        assert drafts == []
        assert whole == kept

    def test_a_disk_that_is_nearly_full_is_left_alone(self, spool: Path, settings: Settings) -> None:
        settings.SPOOL_MAX_DISK_PERCENT = 0

        with pytest.raises(files.CannotKeep):
            spooled("k" * 32)
        assert folder(spool, "waiting") == folder(spool, "drafts") == []

    def test_a_process_killed_before_the_rename_leaves_a_draft_that_nobody_takes_for_a_signal(
        self, spool: Path
    ) -> None:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import django; django.setup()\nfrom oncall.alerts.spool import files\nfiles.keep({}, b'x')",
            ],
            env=programs.environment(
                {
                    "DJANGO_SETTINGS_MODULE": "config.settings",
                    "SPOOL_DIR": str(spool),
                    "WATCHBILL_FAILPOINTS": "before_spool_rename:die",
                }
            ),
            cwd=programs.BASE_DIR,
            check=False,
        )

        assert done.returncode == -signal.SIGKILL
        assert (len(folder(spool, "drafts")), folder(spool, "waiting")) == (1, [])
        assert not files.is_waiting()

        files.sweep()
        assert len(folder(spool, "drafts")) == 1
        draft = next((spool / "drafts").iterdir())
        os.utime(draft, (time.time() - 3601, time.time() - 3601))
        files.sweep()
        assert folder(spool, "drafts") == []

    def test_one_process_at_a_time_drains_a_folder(self, spool: Path) -> None:
        with files.alone() as first, files.alone() as second:
            assert (first, second) == (True, False)
        with files.alone() as again:
            assert again


FILL = """
import json, os, resource, subprocess, sys
from pathlib import Path
folder = Path(sys.argv[1])
if sys.argv[2] == "1":
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=True)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
import django
django.setup()
from oncall.alerts.spool import files
kept, error = 0, ""
try:
    for n in range(100):
        files.keep({}, b"x" * 50_000 * (n + 1))
        kept += 1
except files.CannotKeep as failure:
    error = str(failure)
print(json.dumps([kept, error, os.listdir(folder / "drafts"), len(files.waiting())]))
"""


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "kind", "age", "verdict"),
        [
            ("a", "generic", 0, Verdict.KNOWN),
            ("a", "generic", 100_000, Verdict.KNOWN),
            ("a", "pagerduty", 0, Verdict.OTHER_KIND),
            ("b", "generic", 0, Verdict.UNKNOWN),
            ("b", "generic", 60, Verdict.UNKNOWN),
            ("b", "generic", 60.1, Verdict.UNSURE),
            ("b", "generic", -1, Verdict.UNSURE),
        ],
    )
    def test_only_fresh_knowledge_calls_a_key_unknown(
        self, key: str, kind: str, age: float, verdict: Verdict
    ) -> None:
        assert Snapshot({"a": "generic"}, age).judge(key, kind=kind) is verdict

    @pytest.mark.parametrize(
        "content", [None, b"", b"{", b"[]", b'{"keys":{}}', b'{"keys":{},"written_at":"x"}']
    )
    def test_what_cannot_be_read_knows_no_key_and_refuses_none(
        self, spool: Path, content: bytes | None
    ) -> None:
        spool.mkdir()
        if content is not None:
            (spool / "keys.json").write_bytes(content)

        assert keys.load().judge("a", kind="generic") is Verdict.UNSURE

    @needs_database
    def test_hashes_alone_are_on_the_disk_for_their_owner(
        self, spool: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            on, key = cast.source("generic")
            off, _ = cast.source("pagerduty")
            operations.deactivate(off, actor=cast.mona())

        path = spool / "keys.json"
        assert orjson.loads(path.read_bytes())["keys"] == {on.key_hash: "generic"}
        assert key.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
        assert keys.load().age < 5

    @needs_database
    def test_they_are_written_again_when_they_are_20_seconds_old(
        self, spool: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys, "LOOK_EVERY_SECONDS", 0)
        keys.refresh()
        first = (spool / "keys.json").read_bytes()
        keys.refresh()
        assert (spool / "keys.json").read_bytes() == first

        (spool / "keys.json").write_bytes(orjson.dumps({"written_at": time.time() - 21, "keys": {}}))
        keys.refresh()
        assert keys.load().age < 5


@needs_database
class TestDraining:
    def test_signals_become_rows_in_order_with_the_time_at_which_they_came(self, spool: Path) -> None:
        _, key = cast.source("generic")
        names = [spooled(key, b'{"title":"%d"}' % n) for n in range(120)]
        an_hour_ago = datetime.now(UTC).replace(microsecond=7) - timedelta(hours=1)
        older = f"{int(an_hour_ago.timestamp() * 1e6) * 1000:020d}-{names[0].rpartition('-')[2]}"
        (spool / "waiting" / names[0]).rename(spool / "waiting" / older)
        names[0] = older

        assert draining.drain_due(limit=200) == 120

        rows = list(Signal.objects.order_by("pk"))
        assert [bytes(row.body) for row in rows] == [b'{"title":"%d"}' % n for n in range(120)]
        assert {row.state for row in rows} == {"new"}
        assert rows[0].received_at == an_hour_ago
        assert list(SpoolReceipt.objects.order_by("name").values_list("name", "outcome")) == [
            (name, "stored") for name in names
        ]
        assert folder(spool, "waiting") == []
        assert draining.drain_due() == 0

    def test_a_file_that_comes_back_is_not_taken_in_again(self, spool: Path) -> None:
        _, key = cast.source("generic")
        path = spool / "waiting" / spooled(key)
        content = path.read_bytes()
        draining.drain_due()

        for _ in range(2):
            path.write_bytes(content)
            draining.drain_due()

        assert Signal.objects.count() == 1
        assert folder(spool, "waiting") == []

    def test_a_signal_that_postgres_took_after_all_is_not_taken_twice(self, spool: Path) -> None:
        integration, key = cast.source("generic")
        Signal.objects.create(integration=integration, kind="generic", body=b"{}", request_key="door-1")
        spooled(key, request_key="door-1")

        draining.drain_due()

        assert Signal.objects.count() == 1

    def test_a_truncated_file_goes_into_quarantine_and_the_admins_are_paged_once(self, spool: Path) -> None:
        _, key = cast.source("generic")
        good = [spooled(key), spooled(key)]
        bad = [spooled(key), "not-even-a-name"]
        (spool / "waiting" / bad[0]).write_bytes((spool / "waiting" / bad[0]).read_bytes()[:-5])
        (spool / "waiting" / bad[1]).write_bytes(b"\xff")

        draining.drain_due()
        while bus.deliver_due():
            pass

        assert Signal.objects.count() == len(good)
        assert folder(spool, "waiting") == []
        assert folder(spool, "quarantine") == sorted(bad)
        assert list(IngestError.objects.values_list("kind", "count")) == [("damaged", 2)]
        assert Event.objects.filter(name="signal.damaged").count() == 2
        (escalation,) = Escalation.objects.all()
        assert "cannot be read" in escalation.message
        assert [target["name"] for target in escalation.plan["levels"][0]["targets"]] == ["Ada Example"]

    def test_what_postgres_refuses_goes_into_quarantine_and_holds_up_no_other(self, spool: Path) -> None:
        _, key = cast.source("generic")
        spooled(key)
        bad = spooled(key, dedup_key="x" * 300)
        spooled(key)

        draining.drain_due()

        assert Signal.objects.count() == 2
        assert folder(spool, "quarantine") == [bad]
        assert "too long" in SpoolReceipt.objects.get(outcome="damaged").detail

    def test_a_file_that_was_mended_and_moved_back_is_taken_in_once(self, spool: Path) -> None:
        _, key = cast.source("generic")
        bad = spooled(key)
        content = (spool / "waiting" / bad).read_bytes()
        (spool / "waiting" / bad).write_bytes(content[:-5])
        draining.drain_due()
        assert not Signal.objects.exists()

        for _ in range(2):
            (spool / "waiting" / bad).write_bytes(content)
            draining.drain_due()

        assert Signal.objects.count() == 1
        assert SpoolReceipt.objects.get().outcome == "stored"

    def test_a_key_that_was_revoked_meanwhile_stores_nothing_and_is_noted(self, spool: Path) -> None:
        integration, key = cast.source("generic")
        spooled(key)
        operations.rotate_key(integration, actor=cast.mona())

        draining.drain_due()

        assert not Signal.objects.exists()
        assert SpoolReceipt.objects.get().outcome == "refused"
        assert list(IngestError.objects.values_list("kind", "detail")) == [("refused", draining.REVOKED)]
        assert folder(spool, "waiting") == folder(spool, "quarantine") == []

    def test_admins_read_the_receipts_and_nobody_changes_them(self, spool: Path, client: Client) -> None:
        _, key = cast.source("generic")
        name = spooled(key)
        draining.drain_due()
        cast.sign_in(client, User.objects.get(email="ada@example.com"))
        at = "/admin/oncall/spoolreceipt/"

        assert name in client.get(at).content.decode()
        assert client.get(f"{at}add/").status_code == 403
        assert client.post(f"{at}{SpoolReceipt.objects.get().pk}/delete/", {"post": "yes"}).status_code == 403

    def test_nothing_is_removed_while_another_process_drains(self, spool: Path) -> None:
        _, key = cast.source("generic")
        spooled(key)

        with files.alone():
            assert draining.drain_due() == 0
        assert len(folder(spool, "waiting")) == 1


class TestReadOnlyPostgres:
    """`default_transaction_read_only`, as after a fail-over to a standby or on a full disk that an admin protects."""

    def test_signals_are_answered_as_always_and_become_rows_in_order_when_it_is_over(
        self, door: Door, spool: Path
    ) -> None:
        _, key = cast.source("generic")
        keys.write()
        database = connection.settings_dict["NAME"]
        _switch(database, "on")
        try:
            answers = [door.post(f"/integrations/v1/generic/{key}/", b'{"title":"%d"}' % n) for n in range(5)]
            unknown = door.post(f"/integrations/v1/generic/{UNKNOWN}/", b"{}")
            waiting = len(folder(spool, "waiting"))
        finally:
            _switch(database, "off")
        door.settle()

        assert [(answer.status_code, answer.text) for answer in answers] == [(200, "Ok.")] * 5
        assert unknown.status_code == 403
        assert waiting == 5
        assert max(answer.elapsed.total_seconds() for answer in [*answers, unknown]) < 2.5
        bodies = [bytes(row.body) for row in Signal.objects.order_by("pk")]
        assert bodies == [b'{"title":"%d"}' % n for n in range(5)]

    def test_a_full_disk_as_well_asks_senders_to_come_again(
        self, door: Door, spool: Path, settings: Settings
    ) -> None:
        _, key = cast.source("pagerduty")
        keys.write()
        settings.SPOOL_MAX_DISK_PERCENT = 0
        database = connection.settings_dict["NAME"]
        _switch(database, "on")
        try:
            answer = door.post(
                "/v2/enqueue", orjson.dumps({"routing_key": key, "event_action": "resolve", "dedup_key": "x"})
            )
        finally:
            _switch(database, "off")

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.elapsed.total_seconds() < 2.5
        assert not Signal.objects.exists()

    def test_what_comes_while_older_signals_wait_stands_behind_them(
        self, door: Door, spool: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, key = cast.source("generic")
        keys.write()
        with files.alone():
            spooled(key, b'{"title":"first"}')
            answer = door.post(f"/integrations/v1/generic/{key}/", b'{"title":"second"}')
            assert (answer.status_code, Signal.objects.count()) == (200, 0)
        recovery.begin("a test")
        door.settle()

        assert [bytes(row.body) for row in Signal.objects.order_by("pk")] == [
            b'{"title":"first"}',
            b'{"title":"second"}',
        ]

    def test_a_nearly_full_disk_alone_costs_nothing(
        self, door: Door, spool: Path, settings: Settings
    ) -> None:
        _, key = cast.source("generic")
        keys.write()
        spooled(key, b'{"title":"first"}')
        settings.SPOOL_MAX_DISK_PERCENT = 0
        with files.alone():
            answer = door.post(f"/integrations/v1/generic/{key}/", b'{"title":"second"}')

        assert answer.status_code == 200
        assert Signal.objects.filter(body=b'{"title":"second"}').exists()


def _switch(database: str, value: str) -> None:
    """Make a database read-only for new transactions, those of open connections among them, or writable again."""
    with psycopg.connect(address(), autocommit=True) as own:
        own.execute("set default_transaction_read_only = off")
        own.execute(READ_ONLY.format(f'"{database}"', value))
        own.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
