"""`pagerd` as a process of its own: it needs Postgres and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from core.events import nudge
from core.outbox.models import Message, WorkerBeat
from core.outbox.pager import LEAD, Pager
from core.stack.processes import free_port, spawn
from tests.core.outbox.conftest import put
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.peers import WebhookSink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(60)]


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a pager on the test's database, without Redis, with a grace in milliseconds."""
    pagers: list[subprocess.Popen[bytes]] = []
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()

    def start(*, grace: int = 100) -> subprocess.Popen[bytes]:
        pager = spawn(
            [sys.executable, "manage.py", "pagerd"],
            env={
                **os.environ,
                "DATABASE_URL": url,
                "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
                "PAGER_GRACE_MS": str(grace),
                "PGAPPNAME": "pager under test",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        pagers.append(pager)
        until(lambda: WorkerBeat.objects.filter(name__endswith=f" {pager.pid}").exists())
        return pager

    yield start
    for pager in pagers:
        pager.kill()
        pager.wait()
        if pager.stdout is not None:
            pager.stdout.close()


def _put(sink: WebhookSink, *subjects: int, **changes: Any) -> None:
    put(*subjects, client="nobody", channel="webhook", address=sink.url, **changes)


def _states() -> set[str]:
    return set(Message.objects.values_list("state", flat=True))


def test_it_pages_with_postgres_alone_and_outlives_its_restarts(
    start: Any, webhook_sink: WebhookSink
) -> None:
    pager = start()
    _put(webhook_sink, 0)
    (request,) = webhook_sink.wait(1, seconds=5)
    assert request.headers["idempotency-key"] == "m0"
    for round_ in (1, 2):
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'pager under test'"
            )
        _put(webhook_sink, round_)
        webhook_sink.wait(round_ + 1, seconds=10)
    assert pager.poll() is None
    until(lambda: _states() == {"accepted"})


def test_a_knock_a_due_time_and_the_end_wake_it(start: Any, webhook_sink: WebhookSink) -> None:
    pager, knock = start(grace=60_000), nudge.Knocker()
    until(lambda: _listens() == 1)
    _put(webhook_sink, 1)
    knock()
    webhook_sink.wait(1, seconds=5)
    until(lambda: _states() == {"accepted"})
    _put(webhook_sink, 2, delay_seconds=0.5)
    knock()
    knock.close()
    webhook_sink.wait(2, seconds=3)
    until(lambda: _states() == {"accepted"})
    began = time.monotonic()
    pager.terminate()
    assert pager.wait(10) == 0
    assert time.monotonic() - began < 3


def _listens() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where query = 'listen watchbill_drain'"
            " and datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def test_asked_to_stop_it_finishes_what_is_under_way(start: Any, webhook_sink: WebhookSink) -> None:
    webhook_sink.hang()
    pager = start()
    _put(webhook_sink, 1)
    webhook_sink.wait(1, seconds=5)
    pager.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        pager.wait(0.3)
    webhook_sink.answer(200)
    assert pager.wait(10) == 0
    assert _states() == {"accepted"}


def test_what_was_sent_while_postgres_was_away_is_recorded_when_it_is_back(
    start: Any, webhook_sink: WebhookSink
) -> None:
    webhook_sink.hang()
    start()
    _put(webhook_sink, 1)
    webhook_sink.wait(1, seconds=5)
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pager under test'"
        )
    webhook_sink.answer(200)
    until(lambda: _states() == {"accepted"}, seconds=10)  # its lease is over after 15 s
    assert Message.objects.get().attempts == 1
    assert len(webhook_sink.requests) == 1


def test_two_share_the_work_and_send_nothing_twice(start: Any, webhook_sink: WebhookSink) -> None:
    start()
    start()
    _put(webhook_sink, *range(1, 121))
    requests = webhook_sink.wait(120, seconds=20)
    until(lambda: _states() == {"accepted"})
    assert len({request.headers["idempotency-key"] for request in requests}) == 120
    assert len(webhook_sink.requests) == 120


def test_one_leads_and_the_next_takes_its_place(start: Any, webhook_sink: WebhookSink) -> None:
    first = start()
    until(lambda: len(_leaders()) == 1)
    start()
    until(lambda: _listening() == 2)
    (leader,) = _leaders()
    first.send_signal(signal.SIGSTOP)
    _put(webhook_sink, 1)
    webhook_sink.wait(1, seconds=5)
    assert _leaders() == {leader}
    first.kill()
    until(lambda: len(_leaders() - {leader}) == 1)
    assert len(_leaders()) == 1


def test_whoever_is_cut_off_leaves_the_lead_to_another() -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(_pager()) for _ in range(2))
        assert (_asks(first), _asks(second)) == (True, False)
        first._hang_up()
        assert not _asks(first)

        def takes_over() -> bool:
            second._ask_again_at = 0.0
            return _asks(second)

        until(takes_over)
        assert not _asks(first)


@contextmanager
def _pager() -> Iterator[Pager]:
    pager = Pager()
    with pager._woken, pager._waker:
        yield pager
        pager._hang_up()


def _asks(pager: Pager) -> bool:
    """Whether it leads after it had the opportunity to ask."""
    ears = pager._listen()
    assert ears is not None
    pager._ask_to_lead(ears)
    return pager._leads


def _leaders() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pid from pg_locks where locktype = 'advisory' and classid = 7020"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        return {pid for (pid,) in cursor.fetchall()}


def _listening() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where application_name = 'pager under test'"
            " and query in ('listen watchbill_drain', %s)",
            [LEAD],
        )
        return int(cursor.fetchone()[0])


def test_it_imports_neither_addresses_nor_the_cache() -> None:
    script = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; import django; django.setup();"
        "from core.outbox import pager; print(sorted(set(sys.modules) & {'config.urls', 'config.api_urls',"
        " 'config.asgi', 'django.core.cache.backends.redis', 'uvicorn'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
