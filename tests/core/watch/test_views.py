from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from core.live import registry as live
from core.outbox import draining
from core.outbox.models import WorkerBeat
from core.tokens import operations as tokens
from core.watch import queries, registry
from core.watch.registry import Check
from core.watch.rules import Grade, Reading
from tests import cast
from tests.core.watch.test_detectors import ago, message, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
PAGE, REGION, API = (
    "/settings/paging-health/",
    "/settings/paging-health/-/health/",
    "/api/v1/paging-health/",
)


def browser(user: User) -> Client:
    return cast.sign_in(Client(), user)


def api(user: User) -> APIClient:
    _, secret = tokens.create(user, name="x", scopes=["read"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture(autouse=True)
def at_work() -> None:
    """A pager and a Celery worker that are alive; a database that writes safely, as far as it says."""
    for kind in ("pagerd", "celery"):
        draining._beats.clear()
        draining._beat(f"{kind} host 1", kind)


@pytest.fixture
def only() -> Iterator[Callable[[Reading], None]]:
    """Let one reading be all there is to look at."""
    checks, detectors = dict(registry._checks), dict(registry._detectors)

    def see(reading: Reading) -> None:
        registry._checks.clear()
        registry._detectors.clear()
        registry.add(Check(name="it", title="It", order=1, look=lambda: reading))

    yield see
    registry._checks.update(checks)
    registry._detectors.update(detectors)
    del registry._checks["it"]


def test_a_tired_person_reads_one_sentence_then_what_to_do(only: Callable[[Reading], None]) -> None:
    only(Reading(grade=Grade.BAD, text="It stands still.", advice="Kick it."))
    text = browser(cast.alice()).get(PAGE).content.decode()
    assert "Act now. It stands still." in text
    assert "Kick it." in text
    assert "note-bad" in text


def test_health_says_so(only: Callable[[Reading], None]) -> None:
    only(Reading(grade=Grade.GOOD, text="It runs."))
    text = browser(cast.alice()).get(PAGE).content.decode()
    assert "Paging is healthy." in text
    assert "note-good" in text


def test_what_is_stuck_is_named_with_a_way_there() -> None:
    alert = cast.alert()
    sql(f"update oncall_alert set first_at = {ago(35)}")
    text = browser(cast.alice()).get(REGION).content.decode()
    assert f'<a class="link" href="/alerts/{alert.pk}/">Alert {alert.pk}</a>' in text
    assert "<html" not in text
    assert text.index('<li id="check-alerts_unasked"') < text.index('<li id="check-workers"')


@pytest.mark.parametrize("path", [PAGE, REGION])
def test_responders_see_it_and_viewers_do_not(path: str) -> None:
    assert browser(cast.vera()).get(path).status_code == 403
    for somebody in (cast.alice(), cast.mona(), cast.ada()):
        client = browser(somebody)
        assert client.get(path).status_code == 200
        assert client.post(path).status_code == 405


def test_it_is_in_the_menu_of_responders_alone() -> None:
    link = f'href="{PAGE}"'
    assert link in browser(cast.alice()).get("/more/").content.decode()
    assert link not in browser(cast.vera()).get("/more/").content.decode()


def test_only_responders_hear_that_it_changed() -> None:
    assert live.may_hear(cast.alice(), "watch")
    assert not live.may_hear(cast.vera(), "watch")


def test_however_much_is_stuck_the_page_asks_as_little(
    django_assert_max_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_readings", {})  # what other tests have looked at a moment ago
    client = browser(cast.alice())
    for n in range(30):
        message(key=f"m{n}", due_at=ago(40))
    with django_assert_max_num_queries(80):
        client.get(REGION)


def test_what_cannot_be_looked_at_is_bad_and_hides_nothing(only: Callable[[Reading], None]) -> None:
    def broken() -> Reading:
        with connection.cursor() as cursor:
            cursor.execute("select 1 / 0")
        return Reading(grade=Grade.GOOD, text="")

    only(Reading(grade=Grade.GOOD, text="It runs."))
    registry.add(Check(name="it", title="It", order=1, look=broken))
    registry.add(Check(name="bug", title="Bug", order=2, look=dict[str, Reading]().popitem))  # type: ignore[arg-type]
    try:
        found = queries.health()
    finally:
        del registry._checks["bug"]
    texts = [each.reading.text for each in found.seen]
    assert texts == [
        "This could not be looked at: division by zero.",
        "This could not be looked at: KeyError.",
    ]
    assert found.grade is Grade.BAD


class TestApi:
    def test_the_same_for_programs(self) -> None:
        late = message(due_at=ago(35))
        body = api(cast.alice()).get(API).json()
        assert body["status"] == "bad"
        assert body["sentence"].startswith("Act now. ")
        assert body["url"].endswith(PAGE)
        check = next(each for each in body["checks"] if each["name"] == "messages_unclaimed")
        assert (check["status"], check["title"]) == ("bad", "Messages on their way")
        assert check["findings"][0]["what"] == f"Message {late}"
        assert check["findings"][0]["since"].endswith("Z")
        assert check["findings"][0]["url"] is None
        assert {each["name"] for each in body["checks"]} >= {"workers", "database", "waiting", "lag", "disk"}

    def test_for_responders(self) -> None:
        assert api(cast.vera()).get(API).status_code == 403
        assert APIClient().get(API).status_code == 401
        assert api(cast.alice()).post(API).status_code == 405


class TestEngine:
    def reading(self, name: str) -> Reading:
        return next(check.look() for check in registry.checks() if check.name == name)

    def test_workers_that_beat_are_counted(self) -> None:
        assert self.reading("workers").text == "At work: 1 pager and 1 Celery worker."
        WorkerBeat.objects.filter(kind="pagerd").delete()
        assert self.reading("workers").text == "The pager has never run."
        sql(f"insert into outbox_workerbeat (name, kind, drained_at) values ('p', 'pagerd', {ago(300)})")
        assert self.reading("workers").text == "The pager was last seen 5 min ago."

    def test_the_oldest_message_of_each_channel(self) -> None:
        message(key="new", due_at=ago(1))
        message(key="old", due_at=ago(5))
        assert self.reading("waiting").text == "Waiting: a page by e-mail for 5 s."

    def test_the_speed_of_first_tries(self) -> None:
        pk = message("accepted", planned_at=ago(10))
        for n, begun in ((1, 9), (2, 1)):
            sql(
                "insert into outbox_attempt (message_id, n, worker, started_at, outcome, detail, late)"
                f" values (%s, %s, 'w', {ago(begun)}, 'accepted', '', false)",
                pk,
                n,
            )
        assert self.reading("lag").text == ("The last message was begun within 1.00 s of its time.")

    def test_tries_without_a_known_end_are_counted_for_a_day(self) -> None:
        came, lost = message("accepted", key="came"), message("unknown", key="lost", ended_at=ago(7200))
        for pk, began in ((came, 10), (came, 20), (lost, 30), (lost, 90000)):
            sql(
                "insert into outbox_attempt (message_id, n, worker, started_at, outcome, detail, late)"
                f" values (%s, 1, 'w', {ago(began)}, 'unknown', '', false)",
                pk,
            )
        assert "After 3 tries of the last 24 h" in self.reading("duplicates").text
        assert "Arrived twice, perhaps: 1." in self.reading("duplicates").text
        text = Client().get("/metrics").content.decode()
        assert "watchbill_outcomes_unknown_day 3.0" in text
        assert "watchbill_messages_perhaps_twice_day 1.0" in text
        assert "watchbill_dispatch_lag_p99_seconds 0.0" in text

    def test_the_database_is_asked(self) -> None:
        assert self.reading("database").text.startswith("Postgres ")
