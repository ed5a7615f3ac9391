import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings

from core.accounts.models import Role, User
from core.events.models import Event
from core.outbox.models import WorkerBeat
from core.stack import metrics, operations
from core.stack.processes import free_port

PERSON = {"name": "Ada Winter", "email": "ada@example.com", "password": "an owl at the window"}


def beat(seconds_ago: float | None, kind: str = "pagerd") -> None:
    row = WorkerBeat.objects.create(name=f"{kind}-1", kind=kind)
    if seconds_ago is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "update outbox_workerbeat set drained_at = now() - make_interval(secs => %s) where id = %s",
                [seconds_ago, row.pk],
            )


def test_live_needs_no_database(client: Client) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_when_postgres_answers(client: Client) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds_ago", "status"), [(0, 200), (9, 200), (11, 503), (None, 503)])
def test_the_pager_is_well_when_it_finished_a_round_within_ten_seconds(
    client: Client, seconds_ago: float | None, status: int
) -> None:
    beat(seconds_ago)
    assert client.get("/health/pager").status_code == status


@pytest.mark.django_db
def test_a_celery_worker_is_no_pager(client: Client) -> None:
    beat(0, kind="worker")
    answer = client.get("/health/pager")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "no pager finished a round within the last 10 s"},
    )


@pytest.mark.django_db
def test_probes_are_answered_under_any_host_name_and_without_a_session(client: Client) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        answer = client.get(path, headers={"host": "10.1.2.3"})
        assert answer.status_code == 200
        assert not answer.cookies
        assert "Content-Security-Policy" in answer


@pytest.mark.django_db
def test_probes_answer_reads_only(client: Client) -> None:
    for path in ("/health/live", "/health/ready", "/health/pager", "/metrics"):
        assert client.post(path).status_code == 405


def test_an_unknown_probe_is_absent(client: Client) -> None:
    assert client.get("/health/other").status_code == 404


@pytest.mark.django_db
def test_metrics_show_what_waits(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into outbox_message (key, client, subject_id, epoch, lane, channel, address, secret, content,"
            " state, due_at, not_after, attempts, unknown_outcomes, lease_owner, provider_id, error)"
            " values ('k', 'c', 1, 0, 1, 'email', 'a', '', '{}', 'pending', now() - interval '40 s',"
            " now() + interval '1 day', 0, 0, '', '', '')"
        )
    beat(0)
    lines = client.get("/metrics").content.decode().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert figures['watchbill_messages_pending{lane="pages"}'] == "1.0"
    assert figures['watchbill_messages_pending{lane="critical"}'] == "0.0"
    assert 39 < float(figures["watchbill_message_oldest_due_seconds"]) < 60
    assert figures["watchbill_event_oldest_undelivered_seconds"] == "0.0"
    assert figures["watchbill_timer_oldest_due_seconds"] == "0.0"
    assert figures["watchbill_signals_unprocessed"] == "0.0"
    assert float(figures['watchbill_worker_seen_seconds{kind="pagerd"}']) < 5
    assert figures["watchbill_database_up"] == "1.0"


@pytest.mark.django_db
def test_one_figure_costs_one_statement(client: Client, django_assert_max_num_queries: Any) -> None:
    savepoint_statement_release = 3
    with django_assert_max_num_queries(savepoint_statement_release * len(metrics.read_all())):
        client.get("/metrics")


@pytest.mark.django_db
class TestFirstAdmin:
    @pytest.fixture(autouse=True)
    def _production(self, settings: Settings) -> None:
        settings.PRODUCTION = True

    def test_the_first_person_becomes_admin_and_is_signed_in(self, client: Client) -> None:
        answer = client.post("/setup/", PERSON)
        assert (answer.status_code, answer["Location"]) == (302, "/")
        admin = User.objects.get()
        assert (admin.email, admin.name, admin.role) == ("ada@example.com", "Ada Winter", Role.ADMIN)
        assert admin.check_password(PERSON["password"])
        assert client.session["_auth_user_id"] == str(admin.pk)
        assert Event.objects.filter(name="install.set_up", subject_id=admin.pk, actor=admin).count() == 1

    def test_an_empty_install_leads_from_sign_in_to_its_set_up(self, client: Client) -> None:
        answer = client.get("/accounts/login/")
        assert (answer.status_code, answer["Location"]) == (302, "/setup/")
        assert "Make me the admin" in client.get("/setup/").content.decode()

    def test_the_page_is_gone_once_there_is_anybody(self, client: Client) -> None:
        User.objects.create_user("first@example.com", None, name="First")
        assert client.get("/setup/").status_code == 404
        assert client.post("/setup/", PERSON).status_code == 404
        assert User.objects.count() == 1

    def test_the_page_exists_in_production_only(self, client: Client, settings: Settings) -> None:
        settings.PRODUCTION = False
        assert client.get("/setup/").status_code == 404
        assert client.post("/setup/", PERSON).status_code == 404
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value", "complaint"),
        [
            ("password", "short", "at least 12 characters"),
            ("password", "123456789012", "entirely numeric"),
            ("email", "ada", "valid email"),
            ("name", "", "required"),
        ],
    )
    def test_a_bad_answer_is_shown_again(
        self, client: Client, field: str, value: str, complaint: str
    ) -> None:
        answer = client.post("/setup/", {**PERSON, field: value})
        assert answer.status_code == 422
        assert complaint in answer.content.decode()
        assert not User.objects.exists()

    def test_a_form_from_another_site_is_refused(self) -> None:
        assert Client(enforce_csrf_checks=True).post("/setup/", PERSON).status_code == 403
        assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_becomes_admin(settings: Settings) -> None:
    settings.PRODUCTION = True
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def come(email: str) -> None:
        gate.wait()
        try:
            operations.make_first_admin(name="N", email=email, password="an owl at the window")
            outcomes.append("made")
        except operations.AlreadySetUp:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come, args=[f"{name}@example.com"]) for name in ("ada", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert User.objects.count() == 1


def test_without_postgres_the_process_lives_and_is_not_ready() -> None:
    code = """
import django
django.setup()
from django.test import Client
for path in ("/health/live", "/health/ready", "/health/pager", "/metrics"):
    answer = Client().get(path)
    print(path, answer.status_code, "watchbill_database_up 0.0" in answer.content.decode())
"""
    away = f"postgresql://watchbill:x@127.0.0.1:{free_port()}/watchbill"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DATABASE_URL": away, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.splitlines() == [
        "/health/live 200 False",
        "/health/ready 503 False",
        "/health/pager 503 False",
        "/metrics 200 True",
    ]
