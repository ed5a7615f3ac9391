"""Tags and fields of incidents: written, shown, found by, and asked for when it begins or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.events.models import Event
from core.steady import steadily
from incidents.closing import operations as closing
from incidents.closing.operations import NotYet, Said
from incidents.fields import operations, queries
from incidents.fields.models import IncidentField
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations.base import ChangedMeanwhile
from incidents.models import Incident
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


def field(name: str, kind: str = "text", *, at: tuple[str, ...] = (), **given: Any) -> IncidentField:
    made = IncidentField.objects.create(name=name, slug=name.lower().replace(" ", "-"), kind=kind, **given)
    made.severities.set([cast.severity(word) for word in at])
    return made


@pytest.fixture
def region() -> IncidentField:
    return field("Region", "choice", choices=["eu", "us"])


def corrections(incident: Incident) -> list[str]:
    return list(incident.timeline.filter(kind="correction").order_by("pk").values_list("text", flat=True))


def test_tags_are_set_once_shown_in_the_room_and_kept_on_the_timeline(client: Client, alice: User) -> None:
    incident = cast.incident(by=alice)
    for _ in range(2):
        operations.set_tags(incident, tags=["#Data Base", "network"], actor=alice)
    operations.set_tags(incident, tags=["network"], actor=alice)
    assert corrections(incident) == ["Tags: data-base, network", "Tags: network"]
    assert Event.objects.filter(name="incident.corrected").latest("pk").payload["old"] == {
        "tags": "data-base, network"
    }
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/-/details/").content.decode()
    assert 'href="/incidents/?tag=network">#network</a>' in page
    with pytest.raises(operations.TooMany):
        operations.set_tags(incident, tags=[f"t{number}" for number in range(21)], actor=alice)


def test_fields_are_written_by_a_form_without_script_and_nothing_typed_is_lost(
    client: Client, region: IncidentField, alice: User, bob: User
) -> None:
    field("Links", "link")
    field("Owner", "user")
    field("Seats", "number")
    field("Parts", "many", choices=["web", "app"])
    incident = cast.incident(by=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/details/"
    page = client.get(path).content.decode()
    assert '<option value="eu">' in page
    form = {
        "version": incident.version,
        "tags": "Data base",
        "field-region": "eu",
        "field-owner": str(bob.pk),
    }
    form |= {"field-links": "javascript:alert(1)", "field-seats": "<b>12</b>", "field-parts": ["app"]}
    answer = client.post(path, form)
    page = answer.content.decode()
    assert (answer.status_code, "begins with https" in page, "Enter a number" in page) == (422, True, True)
    assert "javascript:alert(1)" in page
    assert "&lt;b&gt;12&lt;/b&gt;" in page
    assert not incident.field_values.exists()
    assert not incident.tags.exists()
    form |= {"field-links": "https://wiki.example/a", "field-seats": "12"}
    assert client.post(path, form).status_code == 302
    room = client.get(f"/incidents/{incident}/-/details/").content.decode()
    assert "Bob Example" in room
    assert 'href="https://wiki.example/a"' in room
    assert corrections(incident) == [
        "Tags: data-base",
        "Region: eu",
        "Links: https://wiki.example/a",
        "Owner: Bob Example",
        "Seats: 12",
        "Parts: app",
    ]
    answer = client.post(path, {**form, "field-region": "us"})  # by what somebody saw before
    assert answer.status_code == 422
    assert queries.values(incident)["region"] == "eu"
    client.force_login(cast.vera())
    assert client.get(path).status_code == client.post(path, form).status_code == 403
    with pytest.raises(ChangedMeanwhile):
        operations.fill(incident, values={"region": "us"}, version=1, actor=alice)


def test_a_field_taken_back_leaves_no_row_and_says_so(region: IncidentField, alice: User) -> None:
    incident = cast.incident(by=alice)
    operations.fill(incident, values={"region": "eu"}, actor=alice)
    for _ in range(2):
        operations.fill(incident, values={"region": ""}, actor=alice)
    assert not incident.field_values.exists()
    assert corrections(incident) == ["Region: eu", "Region taken back"]
    with pytest.raises(operations.Misfilled, match="no such field"):
        operations.fill(incident, values={"nothing": "x"}, actor=alice)


@pytest.mark.parametrize("required_at", ["", "declare"])
def test_what_stands_stays_where_nobody_could_choose_it_any_more(
    client: Client, region: IncidentField, alice: User, bob: User, required_at: str
) -> None:
    owner, parts = field("Owner", "user"), field("Parts", "many", choices=["web", "app"])
    incident = cast.incident(by=alice)
    held = {"region": "eu", "owner": bob.pk, "parts": ["web", "app"]}
    operations.fill(incident, values=held, actor=alice)
    IncidentField.objects.filter(pk__in=[region.pk, owner.pk]).update(required_at=required_at)
    IncidentField.objects.filter(pk=region.pk).update(choices=["us"])
    IncidentField.objects.filter(pk=parts.pk).update(choices=["app"])
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    client.force_login(alice)
    path = f"/incidents/{incident}/details/"
    form = client.get(path).context["form"]
    sent = {bound.html_name: bound.value() for bound in form}
    page = client.get(path).content.decode()
    assert '<option value="eu" selected>eu</option>' in page
    assert f'<option value="{bob.pk}" selected>{bob}</option>' in page
    assert client.post(path, {**sent, "tags": "network"}).status_code == 302
    assert queries.values(incident) == held
    assert queries.tags(incident) == ["network"]
    assert corrections(incident)[3:] == ["Tags: network"]
    operations.fill(incident, values={"region": "us"}, actor=alice)
    with pytest.raises(operations.Misfilled, match="Choose one of: us"):
        operations.fill(incident, values={"region": "eu"}, actor=alice)
    with pytest.raises(operations.Misfilled, match="no such person"):
        operations.check({"owner": bob.pk}, severity=None)


def test_declaring_asks_for_what_its_level_wants(client: Client, alice: User) -> None:
    field("Region", "choice", choices=["eu", "us"], required_at="declare", at=("SEV1",))
    client.force_login(alice)
    page = client.get("/incidents/declare/").content.decode()
    assert "Asked for when it is declared, at SEV1." in page
    assert "has to be filled in" not in page
    answer = client.post("/incidents/declare/", {"title": "All is down", "severity": "sev1"})
    page = answer.content.decode()
    assert (answer.status_code, "has to be filled in at SEV1" in page) == (422, True)
    assert "All is down" in page
    assert not Incident.objects.exists()
    assert client.post("/incidents/declare/", {"title": "Slow", "severity": "sev3"}).status_code == 302
    form = {"title": "All is down", "severity": "sev1", "field-region": "eu"}
    assert client.post("/incidents/declare/", form).status_code == 302
    made = Incident.objects.get(title="All is down")
    assert queries.values(made) == {"region": "eu"}
    with pytest.raises(operations.Misfilled):
        operations.fill(made, values={"region": None}, actor=alice)
    program = cast.caller(alice)
    refused = program.post(f"{API}/", {"title": "Down", "severity": "SEV1"}, format="json")
    assert refused.status_code == 400
    assert "custom_fields" in refused.content.decode()
    made_too = program.post(
        f"{API}/",
        {"title": "Down", "severity": "SEV1", "tags": ["DB"], "custom_fields": {"region": "us"}},
        format="json",
    )
    assert (made_too.status_code, made_too.json()["tags"], made_too.json()["custom_fields"]) == (
        201,
        ["db"],
        {"region": "us"},
    )


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_while_declaring_is_tried_again_with_tags_and_fields(
    region: IncidentField, alice: User
) -> None:
    cast.severity()
    tried: list[int] = []

    @steadily
    def make(**said: Any) -> Incident:
        made = lifecycle.declare(**said)
        tried.append(made.pk)
        if len(tried) == 1:
            with connection.cursor() as cursor:
                cursor.execute("do $$ begin raise exception 'both wait' using errcode = '40P01'; end $$")
        return made

    made = operations.declare(make, actor=alice, title="Down", tags=["db"], custom_fields={"region": "eu"})
    assert [row.pk for row in Incident.objects.all()] == [made.pk] == tried[1:]
    assert (queries.tags(made), queries.values(made)) == (["db"], {"region": "eu"})


def test_what_a_route_declares_shows_what_is_to_be_filled_in(client: Client, alice: User) -> None:
    field("Region", "choice", choices=["eu"], required_at="declare")
    incident = cast.incident(by=alice)
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/-/details/").content.decode()
    assert "1 to be filled in" in page
    assert "to be filled in</span>" in page


def test_resolving_asks_for_what_its_level_wants_or_for_a_reason(client: Client, alice: User) -> None:
    field("Cause", required_at="close", at=("SEV2",))
    field("Only at SEV1", required_at="close", at=("SEV1",))
    incident = cast.incident(by=alice)
    client.force_login(alice)
    page = client.get(f"/incidents/{incident}/edit/resolve/").content.decode()
    assert "To be filled in: Cause." in page
    with pytest.raises(NotYet, match="“Cause” is to be filled in"):
        closing.resolve(incident, said=Said(), actor=alice)
    lacking = cast.caller(alice).get(f"{API}/{incident}/closing/").json()["lacking"]
    assert lacking[-1] == "“Cause” is to be filled in"
    operations.fill(incident, values={"cause": "A certificate"}, actor=alice)
    lacking = cast.caller(alice).get(f"{API}/{incident}/closing/").json()["lacking"]
    assert "Cause" not in " ".join(lacking)


def test_board_and_api_leave_those_with_a_tag_or_a_choice(
    client: Client, region: IncidentField, alice: User
) -> None:
    field("Parts", "many", choices=["web", "app"])
    here, there = cast.incident("Cards fail", by=alice), cast.incident("Search is slow", by=alice)
    operations.write(
        here, tags=["db", "eu"], custom_fields={"region": "eu", "parts": ["web", "app"]}, actor=alice
    )
    operations.write(there, tags=["db"], custom_fields={"region": "us"}, actor=alice)
    client.force_login(alice)
    for query, shown in (
        ("tag=DB", [True, True]),
        ("tag=eu", [True, False]),
        ("field=region:us", [False, True]),
        ("field=parts:app", [True, False]),
        ("field=parts:", [False, True]),
        ("tag=eu&field=region:us", [False, False]),
        ("field=nothing:x", [False, False]),
    ):
        for path in ("incidents:board", "incidents:board-region"):
            page = client.get(f"{reverse(path)}?{query}").content.decode()
            assert [f'id="strip-{row.number}"' in page for row in (here, there)] == shown, query
        found = cast.caller(alice).get(f"{API}/?{query}").json()["results"]
        assert [str(row) in {each["number"] for each in found} for row in (here, there)] == shown, query
    assert "Only #eu" in client.get("/incidents/?tag=eu").content.decode()
    sieve = client.get("/incidents/-/sieve/?field=region:us").content.decode()
    assert '<option value="region:us" selected>Region: us</option>' in sieve
    both = cast.caller(alice).get(f"{API}/?tag=db,eu").json()["results"]
    assert [row["number"] for row in both] == [str(here)]
    assert client.get("/incidents/?tag=%00&field=%00:%00").status_code in (200, 400)


def test_tags_of_a_private_incident_are_suggested_and_counted_for_its_members_alone(
    client: Client, alice: User, bob: User
) -> None:
    hidden, shown = cast.incident("Keys were stolen", by=alice, private=True), cast.incident(by=alice)
    operations.set_tags(hidden, tags=["breakin", "db"], actor=alice)
    operations.set_tags(shown, tags=["db"], actor=alice)
    assert queries.suggestions(alice) == [("db", 2), ("breakin", 1)]
    assert queries.suggestions(alice, typed="BREAK") == [("breakin", 1)]
    assert queries.suggestions(bob) == [("db", 1)]
    assert cast.caller(bob).get("/api/v1/incident-tags/").json() == [{"name": "db", "incidents": 1}]
    client.force_login(alice)
    assert '<option value="breakin">' in client.get("/incidents/-/sieve/").content.decode()
    client.force_login(bob)
    for path in ("/incidents/", "/incidents/-/sieve/", f"/incidents/{shown}/details/"):
        assert "breakin" not in client.get(path).content.decode()
    assert str(hidden) not in client.get("/incidents/?tag=db").content.decode()
    assert client.get(f"/incidents/{hidden}/-/details/").status_code == 404


def test_programs_read_and_write_both_and_know_which_fields_there_are(
    region: IncidentField, alice: User, bob: User
) -> None:
    field("Owner", "user", required_at="close", at=("SEV1",))
    incident, program = cast.incident(by=alice), cast.caller(alice)
    body = {"tags": ["Data base"], "custom_fields": {"region": "eu", "owner": str(bob.pk)}}
    answer = program.patch(f"{API}/{incident}/", body, format="json")
    assert (answer.json()["tags"], answer.json()["custom_fields"]) == (
        ["data-base"],
        {"region": "eu", "owner": str(bob.pk)},
    )
    wrong = program.patch(
        f"{API}/{incident}/",
        {"tags": ["x"], "custom_fields": {"region": "asia", "owner": "999999"}},
        format="json",
    )
    assert wrong.status_code == 400
    assert "Choose one of: eu, us." in wrong.content.decode()
    assert list(incident.tags.values_list("name", flat=True)) == ["data-base"]
    found = program.get("/api/v1/incident-fields/").json()["results"]
    assert [(row["slug"], row["kind"], row["severities"]) for row in found] == [
        ("region", "choice", []),
        ("owner", "user", ["sev1"]),
    ]
    assert program.get("/api/v1/incident-fields/region/").json()["choices"] == ["eu", "us"]


def test_a_correction_that_is_refused_leaves_nothing_of_itself(region: IncidentField, alice: User) -> None:
    incident, service = cast.incident(by=alice), cast.service()
    body = {"tags": ["x"], "custom_fields": {"region": "eu"}, "services": [service.slug]}
    late = {**body, "started_at": "2999-01-01T00:00:00Z"}
    answer = cast.caller(alice).patch(f"{API}/{incident}/", late, format="json")
    assert answer.status_code in (400, 409, 422), answer.content
    assert not incident.tags.exists()
    assert not incident.field_values.exists()
    assert not incident.services.exists()
    assert corrections(incident) == []
    assert cast.caller(alice).patch(f"{API}/{incident}/", body, format="json").status_code == 200
    assert queries.tags(incident) == ["x"]


def test_lists_ask_as_often_however_many_have_tags_and_fields(region: IncidentField, alice: User) -> None:
    program = cast.caller(alice)

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert program.get(path).status_code == 200
        return len(seen)

    def more() -> None:
        operations.write(
            cast.incident(by=alice), tags=["a", "b"], custom_fields={"region": "eu"}, actor=alice
        )

    more()
    count(f"{API}/?tag=a")
    before = count(f"{API}/?tag=a")
    for _ in range(4):
        more()
    assert count(f"{API}/?tag=a") == before


def test_admins_make_fields_and_take_them_out_of_use(
    client: Client, alice: User, region: IncidentField
) -> None:
    cast.sign_in(client, cast.ada())
    path = "/admin/incidents/incidentfield/add/"
    form: dict[str, Any] = {
        "name": "Tier",
        "slug": "tier",
        "kind": "choice",
        "position": "2",
        "is_active": "on",
    }
    answer = client.post(path, {**form, "choices": ""})
    assert "Say what one chooses among" in answer.content.decode()
    assert client.post(path, {**form, "choices": "gold\nsilver\ngold\n"}).status_code == 302
    assert IncidentField.objects.get(slug="tier").choices == ["gold", "silver"]
    incident = cast.incident(by=alice)
    operations.fill(incident, values={"region": "eu"}, actor=alice)
    change = f"/admin/incidents/incidentfield/{region.pk}/change/"
    used = {"name": "Region", "slug": "region", "kind": "text", "choices": "eu", "position": "0"}
    assert "Something stands in it already" in client.post(change, used).content.decode()
    assert client.post(change, {**used, "kind": "choice"}).status_code == 302
    assert [row.words for row in queries.details(incident).fields if row.field.slug == "region"] == ["eu"]
    assert (
        client.post(f"/admin/incidents/incidentfield/{region.pk}/delete/", {"post": "yes"}).status_code == 403
    )
