"""Every kind of source, told with what real senders post (captured.json) and with what careless ones do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from oncall.alerts import parsers
from oncall.alerts.parsers import alertmanager, generic, pagerduty, values
from oncall.alerts.rules import Action, Link, Parsed, Unreadable

CAPTURED: dict[str, str] = json.loads((Path(__file__).parent / "captured.json").read_text())


def am(**alert: Any) -> Parsed:
    """The one alert of a webhook body with this alert in it."""
    body = {
        "version": "4",
        "status": "firing",
        "alerts": [{"status": "firing", "fingerprint": "f1", **alert}],
    }
    return alertmanager.parse(json.dumps(body).encode())[0]


def pd(**event: Any) -> Parsed:
    return pagerduty.parse(json.dumps(event).encode())[0]


def own(content: Any) -> Parsed:
    return generic.parse(json.dumps(content).encode())[0]


class TestWhatRealSendersPost:
    def test_a_webhook_of_a_real_alertmanager_says_all_it_has(self) -> None:
        (parsed,) = parsers.parse(
            "alertmanager", CAPTURED["alertmanager firing"].encode(), source="Prometheus"
        )

        assert parsed.action is Action.TRIGGER
        assert parsed.dedup_key == "a63b21f5ca56f684"
        assert parsed.title == "x is up on 127.0.0.1:18190"
        assert (parsed.severity, parsed.urgency) == ("critical", "high")
        assert parsed.labels["service"] == "api"
        assert parsed.started_at == datetime(2026, 11, 21, 1, 29, 53, 472000, UTC)
        assert parsed.links == (
            Link("runbook", "Runbook", "https://r.example/x"),
            Link("graph", "Expression in Prometheus", "http://vm:18191/graph?g0.expr=x+%3D%3D+1&g0.tab=1"),
            Link("source", "Alertmanager", "http://vm:18193"),
        )
        assert list(parsed.problems) == []

    def test_its_resolve_ends_the_same_alert(self) -> None:
        (parsed,) = parsers.parse(
            "alertmanager", CAPTURED["alertmanager resolved"].encode(), source="Prometheus"
        )

        assert (parsed.action, parsed.dedup_key) == (Action.RESOLVE, "a63b21f5ca56f684")

    def test_its_pagerduty_events_trigger_and_resolve_one_key(self) -> None:
        (begun,) = parsers.parse("pagerduty", CAPTURED["pagerduty trigger"].encode(), source="Prometheus")
        (ended,) = parsers.parse("pagerduty", CAPTURED["pagerduty resolve"].encode(), source="Prometheus")

        assert (
            begun.dedup_key
            == ended.dedup_key
            == "d173a1813243c0afddedfc98b7e1c191599276e84f43e81bb016032850fded41"
        )
        assert begun.title == "[FIRING:1] XUp (127.0.0.1:18190 j api critical)"
        assert (begun.action, ended.action) == (Action.TRIGGER, Action.RESOLVE)
        assert begun.labels == {"severity": "error", "source": "Alertmanager", "client": "Alertmanager"}
        assert begun.links == (Link("source", "Alertmanager", "http://vm:18193/#/alerts?receiver=all"),)
        assert pagerduty.errors(json.loads(CAPTURED["pagerduty trigger"])) == []
        assert pagerduty.errors(json.loads(CAPTURED["pagerduty resolve"])) == []


class TestAlertmanager:
    def test_a_group_with_firing_and_resolved_alerts_is_told_apart_by_fingerprint(self) -> None:
        body = {
            "status": "firing",
            "alerts": [{"status": "firing", "fingerprint": "a"}, {"status": "resolved", "fingerprint": "b"}],
        }

        parsed = alertmanager.parse(json.dumps(body).encode())

        assert [(one.dedup_key, one.action) for one in parsed] == [
            ("a", Action.TRIGGER),
            ("b", Action.RESOLVE),
        ]

    @pytest.mark.parametrize(
        ("alert", "title"),
        [
            ({"annotations": {"summary": "Disk is full"}}, "Disk is full"),
            ({"labels": {"alertname": "DiskFull", "instance": "db-1"}}, "DiskFull on db-1"),
            ({"labels": {"alertname": "DiskFull"}}, "DiskFull"),
            ({}, "Alert without a name from Alertmanager"),
            ({"annotations": {"summary": "two\n\tlines "}}, "two lines"),
        ],
    )
    def test_the_title_is_the_best_there_is(self, alert: dict[str, Any], title: str) -> None:
        assert am(**alert).title == title

    @pytest.mark.parametrize(
        ("label", "severity", "urgency"),
        [
            ("critical", "critical", "high"),
            ("page", "critical", "high"),
            ("SEV-1", "critical", "high"),
            ("error", "error", "high"),
            ("warning", "warning", "low"),
            ("P4", "info", "low"),
            ("none", "info", "low"),
            ("chartreuse", "chartreuse", "high"),
            ("", "", "high"),
        ],
    )
    def test_what_is_not_surely_harmless_wakes_people(self, label: str, severity: str, urgency: str) -> None:
        parsed = am(labels={"alertname": "A", "severity": label})

        assert (parsed.severity, parsed.urgency) == (severity, urgency)

    def test_alerts_that_were_left_out_are_shown(self) -> None:
        body = {
            "alerts": [{"status": "firing", "fingerprint": "f", "labels": {"alertname": "A"}}],
            "truncatedAlerts": 12,
        }

        (parsed,) = alertmanager.parse(json.dumps(body).encode())

        assert (
            parsed.annotations["truncated"]
            == "Alertmanager left out 12 more alerts of this group (max_alerts)."
        )
        assert list(parsed.problems) == ["Alertmanager left out alerts of a group because of its max_alerts."]

    def test_without_a_fingerprint_the_labels_stand_for_the_alert(self) -> None:
        one = am(fingerprint="", labels={"alertname": "A", "b": "1"})
        same = am(fingerprint="", labels={"b": "1", "alertname": "A"})
        other = am(fingerprint="", labels={"alertname": "A", "b": "2"})

        assert one.dedup_key == same.dedup_key != other.dedup_key
        assert list(one.problems) == ["An alert came without a fingerprint; its labels stand for it."]

    def test_missing_parts_are_named_and_stop_nothing(self) -> None:
        (parsed,) = alertmanager.parse(b'{"alerts": [{}]}')

        assert parsed.action is Action.TRIGGER
        assert list(parsed.problems) == [
            "An alert came without a status of firing or resolved; it is taken as firing.",
            "An alert came without a fingerprint; its labels stand for it.",
            "An alert came without a summary and without the label alertname.",
        ]

    def test_a_group_without_alerts_asks_for_nothing(self) -> None:
        assert alertmanager.parse(b'{"version": "4", "alerts": []}') == []

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]x", b'"text"', b"{}", b'{"alerts": {}}', b'{"alerts": [1]}', b"\xff"]
    )
    def test_what_is_no_webhook_is_unreadable(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            alertmanager.parse(body)

    def test_dashboards_and_panels_of_grafana_become_links(self) -> None:
        parsed = am(
            dashboardURL="https://g.example/d/1",
            panelURL="https://g.example/d/1?p=2",
            silenceURL="https://g.example/s",
        )

        assert parsed.links == (
            Link("dashboard", "Dashboard", "https://g.example/d/1"),
            Link("graph", "Graph", "https://g.example/d/1?p=2"),
            Link("link", "Silence in Grafana", "https://g.example/s"),
        )


class TestPagerDuty:
    TRIGGER: dict[str, Any] = {
        "routing_key": "k",
        "event_action": "trigger",
        "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"},
    }

    @pytest.mark.parametrize(
        ("change", "errors"),
        [
            ({}, []),
            ({"payload": {"summary": "Disk full", "severity": "info"}}, []),
            ({"dedup_key": 7}, []),
            ({"unknown": {"deep": []}}, []),
            (
                {"event_action": "raise"},
                ["'event_action' is invalid (must be one of: 'trigger', 'acknowledge', 'resolve')"],
            ),
            ({"payload": None}, ["'payload' is missing or blank"]),
            (
                {"payload": {"source": "x"}},
                ["'payload.summary' is missing or blank", "'payload.severity' is missing or blank"],
            ),
            (
                {"payload": {"summary": "x", "severity": "page"}},
                ["'payload.severity' is invalid (must be one of: 'critical', 'error', 'warning', 'info')"],
            ),
            ({"event_action": "resolve"}, ["'dedup_key' is missing or blank (it is required to resolve)"]),
            ({"event_action": "resolve", "dedup_key": "d", "payload": None}, []),
            ({"dedup_key": "d" * 256}, ["'dedup_key' is too long (maximum is 255 characters)"]),
            ({"dedup_key": {}}, ["'dedup_key' must be a string"]),
        ],
    )
    def test_what_pagerduty_refuses_is_refused(self, change: dict[str, Any], errors: list[str]) -> None:
        assert pagerduty.errors({**self.TRIGGER, **change}) == errors

    def test_component_group_class_and_source_are_labels_and_details_annotations(self) -> None:
        parsed = pd(
            event_action="trigger",
            dedup_key="d",
            payload={
                "summary": "Disk full",
                "source": "db-1",
                "severity": "warning",
                "component": "ledger",
                "group": "data",
                "class": "disk",
                "timestamp": "2015-07-17T08:42:58.315+0000",
                "custom_details": {"free": "0 B", "mounts": ["/", "/var"]},
            },
        )

        assert parsed.labels == {
            "severity": "warning",
            "source": "db-1",
            "component": "ledger",
            "group": "data",
            "class": "disk",
        }
        assert parsed.annotations == {"free": "0 B", "mounts": '["/", "/var"]'}
        assert parsed.urgency == "low"
        assert parsed.started_at == datetime(2015, 7, 17, 8, 42, 58, 315000, UTC)

    def test_links_and_images_are_kept_where_they_are_safe(self) -> None:
        parsed = pd(
            event_action="trigger",
            dedup_key="d",
            payload={"summary": "s", "severity": "info", "source": "x"},
            links=[
                {"href": "https://r.example/1", "text": "Runbook for disks"},
                {"href": "javascript:alert(1)"},
                "x",
            ],
            images=[{"src": "https://i.example/1.png", "alt": "Graph"}],
        )

        assert parsed.links == (
            Link("runbook", "Runbook for disks", "https://r.example/1"),
            Link("image", "Graph", "https://i.example/1.png"),
        )

    def test_the_key_it_was_answered_with_is_its_key(self) -> None:
        body = json.dumps({"event_action": "trigger", "payload": {"summary": "s"}}).encode()

        assert pagerduty.parse(body, given_key="generated")[0].dedup_key == "generated"

    def test_a_change_event_says_what_was_changed(self) -> None:
        body = {
            "payload": {
                "summary": "Deploy 41",
                "source": "ci",
                "timestamp": "2026-11-21T01:00:00Z",
                "custom_details": {"version": "41", "service": "payments-api", "type": "deploy"},
            },
            "links": [{"href": "https://ci.example/41"}],
        }

        change = pagerduty.parse_change(json.dumps(body).encode())

        assert (change.summary, change.kind, change.version) == ("Deploy 41", "deploy", "41")
        assert (change.service, change.url) == ("payments-api", "https://ci.example/41")
        assert change.at == datetime(2026, 11, 21, 1, tzinfo=UTC)


class TestGeneric:
    @pytest.mark.parametrize(
        ("content", "title", "key"),
        [
            ({"title": "A", "dedup_key": "k"}, "A", "k"),
            ({"summary": "A", "alias": "k"}, "A", "k"),
            ({"message": "A", "alert_uid": "k"}, "A", "k"),
            ({"msg": "A", "id": 7}, "A", "7"),
            ({"name": "A", "deduplication_key": "k"}, "A", "k"),
        ],
    )
    def test_the_names_that_senders_use_are_understood(
        self, content: dict[str, Any], title: str, key: str
    ) -> None:
        assert (own(content).title, own(content).dedup_key) == (title, key)

    @pytest.mark.parametrize(
        ("status", "action"),
        [
            ("firing", Action.TRIGGER),
            ("DOWN", Action.TRIGGER),
            ("resolved", Action.RESOLVE),
            ("OK", Action.RESOLVE),
            ("closed", Action.RESOLVE),
            ("ack", Action.ACKNOWLEDGE),
            ("", Action.TRIGGER),
        ],
    )
    def test_states_are_understood(self, status: str, action: Action) -> None:
        parsed = own({"title": "A", "status": status})

        assert (parsed.action, list(parsed.problems)) == (action, [])

    def test_an_unknown_state_wakes_people_and_is_told(self) -> None:
        parsed = own({"title": "A", "status": "purple"})

        assert parsed.action is Action.TRIGGER
        assert list(parsed.problems) == [
            "A signal came with a status that is not known; it is taken as a trigger."
        ]

    def test_without_a_key_the_title_and_its_place_stand_for_the_alert(self) -> None:
        down = own({"title": "web is down", "host": "web-1"})
        up = own({"title": "web is up", "host": "web-1", "state": "ok"})
        elsewhere = own({"title": "web is down", "host": "web-2"})

        assert down.dedup_key == up.dedup_key != elsewhere.dedup_key
        assert up.action is Action.RESOLVE

    def test_labels_come_from_objects_lists_and_fields(self) -> None:
        parsed = own(
            {"title": "A", "tags": ["team:core", "urgent"], "labels": {"a": 1}, "service": "payments"}
        )

        assert parsed.labels == {"a": "1", "team": "core", "urgent": "true", "service": "payments"}

    def test_several_alerts_may_come_at_once(self) -> None:
        body = json.dumps([{"title": "A", "key": "1"}, {"title": "B", "key": "2"}]).encode()

        assert [parsed.dedup_key for parsed in generic.parse(body)] == ["1", "2"]

    def test_a_form_and_plain_text_are_understood(self) -> None:
        (form,) = generic.parse(b"title=Disk+full&severity=warning&dedup=d1")
        (text,) = generic.parse(b"Disk full on db-1\nonly 3 MB left\n")

        assert (form.title, form.urgency, form.dedup_key) == ("Disk full", "low", "d1")
        assert (text.title, text.description) == (
            "Disk full on db-1",
            "Disk full on db-1\nonly 3 MB left\n".strip(),
        )

    @pytest.mark.parametrize("body", [b"", b"  \n", b"{", b'{"title": ', b"[1]", b"[]", b"{}"])
    def test_broken_json_and_silence_are_unreadable(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            generic.parse(body)

    def test_a_body_of_alertmanagers_shape_is_read_as_one(self) -> None:
        (parsed,) = generic.parse(CAPTURED["alertmanager firing"].encode())

        assert parsed.dedup_key == "a63b21f5ca56f684"

    @pytest.mark.parametrize(
        ("status", "actions"), [(0, [Action.TRIGGER]), (1, [Action.RESOLVE]), (2, []), (3, [])]
    )
    def test_uptime_kuma_speaks_of_monitors(self, status: int, actions: list[Action]) -> None:
        body = {"heartbeat": {"status": status}, "monitor": {"id": 3, "name": "Web"}, "msg": "[Web] changed"}

        parsed = generic.parse(json.dumps(body).encode())

        assert [one.action for one in parsed] == actions
        assert {one.dedup_key for one in parsed} <= {"monitor:3"}

    def test_links_are_found_by_name(self) -> None:
        parsed = own(
            {
                "title": "A",
                "runbook_url": "https://r.example",
                "url": "https://a.example",
                "links": ["ftp://x"],
            }
        )

        assert parsed.links == (
            Link("runbook", "Runbook", "https://r.example"),
            Link("link", "Link", "https://a.example"),
        )


class TestBadInput:
    @pytest.mark.parametrize("kind", ["alertmanager", "generic", "pagerduty"])
    def test_nul_bytes_and_half_characters_never_reach_the_database(self, kind: str) -> None:
        text = '"a\\u0000b\\ud800c"'
        body = {
            "alertmanager": f'{{"alerts":[{{"fingerprint":{text},"labels":{{{text}:{text}}},"annotations":{{"summary":{text}}}}}]}}',
            "generic": f'{{"title":{text},"labels":{{{text}:{text}}},"dedup_key":{text}}}',
            "pagerduty": f'{{"dedup_key":{text},"payload":{{"summary":{text},"custom_details":{{{text}:[{text}]}}}}}}',
        }[kind]

        (parsed,) = parsers.parse(kind, body.encode(), source="s")

        written = "".join(
            [parsed.title, parsed.dedup_key, *parsed.labels, *parsed.labels.values(), *parsed.annotations]
        )
        assert parsed.title == "a\ufffdb\ufffdc"
        assert "\x00" not in written
        written.encode()

    def test_ten_thousand_labels_are_capped_and_the_ones_that_route_are_kept(self) -> None:
        parsed = am(labels={**{f"l{n}": "x" for n in range(10_000)}, "service": "api", "alertname": "A"})

        assert len(parsed.labels) == 200
        assert (parsed.labels["service"], parsed.labels["alertname"]) == ("api", "A")
        assert list(parsed.problems) == ["Too many labels came; 200 of them are kept."]

    def test_long_texts_are_cut(self) -> None:
        parsed = own(
            {"title": "t" * 5000, "description": "d" * 50_000, "labels": {"a": "v" * 5000}, "key": "k" * 5000}
        )

        assert (len(parsed.title), len(parsed.description), len(parsed.labels["a"])) == (1024, 20_000, 1000)
        assert len(parsed.dedup_key.encode()) <= values.MAX_KEY_BYTES

    def test_long_keys_stay_different(self) -> None:
        assert (
            own({"title": "t", "key": "k" * 5000 + "1"}).dedup_key
            != own({"title": "t", "key": "k" * 5000 + "2"}).dedup_key
        )

    def test_deep_nesting_is_no_way_to_stop_the_pipeline(self) -> None:
        deep = b"[" * 200_000
        with pytest.raises(Unreadable):
            generic.parse(deep)
        parsed = own({"title": "A", "labels": {"deep": json.loads("[" * 400 + "]" * 400)}})
        assert parsed.labels["deep"].startswith("[[[[")

    @pytest.mark.parametrize(
        ("written", "at"),
        [
            ("2015-07-17T08:42:58.315+0000", datetime(2015, 7, 17, 8, 42, 58, 315000, UTC)),
            ("2026-11-21T01:29:53.472123456Z", datetime(2026, 11, 21, 1, 29, 53, 472123, UTC)),
            ("2026-11-21T02:00:00+02:00", datetime(2026, 11, 21, 0, tzinfo=UTC)),
            ("2026-11-21 02:00:00", datetime(2026, 11, 21, 2, tzinfo=UTC)),
            (1_795_224_593, datetime(2026, 11, 21, 1, 29, 53, tzinfo=UTC)),
            (1_795_224_593_000, datetime(2026, 11, 21, 1, 29, 53, tzinfo=UTC)),
            ("1795224593", datetime(2026, 11, 21, 1, 29, 53, tzinfo=UTC)),
            ("0001-01-01T00:00:00Z", None),
            ("yesterday", None),
            ("", None),
            (None, None),
            (True, None),
            (1e300, None),
            ([], None),
        ],
    )
    def test_times_as_senders_write_them(self, written: object, at: datetime | None) -> None:
        assert values.moment(written) == at

    @pytest.mark.parametrize(
        ("url", "safe"),
        [
            ("https://a.example/x?y=1#z", True),
            ("HTTP://a.example", True),
            ("javascript:alert(1)", False),
            ("data:text/html,x", False),
            ("//a.example", False),
            ("https://a.example/ x", False),
            ('https://a.example/"x', False),
            ("https://a.example/" + "x" * 2000, False),
            (None, False),
        ],
    )
    def test_only_plain_web_links_are_shown(self, url: object, safe: bool) -> None:  # noqa: FBT001
        assert (values.link("link", url) is not None) is safe

    def test_a_signal_that_was_too_large_and_one_not_understood_are_alerts(self) -> None:
        (large,) = parsers.parse(parsers.OVERSIZED, b"", source="Prometheus")
        lost = parsers.not_understood("Prometheus", b"<xml>\x00", "The body is not JSON.")

        assert (large.title, large.urgency) == ("A signal from Prometheus was too large to read", "high")
        assert lost.title == "A signal from Prometheus could not be understood"
        assert lost.description == "The body is not JSON.\n\nIt begins with:\n<xml>\ufffd"
