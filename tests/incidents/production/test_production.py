"""No change to production without telling anybody: what, where, what came of it, and whether it was undone (R055)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from core.events.models import Event
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations.base import ChangedMeanwhile, Ended
from incidents.production import operations
from incidents.production.models import ProductionChange
from postmortems.reports import operations as reports
from postmortems.reports import queries as postmortems
from postmortems.reports import rules as documents
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice)


def texts(incident: Incident) -> list[str]:
    return list(incident.timeline.filter(kind="action").order_by("pk").values_list("text", flat=True))


def test_a_change_its_result_and_that_it_was_undone_stand_on_the_timeline(
    incident: Incident, alice: User, bob: User
) -> None:
    row = operations.note(incident, what="Pool 100 to 200", place="payments-db", actor=bob)
    for _ in range(2):
        operations.tell_result(row, result="Errors fall", actor=bob)
        operations.undo(row, actor=alice)
    assert texts(incident) == [
        "Changed in production: Pool 100 to 200 (payments-db)",
        "Result of “Pool 100 to 200”: Errors fall",
        "Undone in production: Pool 100 to 200",
    ]
    row.refresh_from_db()
    assert (row.made_by, row.undone_by, row.result) == (bob, alice, "Errors fall")
    said = Event.objects.filter(name="incident.production_changed").order_by("pk")
    assert [event.payload["what"] for event in said] == ["made", "resulted", "undone"]
    assert incident.participants.filter(user=bob).exists()


def test_pressed_twice_it_is_one_change(incident: Incident, bob: User) -> None:
    key = uuid4()
    for _ in range(2):
        operations.note(incident, what="Flag off", key=key, actor=bob)
    assert ProductionChange.objects.count() == len(texts(incident)) == 1


def test_words_are_asked_for_and_a_second_writer_is_told(incident: Incident, alice: User, bob: User) -> None:
    with pytest.raises(operations.NothingChanged):
        operations.note(incident, what=" ", actor=bob)
    row = operations.note(incident, what="Flag off", actor=bob)
    with pytest.raises(operations.NoResult):
        operations.tell_result(row, result=" ", actor=bob)
    operations.tell_result(row, result="Better", version=1, actor=bob)
    with pytest.raises(ChangedMeanwhile):
        operations.tell_result(row, result="Worse", version=1, actor=alice)
    lifecycle.resolve(incident, actor=alice)
    operations.undo(row, actor=bob)  # what is undone after the end is still said
    lifecycle.close(incident, actor=alice)
    with pytest.raises(Ended):
        operations.note(incident, what="Flag on", actor=bob)


def test_the_room_lists_it_and_forms_without_script_write_it(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    client.force_login(bob)
    path = f"/incidents/{incident}/production/"
    assert client.post(path, {"what": ""}).status_code == 422
    form = {"what": "<b>Flag</b> off", "place": "checkout", "key": str(uuid4())}
    for _ in range(2):
        assert client.post(path, form).status_code == 302
    row = ProductionChange.objects.get()
    client.force_login(alice)
    for url in (path, f"/incidents/{incident}/-/production/"):
        page = client.get(url).content.decode()
        assert "&lt;b&gt;Flag&lt;/b&gt; off" in page
        assert "No result yet" in page
    client.post(f"{path}{row.pk}/result/", {"result": "Errors fall", "version": "1"})
    client.post(f"{path}{row.pk}/undo/")
    page = client.get(path).content.decode()
    assert "Errors fall" in page
    assert "Undone" in page
    client.force_login(cast.vera())
    assert "<form" not in client.get(path).content.decode().split("<main")[-1].split("</main>")[0]
    assert client.post(path, form).status_code == 403


def test_an_outsider_of_a_private_incident_finds_nothing(client: Client, alice: User) -> None:
    hidden = cast.incident(by=alice, private=True)
    row = operations.note(hidden, what="Keys rotated", actor=alice)
    client.force_login(cast.mallory())
    for path in ("production/", "-/production/"):
        assert client.get(f"/incidents/{hidden}/{path}").status_code == 404
    assert client.post(f"/incidents/{hidden}/production/{row.pk}/undo/").status_code == 404
    assert cast.caller(cast.ada()).get(f"{API}/{hidden}/production-changes/").status_code == 404


def test_programs_write_and_read_it(incident: Incident, bob: User) -> None:
    program = cast.caller(bob)

    def send(path: str, **body: Any) -> Any:
        return program.post(f"{API}/{incident}/production-changes/{path}", body, format="json")

    made = send("", what="Restart web-3", place="web-3")
    assert (made.status_code, made.json()["made_by_name"]) == (201, "Bob Example")
    pk = made.json()["id"]
    assert send(f"{pk}/result/", result="Up again").json()["result"] == "Up again"
    assert send(f"{pk}/undo/").json()["undone_by"] == str(bob.pk)
    assert [
        row["what"] for row in program.get(f"{API}/{incident}/production-changes/").json()["results"]
    ] == ["Restart web-3"]


def test_the_postmortem_has_the_changes_and_the_decisions(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    row = operations.note(incident, what="Pool 100 to 200", place="payments-db", actor=bob)
    operations.tell_result(row, result="Errors fall", actor=bob)
    operations.undo(row, actor=bob)
    decision = lifecycle.Decision(
        options=["Wait", "Fail over"],
        reason="The release is the only change",
        decided_by=bob,
        trade_off="Refunds wait an hour",
        accepted_by="Lena, head of payments",
    )
    lifecycle.write_down(incident, kind="decision", text="Roll back", decision=decision, actor=alice)
    lifecycle.resolve(incident, actor=alice)
    postmortem = reports.open_draft(incident.pk)
    text = documents.markdown(postmortems.document(postmortems.get(alice, incident.number)))
    assert "## Changed in production" in text
    assert "| Pool 100 to 200 | payments-db | Bob Example | Errors fall |" in text
    decided = (
        "Roll back. Considered: Wait; Fail over. Why: The release is the only change. Decided by Bob Example."
        " Trade-off, accepted by Lena, head of payments: Refunds wait an hour."
    )
    assert decided in text.split("## Decisions")[1].split("##")[0]
    client.force_login(alice)
    page = client.get(f"/postmortems/{postmortem.incident}/").content.decode()
    assert "Pool 100 to 200" in page
    assert "Refunds wait an hour" in page


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"result": "Errors fall", "version": 0}, "wrote down another result meanwhile"),
        ({"result": " ", "version": 1}, "Say what came of it."),
        ({"result": "long " * 5000, "version": 1}, "at most 20000 characters"),
    ],
)
def test_what_cannot_be_saved_stands_in_the_form_again(
    client: Client, incident: Incident, bob: User, said: dict[str, Any], because: str
) -> None:
    row = operations.note(incident, what="Pool 100 to 200", actor=bob)
    client.force_login(bob)
    answer = client.post(f"/incidents/{incident}/production/{row.pk}/result/", said)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert because in page
    assert f'value="{said["result"]}"' in page
    row.refresh_from_db()
    assert row.result == ""
