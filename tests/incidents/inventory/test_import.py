"""Files become services: a plan with lines first, then what it shows, and nothing the second time."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from core.accounts.models import Team
from incidents.catalog import operations as catalog
from incidents.inventory import operations
from incidents.models import Service
from tests import cast

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from incidents.inventory.queries import Plan

pytestmark = pytest.mark.django_db
BACKSTAGE = """\
kind: Component
metadata:
  name: payments-api
  title: Payments API
  annotations: {watchbill.io/tier: "1"}
  links: [{url: "https://graphs.example.com/", title: Dashboard}]
spec: {owner: payments, system: paying, dependsOn: [resource:ledger-db, component:gone], providesApis: [payments-api]}
---
kind: Resource
metadata: {name: ledger-db}
spec: {owner: database}
---
kind: API
metadata: {name: payments-api, title: Payments API}
spec: {owner: payments}
---
kind: System
metadata: {name: paying, annotations: {watchbill.io/customers-say: I cannot pay.}}
spec: {owner: payments}
---
kind: Group
metadata: {name: database, title: Database}
"""


def told(plan: Plan) -> list[tuple[int, str, str]]:
    return [(step.entry.line, step.slug, step.what.value) for step in plan.steps]


def test_a_plan_changes_nothing_and_names_each_line() -> None:
    cast.team()
    plan = operations.plan(BACKSTAGE, actor=cast.ada())
    assert told(plan) == [
        (1, "payments-api", "new"),
        (9, "ledger-db", "new"),
        (13, "payments-api-api", "new"),
        (17, "paying", "new"),
        (21, "database", "new"),
    ]
    assert plan.steps[0].left_out == [
        "that it needs component:default/gone, which is neither here nor in the file"
    ]
    assert (Service.objects.count(), Team.objects.count()) == (0, 1)


def test_an_import_makes_what_was_shown_and_the_second_one_nothing() -> None:
    cast.team()
    ada = cast.ada()
    seen = operations.plan(BACKSTAGE, actor=ada).fingerprint
    operations.bring_in(BACKSTAGE, actor=ada, seen=seen)
    rows = {row.slug: row for row in Service.objects.all()}
    needs = {slug: sorted(row.depends_on.values_list("slug", flat=True)) for slug, row in rows.items()}
    assert needs == {
        "payments-api": ["ledger-db"],
        "ledger-db": [],
        "payments-api-api": ["payments-api"],
        "paying": ["payments-api"],
    }
    assert (rows["paying"].kind, rows["paying"].customers_say) == ("business", "I cannot pay.")
    assert (rows["payments-api"].tier, rows["payments-api-api"].name) == (1, "Payments API (api)")
    assert rows["ledger-db"].team.slug == "database"
    assert [link.kind for link in rows["payments-api"].links.all()] == ["dashboard"]
    again = operations.bring_in(BACKSTAGE, actor=ada)
    assert again.counts == {"new": 0, "changed": 0, "same": 5, "refused": 0}
    assert Service.objects.count() == 4


def test_what_was_renamed_here_is_known_again_by_where_it_came_from() -> None:
    cast.team()
    ada = cast.ada()
    operations.bring_in(BACKSTAGE, actor=ada)
    api = Service.objects.get(slug="payments-api")
    catalog.change_service(api, changes={"slug": "pay", "tier": 3})
    again = operations.bring_in(BACKSTAGE, actor=ada)
    assert told(again)[0] == (1, "pay", "changed")
    assert again.steps[0].says == ["tier: “3” becomes “1”"]
    assert Service.objects.count() == 4


def test_a_service_entered_by_hand_is_taken_over_once() -> None:
    service = cast.service("Payments API", tier=3)
    plan = operations.bring_in(BACKSTAGE, actor=cast.ada())
    assert plan.steps[0].says[0] == "tier: “3” becomes “1”"
    service.refresh_from_db()
    assert (service.tier, service.origin) == (1, "component:default/payments-api")


def test_dependencies_of_backstage_are_added_and_those_of_an_own_file_replaced() -> None:
    api, ledger, auth = cast.service("Payments API"), cast.service("Ledger DB"), cast.service("Auth")
    catalog.change_service(api, changes={"depends_on": [auth]})
    ada = cast.ada()
    operations.bring_in(
        "kind: Component\nmetadata: {name: payments-api}\nspec: {dependsOn: [component:ledger-db]}", actor=ada
    )
    assert set(api.depends_on.all()) == {auth, ledger}
    plan = operations.bring_in("services: [{slug: payments-api, depends_on: [ledger-db]}]", actor=ada)
    assert plan.steps[0].says == ["no longer needs auth"]
    assert set(api.depends_on.all()) == {ledger}
    api.refresh_from_db()
    assert (api.name, api.tier) == ("payments-api", 1)


def test_a_manager_writes_the_services_of_their_team_alone() -> None:
    cast.team("Elsewhere")
    mona = cast.mona()
    text = "services: [{name: Mine, team: payments}, {name: Theirs, team: elsewhere}, {name: Nobodys}, {name: Lost, team: x}]"
    plan = operations.bring_in(text, actor=mona)
    assert [(step.what.value, step.says[0]) for step in plan.steps] == [
        ("new", "a service of payments"),
        ("refused", "Only managers of the team “elsewhere” may write its services."),
        ("refused", "It names no owner, and no team was chosen for those without one."),
        ("refused", "There is no team “x”."),
    ]
    assert list(Service.objects.values_list("slug", flat=True)) == ["mine"]
    given = operations.plan(text, actor=mona, team=cast.team())
    assert [step.what.value for step in given.steps] == ["same", "refused", "new", "new"]


def test_a_manager_takes_no_service_of_another_team() -> None:
    service = cast.service()
    other = cast.person("Olga", role="manager", team=cast.team("Elsewhere"))
    plan = operations.bring_in("services: [{slug: payments-api, team: elsewhere, tier: 3}]", actor=other)
    assert plan.steps[0].what.value == "refused"
    service.refresh_from_db()
    assert (service.team.slug, service.tier) == ("payments", 1)


def test_groups_are_made_by_admins_only() -> None:
    plan = operations.bring_in("kind: Group\nmetadata: {name: new-team}", actor=cast.mona())
    assert plan.steps[0].says == ["There is no team “new-team”, and admins make teams."]
    assert not Team.objects.filter(slug="new-team").exists()


def test_who_configures_nothing_imports_nothing(client: Client) -> None:
    client.force_login(cast.bob())
    assert client.get("/services/-/import/").status_code == 403
    assert (
        client.post("/services/-/import/confirm/", {"document": "services: [{name: A}]"}).status_code == 403
    )
    caller = cast.caller(cast.vera())
    body = {"document": "services: [{name: A}]", "confirm": True}
    assert caller.post("/api/v1/service-imports/", body, format="json").status_code == 403
    assert not Service.objects.exists()


def test_the_screen_shows_the_plan_then_imports_it(client: Client) -> None:
    client.force_login(cast.mona())
    file = SimpleUploadedFile(
        "catalog-info.yaml", b"services:\n  - {name: Mine, team: payments, colour: red}\n  - {name: X}\n"
    )
    page = client.post("/services/-/import/", {"file": file}).content.decode()
    assert "1 new, 0 changed, 0 unchanged, 1 refused" in page
    assert "left out: “colour”, which is not known" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    document = "services:\r\n  - {name: Mine, team: payments, colour: red}\r\n  - {name: X}\r\n"
    answer = client.post("/services/-/import/confirm/", {"document": document, "seen": seen}, follow=True)
    assert "Imported: 1 new, 0 changed, 1 refused." in answer.content.decode()
    assert Service.objects.get().slug == "mine"


def test_what_moved_meanwhile_is_shown_anew_and_not_imported(client: Client) -> None:
    client.force_login(cast.mona())
    form = {"document": "services: [{name: Mine, team: payments, tier: 1}]"}
    seen = client.post("/services/-/import/", form).content.decode().partition('name="seen" value="')[2][:64]
    catalog.create_service(name="Mine", team=cast.team(), tier=2)
    answer = client.post("/services/-/import/confirm/", {**form, "seen": seen})
    page = answer.content.decode()
    assert "The catalog changed since this was shown." in page
    assert "tier: “2” becomes “1”" in page
    assert Service.objects.get().tier == 2


@pytest.mark.parametrize("form", [{}, {"document": "a: &a 1\nb: *a"}, {"document": "services: 7"}])
def test_what_cannot_be_read_is_said_at_its_field_and_kept(client: Client, form: dict[str, str]) -> None:
    client.force_login(cast.mona())
    answer = client.post("/services/-/import/", form)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Nothing was read." in page
    assert form.get("document", "").splitlines()[:1] == [] or form["document"].split(":")[0] in page


def test_programs_see_the_plan_and_import() -> None:
    caller = cast.caller(cast.mona())
    body = {"document": "services: [{name: Mine}]", "team": "payments"}
    found = caller.post("/api/v1/service-imports/", body, format="json").json()
    assert found["counts"] == {"new": 1, "changed": 0, "same": 0, "refused": 0}
    assert [(row["line"], row["slug"], row["what"]) for row in found["steps"]] == [(1, "mine", "new")]
    assert not Service.objects.exists()
    final = {**body, "confirm": True, "seen": found["fingerprint"]}
    assert caller.post("/api/v1/service-imports/", final, format="json").status_code == 200
    assert Service.objects.get().team.slug == "payments"
    assert caller.post("/api/v1/service-imports/", final, format="json").status_code == 409
    wrong = caller.post("/api/v1/service-imports/", {"document": "a: b"}, format="json")
    assert (wrong.status_code, "neither “services:”" in wrong.content.decode()) == (409, True)


def test_the_command_shows_and_with_confirm_imports(tmp_path: Path) -> None:
    mona = cast.mona()
    file = tmp_path / "services.yaml"
    file.write_text("services:\n  - {name: Mine, team: payments}\n  - {name: X}\n")
    out = StringIO()
    call_command("import_services", str(file), "--as", mona.email, stdout=out)
    assert out.getvalue().splitlines() == [
        "+ line 2: Mine: a service of payments",
        "! line 3: X: It names no owner, and no team was chosen for those without one.",
        "Nothing was changed. With --confirm it is imported.",
    ]
    call_command("import_services", str(file), "--as", mona.email, "--confirm", stdout=out)
    assert Service.objects.get().slug == "mine"
    with pytest.raises(CommandError, match="Nobody here has the address"):
        call_command("import_services", str(file), "--as", "x@example.com")
    with pytest.raises(CommandError, match="Your role does not allow"):
        call_command("import_services", str(file), "--as", cast.vera().email)
