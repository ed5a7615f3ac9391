"""What a sender is answered, and what is stored when it is told that its signal was taken."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import psycopg_pool
import pytest
from django.db import connection

from core.events import nudge
from core.net.postgres import address
from oncall import pipeline
from oncall.alerts import accept, operations
from oncall.alerts.accept import store
from oncall.models import Alert, Escalation, IngestError, Integration, Signal
from tests import cast

if TYPE_CHECKING:
    from pathlib import Path

    from tests.oncall.alerts.door import Door

TRIGGER: dict[str, Any] = {
    "event_action": "trigger",
    "dedup_key": "srv01/HTTP",
    "payload": {"summary": "HTTP is down", "source": "srv01", "severity": "critical"},
}
ALERTMANAGER = (
    b'{"version":"4","status":"firing","alerts":[{"status":"firing","fingerprint":"f","labels":{}}]}'
)
UNKNOWN = "0" * 32


def event(key: str, **change: Any) -> bytes:
    return json.dumps({**TRIGGER, "routing_key": key, **change}).encode()


def only_signal() -> Signal:
    return Signal.objects.get()


def problems() -> list[tuple[str, str, int]]:
    return list(IngestError.objects.values_list("kind", "detail", "count"))


class TestPagerDuty:
    @pytest.mark.parametrize("path", ["/v2/enqueue", "/v2/enqueue/", "/pagerduty/v2/enqueue"])
    def test_an_event_is_taken_at_every_address_with_pagerdutys_own_answer(
        self, door: Door, path: str
    ) -> None:
        _, key = cast.source("pagerduty")

        answer = door.post(path, event(key))

        assert answer.status_code == 202
        assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "srv01/HTTP"}
        assert (only_signal().kind, only_signal().state, only_signal().dedup_key) == (
            "pagerduty",
            "new",
            "srv01/HTTP",
        )

    def test_a_trigger_without_a_dedup_key_is_given_one_and_keeps_it(self, door: Door) -> None:
        _, key = cast.source("pagerduty")

        first = door.post("/v2/enqueue", event(key, dedup_key=None)).json()["dedup_key"]
        second = door.post("/v2/enqueue", event(key, dedup_key="")).json()["dedup_key"]

        assert re.fullmatch("[0-9a-f]{32}", first)
        assert first != second
        assert list(Signal.objects.order_by("id").values_list("dedup_key", flat=True)) == [first, second]

    def test_unknown_fields_and_a_wrong_content_type_are_no_obstacle(self, door: Door) -> None:
        _, key = cast.source("pagerduty")

        answer = door.post("/v2/enqueue", event(key, surprise=[{"a": None}]), Content_Type="text/html")

        assert answer.status_code == 202
        assert only_signal().content_type == "text/html"

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"{}x"])
    def test_what_is_no_json_object_is_unrecognized(self, door: Door, body: bytes) -> None:
        answer = door.post("/v2/enqueue", body)

        assert answer.status_code == 400
        assert answer.json() == {
            "status": "Unrecognized object",
            "message": "Event object format is unrecognized",
            "errors": ["JSON parse error"],
        }
        assert not Signal.objects.exists()

    def test_broken_json_that_names_its_key_is_kept_with_its_source(self, door: Door) -> None:
        integration, key = cast.source("pagerduty")

        answer = door.post("/v2/enqueue", b'{"routing_key": "%s", "payload": {' % key.encode())

        assert answer.status_code == 400
        assert (only_signal().state, only_signal().integration_id) == ("refused", integration.pk)
        assert problems() == [("refused", "The body is no JSON object.", 1)]
        assert key.encode() not in bytes(only_signal().body)

    def test_missing_fields_are_named_and_the_event_is_kept(self, door: Door) -> None:
        _, key = cast.source("pagerduty")

        answer = door.post("/v2/enqueue", event(key, payload={"source": "x"}))

        assert answer.status_code == 400
        assert answer.json() == {
            "status": "invalid event",
            "message": "Event object is invalid",
            "errors": ["'payload.summary' is missing or blank", "'payload.severity' is missing or blank"],
        }
        assert only_signal().state == "refused"
        assert problems() == [
            ("refused", "'payload.summary' is missing or blank; 'payload.severity' is missing or blank", 1)
        ]

    @pytest.mark.parametrize("key", [UNKNOWN, "", None, 7, {"a": 1}, "\x00", "\ud800", "k" * 5000])
    def test_an_unknown_routing_key_is_an_invalid_event(self, door: Door, key: Any) -> None:
        answer = door.post("/v2/enqueue", json.dumps({**TRIGGER, "routing_key": key}))

        assert answer.status_code == 400
        assert answer.json()["status"] in ("invalid event", "Unrecognized object")
        assert not Signal.objects.exists()

    def test_the_key_of_another_kind_of_source_is_refused(self, door: Door) -> None:
        _, key = cast.source("alertmanager")

        answer = door.post("/v2/enqueue", event(key))

        assert (answer.status_code, answer.json()["errors"]) == (
            400,
            ["'routing_key' belongs to a source of another kind"],
        )
        assert not Signal.objects.exists()

    def test_a_change_event_is_taken_without_a_dedup_key(self, door: Door) -> None:
        _, key = cast.source("pagerduty")

        answer = door.post(
            "/v2/change/enqueue", json.dumps({"routing_key": key, "payload": {"summary": "Deploy"}})
        )

        assert (answer.status_code, answer.json()) == (
            202,
            {"status": "success", "message": "Event processed"},
        )
        assert only_signal().kind == "pagerduty_change"

    def test_a_change_event_without_a_summary_is_refused(self, door: Door) -> None:
        _, key = cast.source("pagerduty")

        answer = door.post("/v2/change/enqueue", json.dumps({"routing_key": key, "payload": {}}))

        assert (answer.status_code, answer.json()["errors"]) == (
            400,
            ["'payload.summary' is missing or blank"],
        )

    def test_the_key_may_be_in_the_address(self, door: Door) -> None:
        _, key = cast.source("pagerduty")

        assert door.post(f"/integrations/v1/pagerduty/{key}/", json.dumps(TRIGGER)).status_code == 202
        assert door.post(f"/integrations/v1/pagerduty/{UNKNOWN}/", json.dumps(TRIGGER)).status_code == 403


class TestAlertmanagerAndGeneric:
    @pytest.mark.parametrize("kind", ["alertmanager", "generic"])
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_a_signal_is_stored_as_it_came(self, door: Door, kind: str, slash: str) -> None:
        integration, key = cast.source(kind)

        answer = door.post(
            f"/integrations/v1/{kind}/{key}{slash}", ALERTMANAGER, Content_Type="application/json"
        )

        assert (answer.status_code, answer.text) == (200, "Ok.")
        assert bytes(only_signal().body) == ALERTMANAGER
        assert (only_signal().integration_id, only_signal().kind) == (integration.pk, kind)

    @pytest.mark.parametrize("body", [b"", b"{broken", b"\x00\xff" * 100, b"plain words"])
    def test_what_cannot_be_understood_is_stored_all_the_same(self, door: Door, body: bytes) -> None:
        _, key = cast.source("generic")

        assert door.post(f"/integrations/v1/generic/{key}/", body).status_code == 200
        assert bytes(only_signal().body) == body

    def test_a_chunked_body_is_taken_whole(self, door: Door) -> None:
        _, key = cast.source("generic")

        answer = door.post(f"/integrations/v1/generic/{key}/", iter([b'{"title":', b'"A"}']))

        assert answer.status_code == 200
        assert bytes(only_signal().body) == b'{"title":"A"}'

    @pytest.mark.parametrize("scheme", ["bearer", "basic", "password", "bare"])
    def test_the_key_may_come_in_a_header(self, door: Door, scheme: str) -> None:
        _, key = cast.source("alertmanager")
        header = {
            "bearer": f"Bearer {key}",
            "basic": httpx.BasicAuth(key, "")._auth_header,
            "password": httpx.BasicAuth("prometheus", key)._auth_header,
            "bare": key,
        }[scheme]

        assert (
            door.post("/integrations/v1/alertmanager/-/", ALERTMANAGER, Authorization=header).status_code
            == 200
        )

    @pytest.mark.parametrize("header", [f"Bearer {UNKNOWN}", "Basic !!!", "Basic", "", "Bearer"])
    def test_a_wrong_key_in_a_header_is_refused(self, door: Door, header: str) -> None:
        cast.source("alertmanager")

        answer = door.post("/integrations/v1/alertmanager/-/", ALERTMANAGER, Authorization=header)

        assert (answer.status_code, answer.text) == (403, "Integration key was not found. Permission denied.")

    def test_wrong_keys_are_refused_and_leave_one_line_for_people(self, door: Door) -> None:
        for n in range(5):
            answer = door.post(f"/integrations/v1/alertmanager/{n:032x}/", ALERTMANAGER)
            assert (answer.status_code, answer.text) == (
                403,
                "Integration key was not found. Permission denied.",
            )
        door.settle()

        assert not Signal.objects.exists()
        assert problems() == [
            (
                "unknown_key",
                "A signal at /integrations/v1/alertmanager/ came with a key that is not known.",
                5,
            )
        ]

    def test_a_source_that_was_turned_off_is_as_good_as_unknown(self, door: Door) -> None:
        integration, key = cast.source("generic")
        operations.deactivate(integration, actor=cast.mona())

        assert door.post(f"/integrations/v1/generic/{key}/", b"{}").status_code == 403
        assert not Signal.objects.exists()

    def test_an_old_key_ends_when_it_is_replaced(self, door: Door) -> None:
        integration, old = cast.source("generic")
        new = operations.rotate_key(integration, actor=cast.mona())

        assert door.post(f"/integrations/v1/generic/{old}/", b"{}").status_code == 403
        assert door.post(f"/integrations/v1/generic/{new}/", b"{}").status_code == 200

    def test_the_wrong_kind_and_an_unknown_kind_are_refused(self, door: Door) -> None:
        _, key = cast.source("generic")

        wrong = door.post(f"/integrations/v1/alertmanager/{key}/", ALERTMANAGER)
        unknown = door.post(f"/integrations/v1/teletext/{key}/", ALERTMANAGER)

        assert (wrong.status_code, wrong.text) == (400, "This key belongs to a source of another kind.")
        assert (unknown.status_code, unknown.text) == (400, "There is no source of this kind.")
        assert not Signal.objects.exists()

    def test_the_same_idempotency_key_is_stored_once(self, door: Door) -> None:
        _, key = cast.source("generic")

        for _ in range(3):
            answer = door.post(f"/integrations/v1/generic/{key}/", b'{"title":"A"}', Idempotency_Key="once")
            assert answer.status_code == 200

        assert Signal.objects.count() == 1


class TestEveryAddress:
    @pytest.mark.parametrize(
        "path", ["/v2/enqueue", "/v2/change/enqueue", f"/integrations/v1/generic/{UNKNOWN}/"]
    )
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
    def test_only_post_is_taken(self, door: Door, path: str, method: str) -> None:
        answer = door.client.request(method, path)

        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")

    def test_other_addresses_stay_the_products(self) -> None:
        for path in (
            "/",
            "/integrations/",
            "/integrations/3/",
            "/v2/",
            "/v2/enqueue/more",
            "/api/v1/alerts/",
        ):
            assert not accept.is_ingest(path)

    def test_a_body_over_one_megabyte_is_refused_noted_and_becomes_an_alert_of_its_own(
        self, door: Door
    ) -> None:
        _, key = cast.source("generic")

        answer = door.post(f"/integrations/v1/generic/{key}/", b"x" * 5_000_000)

        assert (answer.status_code, answer.text) == (413, "The body is over 1 MB.")
        assert (only_signal().kind, only_signal().state, bytes(only_signal().body)) == (
            "oversized",
            "new",
            b"",
        )
        assert problems() == [("too_large", "A signal was over 1 MB; it was answered with 413.", 1)]

    def test_a_large_chunked_event_is_found_to_be_its_sources(self, door: Door) -> None:
        integration, key = cast.source("pagerduty")
        parts = [event(key)[:-1] + b',"custom":"', *[b"x" * 100_000] * 20, b'"}']

        answer = door.post("/v2/enqueue", iter(parts))

        assert (answer.status_code, answer.json()["message"]) == (413, "Event object is too large")
        assert (only_signal().integration_id, only_signal().kind) == (integration.pk, "oversized")

    def test_a_large_body_with_a_wrong_key_is_refused_for_its_key(self, door: Door) -> None:
        assert door.post(f"/integrations/v1/generic/{UNKNOWN}/", b"x" * 2_000_000).status_code == 403
        assert not Signal.objects.exists()

    def test_a_body_of_exactly_the_limit_is_taken(self, door: Door) -> None:
        _, key = cast.source("generic")

        assert door.post(f"/integrations/v1/generic/{key}/", b"x" * 1_000_000).status_code == 200

    @pytest.mark.parametrize(
        ("framing", "body"),
        [
            ("Content-Length: 500", b'{"title": "half'),
            ("Transfer-Encoding: chunked", b'f\r\n{"title": "half\r\n'),
        ],
    )
    def test_a_sender_that_dies_half_way_is_never_taken_for_a_whole_signal(
        self, door: Door, framing: str, body: bytes
    ) -> None:
        _, key = cast.source("generic")

        answer = door.say(
            f"POST /integrations/v1/generic/{key}/ HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n", body
        )

        assert not answer.startswith(b"HTTP/1.1 2")
        assert not Signal.objects.exists()


class TestKeysStaySecret:
    def test_no_key_is_kept_in_the_database_or_written_to_a_log(
        self, door: Door, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        keys = [cast.source(kind)[1] for kind in ("pagerduty", "alertmanager", "generic")]
        door.post("/v2/enqueue", event(keys[0]))
        door.post("/v2/enqueue", event(keys[0], payload=None))
        door.post("/v2/enqueue", event(keys[0])[:-1])
        escaped = f"\\u00{ord(keys[0][0]):02x}{keys[0][1:]}"
        door.post("/v2/enqueue", event(keys[0]).replace(keys[0].encode(), escaped.encode()))
        door.post("/v2/enqueue", b'{"routing_key":"%s","x":"' % keys[0].encode() + b"x" * 1_100_000)
        door.post(f"/integrations/v1/alertmanager/{keys[1]}/", ALERTMANAGER)
        door.post("/integrations/v1/generic/-/", b"{}", Authorization=f"Bearer {keys[2]}")
        door.post(f"/integrations/v1/generic/{keys[1]}/", b"{}")

        with connection.cursor() as cursor:
            cursor.execute("select convert_from(body, 'latin1') from oncall_signal")
            kept = str(cursor.fetchall())
        kept += str(list(Integration.objects.values())) + str(list(IngestError.objects.values()))
        kept += "".join(line.getMessage() for line in caplog.records if not line.name.startswith("http"))

        assert Signal.objects.count() == 7
        for key in keys:
            assert key not in kept
            assert key[:8] in kept


class TestFlood:
    def test_two_hundred_senders_of_one_key_make_one_alert_with_a_count(self, door: Door) -> None:
        _, key = cast.source("pagerduty")

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: door.post("/v2/enqueue", event(key)).status_code, range(200)))
        while pipeline.process_due():
            pass

        assert answers == [202] * 200
        assert list(Alert.objects.values_list("dedup_key", "count")) == [("srv01/HTTP", 200)]
        assert Escalation.objects.count() == 1


class TestNothingIsPromisedThatIsNotKept:
    def test_a_signal_is_committed_before_the_answer_and_the_pager_is_nudged_after(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[int] = []
        monkeypatch.setattr(nudge, "drain", lambda: seen.append(_count_from_elsewhere()))
        _, key = cast.source("generic")

        assert door.post(f"/integrations/v1/generic/{key}/", b"{}").status_code == 200
        assert seen == [1]

    def test_connections_that_die_cost_no_accepted_signal(self, door: Door) -> None:
        """200 signals from four senders while every connection of the door is cut again and again."""
        _, key = cast.source("pagerduty")
        stop = threading.Event()

        def cut() -> None:
            with psycopg.connect(address(), autocommit=True) as own:
                while not stop.wait(0.02):
                    own.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                        " and pid <> pg_backend_pid() and query like '%stored as%'"
                    )

        def send(n: int) -> tuple[int, str]:
            return door.post("/v2/enqueue", event(key, dedup_key=f"k{n}")).status_code, f"k{n}"

        cutter = threading.Thread(target=cut)
        cutter.start()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, range(200)))
        stop.set()
        cutter.join()

        door.settle()
        accepted = {name for status, name in answers if status == 202}
        assert {status for status, _ in answers} <= {202, 503}
        assert len(accepted) > 100
        assert accepted <= set(Signal.objects.values_list("dedup_key", flat=True))

    def test_a_locked_table_holds_up_no_sender(self, door: Door) -> None:
        _, key = cast.source("alertmanager")
        with psycopg.connect(address()) as own:
            own.execute("lock table oncall_signal in exclusive mode")
            answer = door.post(f"/integrations/v1/alertmanager/{key}/", ALERTMANAGER)
            took = answer.elapsed.total_seconds()
            own.rollback()
        door.settle()

        assert (answer.status_code, answer.text) == (200, "Ok.")
        assert took < 2.5
        assert bytes(only_signal().body) == ALERTMANAGER

    @pytest.mark.parametrize(
        ("path", "status", "type_"),
        [
            (f"/integrations/v1/alertmanager/{UNKNOWN}/", 503, "text/plain; charset=utf-8"),
            (f"/integrations/v1/generic/{UNKNOWN}/", 503, "text/plain; charset=utf-8"),
            ("/v2/enqueue", 503, "application/json"),
        ],
    )
    def test_without_postgres_senders_are_asked_to_come_again(
        self, spool: Path, monkeypatch: pytest.MonkeyPatch, path: str, status: int, type_: str
    ) -> None:
        monkeypatch.setattr(store, "address", lambda: "host=127.0.0.1 port=1 dbname=x")

        answer = _ask(path, event(UNKNOWN))

        assert (answer.status_code, answer.headers["retry-after"]) == (status, "5")
        assert answer.headers["content-type"] == type_

    @pytest.mark.parametrize(
        ("path", "status"), [(f"/integrations/v1/alertmanager/{UNKNOWN}/", 503), ("/v2/enqueue", 429)]
    )
    def test_overload_is_answered_so_that_each_kind_of_sender_retries(
        self, spool: Path, monkeypatch: pytest.MonkeyPatch, path: str, status: int
    ) -> None:
        async def full(*_: object) -> list[tuple[Any, ...]]:
            raise psycopg_pool.TooManyRequests

        monkeypatch.setattr(store, "_once", full)

        answer = _ask(path, event(UNKNOWN))

        assert (answer.status_code, answer.headers["retry-after"]) == (status, "5")

    def test_a_server_that_hangs_keeps_nobody_waiting(
        self, spool: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def hang(*_: object) -> list[tuple[Any, ...]]:
            await asyncio.sleep(60)
            return []

        monkeypatch.setattr(store, "_once", hang)
        monkeypatch.setattr(accept, "ANSWER_WITHIN_SECONDS", 0.1)

        assert _ask("/v2/enqueue", event(UNKNOWN)).status_code == 503


def _count_from_elsewhere() -> int:
    with psycopg.connect(address()) as own:
        row = own.execute("select count(*) from oncall_signal").fetchone()
        assert row is not None
        count: int = row[0]
        return count


def _ask(path: str, body: bytes) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=accept.application)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.post(path, content=body)
        await accept.close()
        return answer

    return asyncio.run(ask())
