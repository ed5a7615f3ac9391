from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from incidents.closing.models import Resolution
from incidents.closing.operations import Said, resolve
from incidents.lifecycle import operations as lifecycle
from incidents.updates.models import Update
from tests import cast
from tests.incidents.closing.test_operations import every, mitigated

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_form_asks_shows_what_is_known_and_ticks_nothing(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice, ago=12)
    cast.task("Compare the ledgers", of=incident, by=alice)
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/edit/resolve/").content.decode()
    assert page.count('name="confirmed"') == 5
    assert "checked" not in page.split('name="confirmed"', 1)[1].split('name="reason"')[0]
    for words in ("Stable for 12 min", "until <time", "1 task open", "Compare the ledgers", "Say all clear"):
        assert words in page
    assert "called resolved" not in page


def test_a_refusal_keeps_what_was_ticked_and_typed(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice, ago=12)
    client.force_login(alice)
    form = {"confirmed": ["no-reports"], "reason": "Rolled back", "all_clear": "It is over."}
    answer = client.post(f"/incidents/{incident}/edit/resolve/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "is not resolved yet: it has been stable for 12 min of 30 min" in page
    assert 'value="no-reports" id="id_confirmed_4" checked' in page
    assert "Rolled back" in page
    assert "It is over." in page


def test_with_everything_confirmed_it_is_resolved_and_all_clear_is_said(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    client.force_login(alice)
    form = {"confirmed": every(), "tells": "on", "all_clear": "All clear: cards work."}
    assert client.post(f"/incidents/{incident}/edit/resolve/", form).status_code == 302
    incident.refresh_from_db()
    assert (incident.status, incident.resolved_early) == ("resolved", False)
    assert Update.objects.get().text == "All clear: cards work."


def test_all_clear_can_be_left_out(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    client.force_login(alice)
    form = {"confirmed": every(), "all_clear": "All clear."}
    assert client.post(f"/incidents/{incident}/edit/resolve/", form).status_code == 302
    assert not Update.objects.exists()


def test_the_second_time_is_warned_about_and_counted_in_the_room(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    resolve(incident, said=Said(confirmed=every()), actor=alice)
    lifecycle.reopen(incident, reason="Errors are back", actor=alice)
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/edit/resolve/").content.decode()
    assert "It was called resolved once and came back" in page
    assert "called resolved once" in client.get(f"/incidents/{incident}/").content.decode()


def test_the_stage_form_leaves_the_end_to_its_own(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/edit/status/").content.decode()
    assert 'value="resolved"' not in page
    answer = client.post(f"/incidents/{incident}/edit/status/", {"status": "resolved"})
    assert answer.status_code == 422


def test_the_list_of_what_is_over_says_what_was_resolved_early_or_more_than_once(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice, ago=3)
    resolve(incident, said=Said(confirmed=every(), despite="Watched"), actor=alice)
    client.force_login(alice)
    page = client.get("/incidents/?show=resolved").content.decode()
    assert "Resolved early" in page
    assert "1 resolved early" in page


def test_a_program_reads_what_stands_between_and_resolves() -> None:
    alice = cast.alice()
    client, incident = cast.caller(alice), mitigated(alice, ago=12)
    path = f"/api/v1/incidents/{incident}/"
    found = client.get(f"{path}closing/").json()
    assert (found["window_seconds"], found["is_stable"], found["is_commander"]) == (1800, False, True)
    assert [row["slug"] for row in found["criteria"]] == every()
    assert (found["held_by"], found["warning"], found["resolutions"]) == ("", "", [])
    assert client.post(f"{path}resolve/", {"confirmed": every()}, format="json").status_code == 409
    body = {"confirmed": every(), "despite": "Watched", "all_clear": "All clear."}
    done = client.post(f"{path}resolve/", body, format="json").json()
    assert (done["status"], done["resolved_times"], done["resolved_early"]) == ("resolved", 1, True)
    found = client.get(f"{path}closing/").json()
    assert [(row["number"], row["is_early"], row["despite"]) for row in found["resolutions"]] == [
        (1, True, "Watched")
    ]
    listed = client.get("/api/v1/incidents/?resolved_early=true").json()["results"]
    assert [row["number"] for row in listed] == [str(incident)]
    assert client.get("/api/v1/closing-criteria/no-reports/").json()["hint"] == "Ask support."


def test_outsiders_read_and_end_nothing(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice, private=True)
    mallory = cast.mallory()
    caller = cast.caller(mallory)
    path = f"/api/v1/incidents/{incident}/"
    assert caller.get(f"{path}closing/").status_code == 404
    assert caller.post(f"{path}resolve/", {"reason": "x"}, format="json").status_code == 404
    client.force_login(mallory)
    assert client.get(f"/incidents/{incident}/edit/resolve/").status_code == 404
    assert not Resolution.objects.exists()


def test_the_form_costs_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    for n in range(12):
        cast.task(f"Task {n}", of=incident, by=alice)
    client.force_login(alice)
    client.get(f"/incidents/{incident}/edit/resolve/")
    with django_assert_max_num_queries(24):
        client.get(f"/incidents/{incident}/edit/resolve/")
