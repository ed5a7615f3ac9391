from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from core.events import bus
from incidents.approvals import operations as approvals
from incidents.audiences import operations as audiences
from incidents.closing.models import Resolution
from incidents.closing.operations import Said, resolve
from incidents.lifecycle import operations as lifecycle
from incidents.models import Approval, ApprovalRule, AudienceList
from incidents.updates import operations as updates
from incidents.updates.models import Update
from statuspage.models import Notice
from tests import cast
from tests.incidents.closing.test_operations import every, mitigated

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db


def settle() -> None:
    while bus.deliver_due():
        pass


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


def public_words(page: str) -> dict[str, str]:
    """The hidden fields by which it is known what was looked at."""
    return {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("shown", "reaches")}  # type: ignore[index]


def buyer() -> None:
    row = AudienceList.objects.get(slug="customers")
    audiences.put_on(row, who=audiences.Who(email="buyer@example.org"), actor=None)


def test_customers_are_told_from_the_form_once_it_was_seen_as_they_see_it(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    (part,) = cast.status_page()
    buyer()
    updates.publish(
        incident,
        audience="public",
        text="Cards fail.",
        components={part.public_id: "partial_outage"},
        actor=alice,
    )
    settle()
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/resolve/"
    page = client.get(path).content.decode()
    assert 'name="tells_public" id="id_tells_public" checked' in page
    assert ", tell customers: 1 status page and 1 person</span></span></button>" in page
    assert "Alder Pay, resolved" in page
    form = {"confirmed": every(), "tells_public": "on", "public_clear": "All cards\r\nwork again."}
    refused = client.post(path, {**form, **public_words(page)})
    again = refused.content.decode()
    assert refused.status_code == 422
    assert "Look below how customers will see the words now, and press again." in again
    assert "<p>All cards<br>work again.</p>" in again
    assert Update.objects.filter(status="resolved").count() == 0
    assert client.post(path, {**form, **public_words(again)}).status_code == 302
    settle()
    over = Update.objects.get(status="resolved")
    assert (over.audience, over.text, over.kind) == ("public", "All cards\nwork again.", "over")
    assert [row.name for row in over.told.all()] == ["buyer@example.org"]
    notice = Notice.objects.get()
    part.refresh_from_db()
    assert (notice.status, part.state) == ("resolved", "operational")


def test_who_is_told_is_looked_at_again_where_it_changed_meanwhile(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    cast.status_page()
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/resolve/"
    page = client.get(path).content.decode()
    assert "Tell customers: 1 status page</span>" in page
    buyer()
    words = "This is resolved."
    form = {"confirmed": every(), "tells_public": "on", "public_clear": words, **public_words(page)}
    shown = client.post(path, form).content.decode()
    refused = client.post(path, {**form, "shown": public_words(shown)["shown"]})
    assert "Who is told has changed: 1 status page and 1 person now." in refused.content.decode()
    assert not Update.objects.exists()


def test_words_for_customers_that_are_left_out_or_empty_go_nowhere(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    cast.status_page()
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/resolve/"
    refused = client.post(path, {"confirmed": every(), "tells_public": "on", "public_clear": " "})
    assert "Write what customers should read, or leave it out." in refused.content.decode()
    assert client.post(path, {"confirmed": every(), "public_clear": "Over."}).status_code == 302
    assert not Update.objects.exists()


def test_where_somebody_else_approves_customers_hear_it_once_they_did(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    cast.status_page()
    ApprovalRule.objects.create(audience="public")
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/resolve/"
    page = client.get(path).content.decode()
    assert "Tell customers: 1 status page once approved" in page
    form = {"confirmed": every(), "tells_public": "on", "public_clear": "Over."}
    words = public_words(client.post(path, {**form, **public_words(page)}).content.decode())
    assert client.post(path, {**form, **words}).status_code == 302
    incident.refresh_from_db()
    assert incident.status == "resolved"
    assert not Update.objects.exists()
    approvals.approve(Approval.objects.get(), actor=cast.bob())
    assert Update.objects.get().text == "Over."


@pytest.mark.parametrize("given", [{"private": True}, {"drill": True}])
def test_customers_hear_nothing_of_what_stays_inside(client: Client, given: dict[str, bool]) -> None:
    alice = cast.alice()
    cast.status_page()
    incident = mitigated(alice, **given)
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/resolve/"
    assert "Tell customers" not in client.get(path).content.decode()
    form = {"confirmed": every(), "tells_public": "on", "public_clear": "Over."}
    assert client.post(path, form).status_code == 302
    assert not Update.objects.exists()


def test_a_program_tells_customers_as_it_resolves() -> None:
    alice = cast.alice()
    client, incident = cast.caller(alice), mitigated(alice)
    cast.status_page()
    path = f"/api/v1/incidents/{incident}/"
    found = client.get(f"{path}closing/").json()
    assert found["reaches"] == {"inside": "", "public": "1 status page"}
    assert found["public_clear"].startswith("This is resolved.")
    body = {"confirmed": every(), "public_clear": "Cards work again."}
    assert client.post(f"{path}resolve/", body, format="json").status_code == 200
    update = Update.objects.get()
    assert (update.audience, update.status, update.text) == ("public", "resolved", "Cards work again.")


def test_a_private_end_that_a_program_wants_to_tell_customers_is_refused_as_a_whole() -> None:
    alice = cast.alice()
    client, incident = cast.caller(alice), mitigated(alice, private=True)
    body = {"confirmed": every(), "public_clear": "Over."}
    answer = client.post(f"/api/v1/incidents/{incident}/resolve/", body, format="json")
    assert answer.status_code == 409
    incident.refresh_from_db()
    assert incident.is_active


def test_with_customers_the_form_costs_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    cast.status_page(*(cast.service(f"Service {n}") for n in range(6)))
    buyer()
    client.force_login(alice)
    client.get(f"/incidents/{incident}/edit/resolve/")
    with django_assert_max_num_queries(30):
        client.get(f"/incidents/{incident}/edit/resolve/")
