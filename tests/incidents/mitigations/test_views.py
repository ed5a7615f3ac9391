from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from incidents.lifecycle import operations as lifecycle
from incidents.mitigations import operations
from incidents.mitigations.models import AppliedMitigation, Mitigation
from tests import cast
from tests.incidents.closing.test_operations import every, mitigated

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_room_offers_what_was_thought_out_and_notes_what_came_of_it(client: Client) -> None:
    alice, service = cast.alice(), cast.service()
    row = operations.add(service, kind="flag", name="New checkout off", steps="Flags\nOff", is_temporary=True)
    incident = cast.incident(by=alice, services=[service])
    client.force_login(alice)
    room = client.get(f"/incidents/{incident}/").content.decode()
    assert f'hx-get="/incidents/{incident}/-/mitigations/"' in room
    assert f'href="/incidents/{incident}/mitigations/"' in room
    page = client.get(f"/incidents/{incident}/mitigations/").content.decode()
    for words in ("Mitigate first", "New checkout off", "Flags<br>Off", "temporary"):
        assert words in page
    path = f"/incidents/{incident}/mitigations/"
    done = client.post(f"{path}begin/", {"mitigation": row.pk})
    assert (done.status_code, done["Location"]) == (302, f"/incidents/{incident}/#mitigations")
    tried = AppliedMitigation.objects.get()
    client.post(f"{path}{tried.pk}/end/", {"result": "worked"})
    panel = client.get(f"/incidents/{incident}/-/mitigations/").content.decode()
    assert "1 temporary, still in force" in panel
    assert "Worked after" in panel
    client.post(f"{path}{tried.pk}/undo/")
    assert "still in force" not in client.get(f"/incidents/{incident}/-/mitigations/").content.decode()


def test_keeping_asks_for_a_reason_and_an_owner(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    row = operations.begin(incident, name="Throttle", is_temporary=True, actor=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/mitigations/{row.pk}/keep/"
    assert "Why does it stay?" in client.get(path).content.decode()
    assert client.post(path, {"why": "", "owner": bob.pk}).status_code == 422
    assert client.post(path, {"why": "Until Monday", "owner": bob.pk}).status_code == 302
    row.refresh_from_db()
    assert (row.kept_owner, row.kept_because) == (bob, "Until Monday")


def test_what_nobody_has_thought_out_is_tried_in_words(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/mitigations/begin/"
    assert client.post(path, {"name": "", "kind": "other"}).status_code == 422
    form = {"name": "Drain one zone", "kind": "traffic", "is_temporary": "on"}
    assert client.post(path, form).status_code == 302
    assert AppliedMitigation.objects.get().is_temporary


def test_the_resolve_form_names_what_is_still_in_force(client: Client) -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    operations.begin(incident, name="Search off", is_temporary=True, actor=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/edit/resolve/"
    assert "“Search off” is temporary and still in force" in client.get(path).content.decode()
    answer = client.post(path, {"confirmed": every(), "despite": "It is late"})
    assert answer.status_code == 422
    assert "Undo it, or keep it on purpose" in answer.content.decode()


def test_managers_of_its_team_think_them_out_on_the_page_of_the_service(client: Client) -> None:
    mona, service = cast.mona(), cast.service()
    client.force_login(mona)
    path = f"/services/{service.slug}/mitigations/"
    form = {"kind": "rollback", "name": "Roll back", "steps": "deploy undo"}
    assert client.post(f"{path}add/", form).status_code == 302
    row = Mitigation.objects.get()
    assert client.post(f"{path}add/", form).status_code == 422
    assert "Roll back" in client.get(path).content.decode()
    assert "Roll back" in client.get(f"/services/{service.slug}/-/mitigations/").content.decode()
    assert client.post(f"{path}{row.pk}/", {**form, "name": "Roll it back"}).status_code == 302
    row.refresh_from_db()
    assert row.name == "Roll it back"
    client.force_login(cast.bob())
    for refused in ("add/", f"{row.pk}/", f"{row.pk}/remove/"):
        assert client.post(f"{path}{refused}", form).status_code == 403
    assert "Add one" not in client.get(path).content.decode()
    client.force_login(mona)
    assert client.post(f"{path}{row.pk}/remove/").status_code == 302
    assert not Mitigation.objects.exists()


def test_outsiders_see_and_change_nothing(client: Client) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    row = operations.begin(incident, name="Throttle", is_temporary=True, actor=alice)
    lifecycle.set_private(incident, private=True, actor=alice)
    path = f"/incidents/{incident}/mitigations/"
    for who, status in ((cast.mallory(), 404), (cast.vera(), 403)):
        client.force_login(who)
        assert client.get(path).status_code == 404
        assert client.get(f"/incidents/{incident}/-/mitigations/").status_code == 404
        for verb in ("begin/", f"{row.pk}/end/", f"{row.pk}/undo/", f"{row.pk}/keep/"):
            assert client.post(f"{path}{verb}", {"name": "x", "result": "worked"}).status_code == status
    row.refresh_from_db()
    assert (row.ended_at, row.undone_at, AppliedMitigation.objects.count()) == (None, None, 1)


def test_a_program_thinks_out_tries_and_undoes() -> None:
    mona, service = cast.mona(), cast.service()
    client = cast.caller(mona)
    path = f"/api/v1/services/{service.slug}/mitigations/"
    body = {"kind": "flag", "name": "New checkout off", "is_temporary": True}
    made = client.post(path, body, format="json")
    assert made.status_code == 201
    ref = made.json()["id"]
    changed = client.patch(f"{path}{ref}/", {"steps": "Flags, off"}, format="json").json()
    assert (changed["name"], changed["steps"]) == ("New checkout off", "Flags, off")
    incident = cast.incident(by=mona, services=[service])
    room = f"/api/v1/incidents/{incident}/mitigations/"
    assert [row["id"] for row in client.get(f"{room}offered/").json()] == [ref]
    tried = client.post(room, {"mitigation": ref}, format="json")
    assert tried.status_code == 201
    row = f"{room}{tried.json()['id']}/"
    ended = client.post(f"{row}end/", {"result": "partly"}, format="json").json()
    assert (ended["result"], ended["is_standing"], ended["seconds"] >= 0) == ("partly", True, True)
    refused = client.post(f"/api/v1/incidents/{incident}/resolve/", {"reason": "Late"}, format="json")
    assert refused.status_code == 409
    assert "temporary and still in force" in refused.json()["detail"]
    assert "still in force" in client.get(f"/api/v1/incidents/{incident}/closing/").json()["held_by"]
    assert client.post(f"{row}undo/").json()["is_standing"] is False
    assert client.post(room, {"name": "x", "mitigation": ref}, format="json").status_code == 400
    assert client.post(room, {"mitigation": "0"}, format="json").status_code == 404
    assert client.delete(f"{path}{ref}/").status_code == 204
    outsider = cast.caller(cast.mallory())
    assert outsider.post(path, body, format="json").status_code == 403


def test_the_panel_costs_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice, service = cast.alice(), cast.service()
    incident = cast.incident(by=alice, services=[service])
    for n in range(10):
        row = operations.add(service, kind="other", name=f"Try {n}")
        if n % 2:
            operations.begin(incident, mitigation=row, actor=alice)
    client.force_login(alice)
    client.get(f"/incidents/{incident}/-/mitigations/")
    with django_assert_max_num_queries(7):
        client.get(f"/incidents/{incident}/-/mitigations/")
