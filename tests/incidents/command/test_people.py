"""Who leads whom, who is here for nothing, and whose turn it is to command."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from core.events.models import Event
from incidents.command import operations, queries
from incidents.command.models import TrainedCommander
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import Incident
from oncall.absences import operations as absences
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django import Settings

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice, severity="SEV2")


def panel(client: Client, incident: Incident, person: User) -> str:
    client.force_login(person)
    answer = client.get(f"/incidents/{incident}/-/people/")
    assert answer.status_code == 200
    return answer.content.decode()


def experts(incident: Incident, actor: User, count: int) -> list[User]:
    people = [cast.person(f"Expert{n}") for n in range(count)]
    for person in people:
        lifecycle.assign_role(incident, role_slug="expert", user=person, actor=actor)
    return people


def uncommanded(incident: Incident, alice: User) -> None:
    lifecycle.release_role(incident, role_slug="commander", user=alice, actor=alice)


def test_over_seven_who_report_to_one_person_are_said_to_be_too_many(
    client: Client, incident: Incident, alice: User
) -> None:
    people = experts(incident, alice, 7)
    assert "report to Alice Example.</b>" not in panel(client, incident, alice)
    lifecycle.assign_role(incident, role_slug="scribe", user=cast.bob(), actor=alice)
    page = panel(client, incident, alice)
    assert "8 people report to Alice Example." in page
    assert "One person hears 5 well and 7 at most." in page
    lifecycle.assign_role(incident, role_slug="tech-lead", user=people[0], actor=alice)
    assert "report to Alice Example.</b>" not in panel(client, incident, alice)
    found = cast.caller(alice).get(f"{API}/incidents/{incident}/command/").json()
    assert (found["reporting_to_commander"], found["span"], found["is_over_span"]) == (2, 7, False)


def test_people_without_role_or_task_are_named_over_a_limit(
    client: Client, incident: Incident, alice: User, settings: Settings
) -> None:
    people = [cast.person(f"Person{n}") for n in range(4)]
    for person in people[:3]:
        lifecycle.join(incident, user=person)
    assert "without a role or a task" not in panel(client, incident, alice)
    lifecycle.join(incident, user=people[3])
    assert "4 people are here without a role or a task." in panel(client, incident, alice)
    cast.task(of=incident, by=alice, assignee=people[0])
    assert "without a role or a task" not in panel(client, incident, alice)
    settings.UNCOORDINATED_RESPONDERS = 1
    found = cast.caller(alice).get(f"{API}/incidents/{incident}/command/").json()
    assert (found["without_role_or_task"], found["too_many_without_role_or_task"]) == (3, True)
    rows = {row["name"]: row for row in found["people"]}
    assert rows["Person0 Example"]["open_tasks"] == 1
    assert rows["Person1 Example"]["without_role_or_task"]


def test_it_goes_round_and_leaves_out_who_is_away_or_commands_already(
    incident: Incident, alice: User, bob: User, carol: User, mona: User
) -> None:
    for person in (alice, bob, carol, mona):
        operations.put_in(person, actor=mona)
    ago = {bob: 2, carol: 9}
    for person, days in ago.items():
        old = cast.incident("Over", by=person)
        lifecycle.resolve(old, actor=person)
        at = timezone.now() - timedelta(days=days)
        Incident.objects.filter(pk=old.pk).update(resolved_at=at)
    drill = cast.incident("Practice", by=mona, drill=True)
    lifecycle.resolve(drill, actor=mona)
    vera = cast.vera()
    assert [row.person for row in queries.suggested(vera)] == [mona, carol, bob]
    absences.add(mona, start=timezone.now(), end=timezone.now() + timedelta(hours=2))
    cast.incident("Another", by=carol)
    assert [row.person for row in queries.suggested(vera)] == [bob]
    why = {row.person: row.why_not for row in queries.pool(vera)}
    assert why == {
        bob: "",
        mona: "away",
        carol: "commands another incident",
        alice: "commands another incident",
    }
    assert alice in [row.person for row in queries.pool(vera, but=incident.pk) if row.is_free]


def test_of_a_private_incident_nobody_learns_by_the_pool(client: Client, alice: User, bob: User) -> None:
    operations.put_in(bob, actor=alice)
    client.force_login(alice)
    before = queries.pool(alice)
    cast.incident("Stolen keys", by=bob, private=True)
    assert queries.pool(alice) == before
    page = client.get("/commanders/").content.decode()
    assert "Has not commanded yet" in page
    assert "another incident" not in page
    client.force_login(bob)
    assert "Commands another incident" in client.get("/commanders/").content.decode()


def test_a_room_that_nobody_commands_offers_whose_turn_it_is(
    client: Client, incident: Incident, alice: User, bob: User, settings: Settings
) -> None:
    operations.put_in(bob, actor=alice)
    schedule = cast.always(bob)
    settings.COMMANDER_SCHEDULE = schedule.slug
    assert "Nobody commands" not in panel(client, incident, alice)
    uncommanded(incident, alice)
    page = panel(client, incident, alice)
    assert "Nobody commands." in page
    assert "somebody has to from" in page
    assert "Ask Bob Example" in page
    assert f"Page {schedule}" in page
    client.post(f"/incidents/{incident}/offer-command/", {"user": bob.pk})
    assert incident.timeline.latest("id").text == "Command offered to Bob Example"
    client.post(f"/incidents/{incident}/ask-commander/")
    fact = Event.objects.get(name="incident.responder_wanted").payload
    assert (fact["kind"], fact["target_id"]) == ("schedule", schedule.pk)
    assert fact["message"] == f"Please take command of {incident}"
    assert "Ask Bob" not in panel(client, incident, cast.vera())


def test_where_somebody_commands_or_no_schedule_is_set_nobody_is_paged(
    incident: Incident, alice: User, settings: Settings
) -> None:
    program = cast.caller(alice)
    path = f"{API}/incidents/{incident}/command/page-on-call/"
    assert program.post(path).status_code == 403  # paging asks for the scope of its own
    with pytest.raises(operations.NobodyToAsk, match="COMMANDER_SCHEDULE"):
        operations.ask_on_call(incident, actor=alice)
    settings.COMMANDER_SCHEDULE = cast.always(alice).slug
    with pytest.raises(operations.NobodyToAsk, match="Alice Example commands"):
        operations.ask_on_call(incident, actor=alice)
    drill = cast.incident("Practice", by=alice, drill=True)
    uncommanded(drill, alice)
    with pytest.raises(operations.NobodyToAsk, match="In a drill"):
        operations.ask_on_call(drill, actor=alice)


def test_declaring_offers_command_to_whose_turn_it_is(client: Client, alice: User, bob: User) -> None:
    cast.severity()
    client.force_login(alice)
    assert "Offer command to" not in client.get("/incidents/declare/").content.decode()
    operations.put_in(bob, actor=alice)
    page = client.get("/incidents/declare/").content.decode()
    assert "Offer command to" in page
    assert f'<option value="{bob.pk}">Bob Example</option>' in page
    client.post("/incidents/declare/", {"title": "Checkout fails", "commander": bob.pk})
    incident = alice.incident_roles.get().incident
    assert queries.of(alice, incident).get().to == bob
    assert lifecycle.commander(incident) == alice


def test_the_pool_is_kept_by_who_configures(client: Client, alice: User, bob: User, mona: User) -> None:
    client.force_login(alice)
    assert client.get("/commanders/").status_code == 200
    assert client.post("/commanders/", {"user": bob.pk}).status_code == 403
    client.force_login(mona)
    assert client.post("/commanders/", {"user": ""}).status_code == 422
    for _ in range(2):
        client.post("/commanders/", {"user": bob.pk, "note": "Game day in May"})
    row = TrainedCommander.objects.get()
    assert (row.user, row.note, row.added_by) == (bob, "Game day in May", mona)
    assert "Game day in May" in client.get("/commanders/").content.decode()
    client.post(f"/commanders/{row.pk}/remove/")
    assert not TrainedCommander.objects.exists()
    assert [
        e.payload["what"] for e in Event.objects.filter(name="commander_pool.changed").order_by("pk")
    ] == [
        "added",
        "removed",
    ]
    with pytest.raises(operations.CannotCommand):
        operations.put_in(cast.vera(), actor=mona)


def test_programs_keep_the_pool_too(bob: User, mona: User) -> None:
    program = cast.caller(mona)
    made = program.post(f"{API}/commanders/", {"user": str(bob.pk)}, format="json")
    assert (made.status_code, made.json()["name"]) == (201, "Bob Example")
    [first] = program.get(f"{API}/commanders/suggested/").json()
    assert (first["user"], first["is_free"], first["last_commanded_at"]) == (str(bob.pk), True, None)
    assert program.delete(f"{API}/commanders/{made.json()['id']}/").status_code == 204
    assert (
        cast.caller(bob).post(f"{API}/commanders/", {"user": str(bob.pk)}, format="json").status_code == 403
    )


def test_the_panel_costs_a_bounded_number_of_queries(
    client: Client,
    incident: Incident,
    alice: User,
    bob: User,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    people = experts(incident, alice, 12)
    for person in [bob, *people]:
        operations.put_in(person, actor=alice)
        cast.task(of=incident, by=alice, assignee=person)
    uncommanded(incident, alice)
    panel(client, incident, alice)
    with django_assert_max_num_queries(14):
        client.get(f"/incidents/{incident}/-/people/")
