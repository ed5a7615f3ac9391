"""The product pages itself every minute, and somebody outside hears that it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.running import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.peers import WebhookSink

pytestmark = pytest.mark.journey


def test_a_canary_flies_through_the_real_processes_and_the_heartbeat_follows(
    tmp_path: Path, webhook_sink: WebhookSink
) -> None:
    stack = Stack(
        tmp_path,
        env={"SELF_WATCH": "true", "HEARTBEAT_URLS": webhook_sink.url, "PRIVATE_TARGETS": "127.0.0.0/8"},
        pagers=2,
    )
    try:
        stack.start()
        webhook_sink.wait(1, seconds=20)
        stack.until(
            lambda: (
                stack.rows("select count(*) from oncall_alert where dedup_key like 'canary-%%'")[0][0] == 0
            ),
            seconds=10,
            what="nothing is left of it",
        )
        ((flown, took),) = stack.rows(
            "select count(*), max(extract(epoch from arrived_at - started_at)) from watch_canary"
            " where arrived_at is not null"
        )
        assert flown in (1, 2)
        assert took < 10
        assert len(webhook_sink.requests) <= flown
        # The database of the tests does not write safely, and is told of; nothing else is.
        assert set(stack.rows("select check_name from watch_alarm")) <= {("database",)}
    finally:
        stack.stop()
