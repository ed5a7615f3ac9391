from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from core.events import housekeeping
from core.events.models import Event
from incidents.changes import operations, queries
from incidents.changes.models import Change
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from incidents.catalog.models import Service

pytestmark = pytest.mark.django_db
API = "/api/v1/changes/"


def change(service: Service, *, minutes: float = 5, **told: Any) -> Change:
    given = {"kind": "deploy", "summary": "payments-api to production", **told}
    return operations.record_change(service=service, at=now() - timedelta(minutes=minutes), **given)


def test_a_change_that_is_told_twice_is_one() -> None:
    cast.service("Payments API")
    caller = cast.caller(cast.bob())
    body = {
        "service": "payments-api",
        "kind": "flag",
        "summary": "New fraud rules on",
        "previous": "off",
        "version": "on",
        "by": "ana",
        "source": "flags",
        "external_id": "4711",
    }
    first, second = (caller.post(API, body, format="json") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Change.objects.count() == Event.objects.filter(name="change.recorded").count() == 1
    said = first.json()
    assert (said["previous"], said["version"], said["by"], said["kind"]) == ("off", "on", "ana", "flag")
    caller.post(API, {**body, "source": "other flags"}, format="json")
    caller.post(API, {**body, "external_id": ""}, format="json")
    caller.post(API, {**body, "external_id": ""}, format="json")
    assert Change.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_that_tell_it_at_once_tell_one_change() -> None:
    service = cast.service()

    def tell(_: int) -> int:
        try:
            return change(service, source="ci", external_id="4711").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(tell, range(8)))) == 1
    assert Change.objects.count() == 1


def test_a_pagerduty_sender_tells_from_and_to_and_by_whom() -> None:
    from oncall.alerts.parsers.pagerduty import parse_change  # noqa: PLC0415

    body = (
        b'{"routing_key":"x","payload":{"summary":"Deploy","custom_details":'
        b'{"from":"v1","to":"v2","by":"ana","external_id":"4711"}}}'
    )
    told = parse_change(body)
    assert (told.previous, told.version, told.by, told.external_id) == ("v1", "v2", "ana", "4711")


def test_the_hours_before_it_broke_are_looked_at_the_closest_first(settings: Any) -> None:
    settings.CHANGES_LOOK_BACK_HOURS = 3
    api, other = cast.service("Payments API"), cast.service("Search")
    change(api, minutes=200, summary="too old")
    old = change(api, minutes=100, summary="old")
    close = change(api, minutes=12, summary="close")
    change(other, minutes=1, summary="elsewhere")
    found = queries.before([api.pk], begun=now())
    assert [(row.change, row.suspect) for row in found] == [(close, True), (old, False)]


def test_the_room_and_the_declare_screen_show_them_with_the_way_back(client: Client) -> None:
    api = cast.service("Payments API")
    change(api, minutes=4, previous="v2.3.3", version="v2.3.4", by="deploy bot")
    incident = cast.incident(services=[api], by=cast.alice())
    client.force_login(cast.bob())
    room = client.get(f"/incidents/{incident}/").content.decode()
    assert "v2.3.3 to v2.3.4" in room
    assert "Roll back?" in room
    declare = client.get(f"/incidents/declare/?services={api.pk}").content.decode()
    assert "Changed lately" in declare
    assert "Just changed" in declare


def test_the_api_gives_the_changes_of_an_incident() -> None:
    api, alice = cast.service("Payments API"), cast.alice()
    change(api, minutes=4)
    incident = cast.incident(services=[api], by=alice)
    rows = cast.caller(alice).get(f"/api/v1/incidents/{incident}/changes/").json()
    assert [(row["change"]["service"], row["suspect"]) for row in rows] == [("payments-api", True)]
    assert 230 < rows[0]["before_seconds"] < 300
    secret = cast.incident(services=[api], by=alice, private=True)
    assert cast.caller(cast.mallory()).get(f"/api/v1/incidents/{secret}/changes/").status_code == 404


def test_the_list_is_narrowed_by_service_and_kind(client: Client) -> None:
    api, search = cast.service("Payments API"), cast.service("Search")
    change(api, summary="Release of payments")
    change(search, summary="Index rebuilt", kind="infrastructure", url="https://ci.example/1")
    client.force_login(cast.vera())
    everything = client.get("/changes/").content.decode()
    assert "Release of payments" in everything
    assert "Index rebuilt" in everything
    assert "Report a change" not in everything
    narrowed = client.get("/changes/?service=search&kind=infrastructure").content.decode()
    assert "Index rebuilt" in narrowed
    assert "Release of payments" not in narrowed
    assert "No such change" in client.get("/changes/?service=search&kind=flag&page=x").content.decode()


def test_many_changes_cost_as_much_as_one(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for n in range(60):
        change(cast.service(f"Service {n % 5}"), minutes=n)
    client.force_login(cast.bob())
    with django_assert_max_num_queries(10):
        page = client.get("/changes/").content.decode()
    assert page.count("payments-api to production") == 50
    assert "Older" in page


def test_a_change_by_hand_is_reported_and_appears_in_the_rooms(client: Client) -> None:
    api, bob = cast.service("Payments API"), cast.bob()
    client.force_login(bob)
    form = {"service": api.pk, "kind": "config", "summary": "Pool raised to 50", "version": "50"}
    answer = client.post("/changes/report/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/changes/?service=payments-api")
    made = Change.objects.get()
    assert (made.summary, made.by, made.version) == ("Pool raised to 50", "Bob Example", "50")


def test_what_lies_ahead_is_no_change(client: Client) -> None:
    api = cast.service("Payments API")
    client.force_login(cast.bob())
    ahead = f"{now() + timedelta(hours=3):%Y-%m-%dT%H:%M}"
    answer = client.post(
        "/changes/report/", {"service": api.pk, "kind": "config", "summary": "Later", "at": ahead}
    )
    assert answer.status_code == 422
    assert "has not come yet" in answer.content.decode()
    assert client.post("/changes/report/", {"service": 0}).status_code == 422
    assert not Change.objects.exists()


def test_who_only_reads_reports_nothing(client: Client) -> None:
    api = cast.service("Payments API")
    client.force_login(cast.vera())
    form = {"service": api.pk, "kind": "config", "summary": "x"}
    assert client.post("/changes/report/", form).status_code == 403
    assert not Change.objects.exists()


def test_old_changes_are_forgotten() -> None:
    api = cast.service("Payments API")
    change(api, minutes=60 * 24 * 91)
    kept = change(api, minutes=60 * 24 * 89)
    housekeeping.run()
    assert list(Change.objects.all()) == [kept]
