"""From a stored signal to an alert that somebody is asked about; and that nothing on that way is lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from core.accounts.models import User
from core.events.models import Event
from incidents.lifecycle.models import TimelineEntry
from incidents.models import Change
from oncall import pipeline
from oncall.alerts import operations as alerts
from oncall.alerts import parsers
from oncall.models import Alert, Escalation, IngestError, Integration, Signal
from oncall.routing import operations as routing
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def send(integration: Integration, content: Any, *, key: str = "", kind: str = "") -> Signal:
    """A signal as the door stores it."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Signal.objects.create(
        integration=integration, kind=kind or integration.kind, body=body, dedup_key=key
    )


def event(action: str, key: str, **payload: Any) -> dict[str, Any]:
    return {
        "event_action": action,
        "dedup_key": key,
        "payload": {"summary": "S", "severity": "critical", **payload},
    }


def run() -> int:
    done = 0
    while found := pipeline.process_due():
        done += found
    return done


def again() -> None:
    """Let what was put off be due now."""
    Signal.objects.filter(state="new").update(due_at="2020-01-01T00:00:00Z")


@pytest.fixture
def pagerduty() -> Integration:
    return cast.source("pagerduty")[0]


@pytest.fixture
def generic() -> Integration:
    return cast.source("generic")[0]


class TestOneAlert:
    def test_a_trigger_opens_an_alert_of_its_service_and_asks_by_its_policy(
        self, generic: Integration
    ) -> None:
        service = cast.service("Payments API")
        policy = cast.policy((300, [cast.alice()]))
        routing.set_service_policy(service, policy=policy)

        send(generic, {"title": "Disk full", "severity": "critical", "labels": {"service": "payments-api"}})
        assert run() == 1

        alert = Alert.objects.get()
        assert (alert.status, alert.title, alert.service, alert.urgency) == (
            "triggered",
            "Disk full",
            service,
            "high",
        )
        assert alert.routed_by == "no route matched: the label service names the service"
        started = Escalation.objects.get()
        assert (started.alert, started.policy, started.status) == (alert, policy, "escalating")
        assert Event.objects.get(name="alert.received").payload == {
            "alert_id": alert.pk,
            "service_id": service.pk,
            "urgency": "high",
        }
        signal = Signal.objects.get()
        assert (signal.state, signal.error, signal.processed_at is None) == ("processed", "", False)
        generic.refresh_from_db()
        assert generic.last_signal_at is not None

    def test_a_repeat_raises_the_count_and_asks_nobody_again(self, generic: Integration) -> None:
        send(generic, {"title": "A", "key": "k", "description": "first"})
        run()
        send(generic, {"title": "A!", "key": "k", "description": "second"})
        run()

        alert = Alert.objects.get()
        assert (alert.count, alert.title, alert.description) == (2, "A", "second")
        assert Escalation.objects.count() == 1

    def test_a_flood_of_one_key_is_one_alert_with_a_count(self, generic: Integration) -> None:
        for _ in range(200):
            send(generic, {"title": "A", "key": "k"})

        assert run() == 200
        assert list(Alert.objects.values_list("count", flat=True)) == [200]
        assert Escalation.objects.count() == 1

    def test_a_trigger_of_an_acknowledged_alert_only_counts(self, pagerduty: Integration) -> None:
        send(pagerduty, event("trigger", "k"))
        send(pagerduty, event("acknowledge", "k"))
        send(pagerduty, event("trigger", "k"))
        run()

        alert = Alert.objects.get()
        assert (alert.status, alert.count) == ("acknowledged", 2)
        assert list(Escalation.objects.values_list("status", flat=True)) == ["acknowledged"]

    def test_a_resolve_by_its_source_ends_the_alert_and_the_asking(self, pagerduty: Integration) -> None:
        send(pagerduty, event("trigger", "k"))
        run()
        send(pagerduty, event("resolve", "k"))
        run()

        alert = Alert.objects.get()
        assert (alert.status, alert.resolved_by, alert.resolved_at is None) == ("resolved", None, False)
        assert list(Escalation.objects.values_list("status", flat=True)) == ["closed"]
        assert Event.objects.get(name="alert.resolved").payload == {
            "alert_id": alert.pk,
            "incident_id": None,
            "by_source": True,
        }

    def test_after_its_end_a_trigger_opens_a_new_alert(self, pagerduty: Integration) -> None:
        for action in ("trigger", "resolve", "trigger", "trigger"):
            send(pagerduty, event(action, "k"))
        run()

        assert list(Alert.objects.order_by("id").values_list("status", "count")) == [
            ("resolved", 1),
            ("triggered", 2),
        ]
        assert list(Escalation.objects.order_by("id").values_list("status", flat=True)) == [
            "closed",
            "escalating",
        ]

    @pytest.mark.parametrize("action", ["acknowledge", "resolve"])
    def test_what_finds_no_open_alert_is_dropped_and_says_so(
        self, pagerduty: Integration, action: str
    ) -> None:
        send(pagerduty, event(action, "unheard-of"))
        run()

        assert not Alert.objects.exists()
        assert (Signal.objects.get().state, Signal.objects.get().error) == ("processed", pipeline.DROPPED)

    def test_keys_of_different_sources_never_meet(self, pagerduty: Integration) -> None:
        other, _ = cast.source("pagerduty", name="Other")
        send(pagerduty, event("trigger", "k"))
        send(other, event("resolve", "k"))
        run()

        assert list(Alert.objects.values_list("integration", "status")) == [(pagerduty.pk, "triggered")]

    def test_a_real_webhook_with_both_states_opens_one_and_ends_another(self) -> None:
        integration, _ = cast.source("alertmanager")
        one, two = ({"labels": {"alertname": name}, "fingerprint": name} for name in ("A", "B"))
        send(integration, {"alerts": [{**one, "status": "firing"}, {**two, "status": "firing"}]})
        send(integration, {"alerts": [{**one, "status": "resolved"}, {**two, "status": "firing"}]})
        run()

        assert list(Alert.objects.order_by("dedup_key").values_list("dedup_key", "status", "count")) == [
            ("A", "resolved", 1),
            ("B", "triggered", 2),
        ]

    def test_the_end_of_an_alert_is_on_the_timeline_of_its_incident(self, pagerduty: Integration) -> None:
        incident = cast.incident()
        send(pagerduty, event("trigger", "k", summary="Checkout fails"))
        run()
        alerts.attach_alerts([Alert.objects.get().pk], incident_id=incident.pk, actor=None)
        send(pagerduty, event("resolve", "k"))
        run()

        entry = TimelineEntry.objects.filter(incident=incident, kind="alert").latest("id")
        assert entry.text == "Alert resolved by its source: Checkout fails"

    def test_a_test_event_takes_the_way_of_any_other(self) -> None:
        for kind in ("generic", "alertmanager", "pagerduty"):
            alerts.send_test(cast.source(kind, name=f"My {kind}")[0], actor=User.objects.get(role="admin"))
        run()

        assert sorted(Alert.objects.values_list("title", "is_test", "status")) == [
            ("Test event from My alertmanager", True, "triggered"),
            ("Test event from My generic", True, "triggered"),
            ("Test event from My pagerduty", True, "triggered"),
        ]
        assert Escalation.objects.count() == 3


class TestChanges:
    def test_a_change_event_is_kept_with_its_service_and_asks_nobody(self, pagerduty: Integration) -> None:
        service = cast.service("Payments API")
        details = {"service": "Payments API", "version": "41", "type": "config"}
        send(
            pagerduty,
            {"payload": {"summary": "Limit raised", "source": "ci", "custom_details": details}},
            kind=parsers.CHANGE,
        )
        run()

        change = Change.objects.get()
        assert (change.service, change.kind, change.summary) == (service, "config", "Limit raised")
        assert (change.version, change.source) == ("41", "ci")
        assert not Alert.objects.exists()

    def test_a_source_of_a_service_speaks_for_it_alone(self) -> None:
        own, other = cast.service("Ledger"), cast.service("Payments API")
        integration, _ = cast.source("pagerduty", of=own)
        details = {"service": other.slug}
        send(integration, {"payload": {"summary": "S", "custom_details": details}}, kind=parsers.CHANGE)
        run()

        assert Change.objects.get().service == own

    def test_a_change_of_nothing_that_is_known_is_shown(self, pagerduty: Integration) -> None:
        send(pagerduty, {"payload": {"summary": "S"}}, kind=parsers.CHANGE)
        run()

        assert not Change.objects.exists()
        assert list(IngestError.objects.values_list("detail", flat=True)) == [pipeline.NO_SERVICE]
        assert Signal.objects.get().state == "processed"


class TestNothingIsDropped:
    def test_without_any_policy_every_admin_is_asked_and_the_alert_says_why(
        self, generic: Integration
    ) -> None:
        send(generic, {"title": "A"})
        run()

        assert Alert.objects.get().routed_by == (
            "no route matched: there is no default policy either, so every admin is asked"
        )
        plan = Escalation.objects.get().plan
        assert [target["name"] for target in plan["levels"][0]["targets"]] == ["Ada Example"]

    @pytest.mark.parametrize(
        ("kind", "body", "why"),
        [
            ("generic", b"{broken", "The body is not JSON."),
            ("generic", b"", "The body is empty."),
            ("alertmanager", b"<html>", "The body is not JSON."),
            ("alertmanager", b"{}", "The body has no list called alerts."),
        ],
    )
    def test_a_signal_nobody_understands_is_an_alert_that_pages(
        self, kind: str, body: bytes, why: str
    ) -> None:
        integration, _ = cast.source(kind, name="Legacy")
        send(integration, body)
        run()

        assert (Signal.objects.get().state, Signal.objects.get().error) == ("poison", why)
        assert Alert.objects.get().title == "A signal from Legacy could not be understood"
        assert Escalation.objects.get().status == "escalating"
        assert list(IngestError.objects.values_list("detail", "count")) == [(why, 1)]

    def test_a_signal_that_was_too_large_is_an_alert_that_pages(self, generic: Integration) -> None:
        send(generic, b"", kind=parsers.OVERSIZED)
        send(generic, b"", kind=parsers.OVERSIZED)
        run()

        assert list(Alert.objects.values_list("title", "count", "urgency")) == [
            ("A signal from Generic was too large to read", 2, "high")
        ]
        assert Escalation.objects.count() == 1

    def test_what_is_odd_about_a_signal_is_shown_and_stops_nothing(self, generic: Integration) -> None:
        for _ in range(3):
            send(generic, {"status": "purple", "key": "k"})
        run()

        assert Alert.objects.get().title == "Signal without a title"
        assert sorted(IngestError.objects.values_list("detail", "count", "integration")) == [
            ("A signal came with a status that is not known; it is taken as a trigger.", 3, generic.pk),
            ("A signal came without a title.", 3, generic.pk),
        ]

    def test_one_signal_that_fails_waits_alone(
        self, generic: Integration, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_on(monkeypatch, b"bad")
        send(generic, {"title": "A"})
        send(generic, {"title": "bad"})
        send(generic, {"title": "B"})
        pipeline.process_due()

        assert sorted(Alert.objects.values_list("title", flat=True)) == ["A", "B"]
        waiting = Signal.objects.get(state="new")
        assert (waiting.attempts, waiting.error) == (1, "RuntimeError: no luck")
        assert waiting.due_at > waiting.received_at

    def test_a_signal_that_keeps_failing_becomes_an_alert_that_pages(
        self, generic: Integration, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_on(monkeypatch, b"bad")
        send(generic, {"title": "bad"})
        for _ in range(6):
            run()
            again()

        signal = Signal.objects.get()
        assert (signal.state, signal.attempts) == ("poison", 5)
        assert Alert.objects.get().title == "A signal from Generic could not be understood"
        assert Escalation.objects.get().status == "escalating"

    def test_even_routing_that_fails_pages_in_the_end(
        self, generic: Integration, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("no way")

        monkeypatch.setattr(pipeline, "decide", broken)
        send(generic, {"title": "A"})
        for _ in range(7):
            run()
            again()

        assert Alert.objects.get().routed_by == "routing failed: every admin is asked"
        assert Escalation.objects.get().status == "escalating"

    def test_a_route_whose_conditions_are_spoilt_is_left_out_and_holds_up_nothing(
        self, generic: Integration
    ) -> None:
        route = routing.create_route(actor=User.objects.get(role="admin"), name="R", urgency="low")
        type(route).objects.update(match="spoilt")
        send(generic, {"title": "A"})
        run()

        assert Alert.objects.get().urgency == "high"


class TestOrderAndCost:
    def test_two_workers_never_take_signals_of_one_source_at_once(
        self, transactional_db: None, pagerduty: Integration
    ) -> None:
        """A resolve that is processed beside its trigger would leave the alert open for ever."""
        for n in range(60):
            send(pagerduty, event("trigger", f"k{n}"))
            send(pagerduty, event("resolve", f"k{n}"))

        def waiting() -> bool:
            return Signal.objects.filter(state="new").exists()

        def worker(_: int) -> int:
            try:
                return sum(iter(lambda: pipeline.process_due(limit=7) if waiting() else -1, -1))
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            done = sum(pool.map(worker, range(4)))

        assert done == 120
        assert list(Alert.objects.values_list("status", flat=True)) == ["resolved"] * 60
        assert Signal.objects.filter(state="processed").count() == 120

    def test_a_flood_from_one_source_does_not_hold_up_another(self, generic: Integration) -> None:
        other, _ = cast.source("generic", name="Other")
        for _ in range(100):
            send(generic, {"title": "noise", "key": "n"})
        send(other, {"title": "signal"})

        assert pipeline.process_due(limit=10) == 10
        assert Alert.objects.filter(title="signal").exists()

    def test_the_number_of_statements_does_not_grow_with_the_batch(
        self, generic: Integration, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for n in range(50):
            send(generic, {"title": f"A{n}", "key": f"k{n}"})

        with django_assert_max_num_queries(24):
            assert pipeline.process_due(limit=50) == 50

    def test_nothing_to_do_costs_one_look(
        self, generic: Integration, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(1 + 2):
            assert pipeline.process_due() == 0


def break_on(monkeypatch: pytest.MonkeyPatch, word: bytes) -> None:
    """Let a parser raise what nobody foresaw, for bodies that hold a word."""
    real: Callable[..., Any] = parsers.parse

    def parse(kind: str, body: bytes, **given: Any) -> Any:
        if word in body:
            raise RuntimeError("no luck")
        return real(kind, body, **given)

    monkeypatch.setattr(parsers, "parse", parse)
