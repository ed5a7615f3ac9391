"""What may feel it when a service fails: on its page, before an incident is declared, in the room, by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from incidents.catalog import operations, queries
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from incidents.models import Service

pytestmark = pytest.mark.django_db


def chain() -> list[Service]:
    """Paying needs Checkout, which needs Payments API, which needs Ledger DB."""
    ledger, api, checkout = (cast.service(name) for name in ("Ledger DB", "Payments API", "Checkout"))
    paying = operations.create_service(
        name="Paying by card", team=cast.team(), kind="business", customers_say="I cannot pay.", tier=1
    )
    for here, there in ((api, ledger), (checkout, api), (paying, checkout)):
        operations.change_service(here, changes={"depends_on": [there]})
    return [ledger, api, checkout, paying]


def test_all_that_needs_a_service_is_found_with_its_distance() -> None:
    ledger, api, checkout, paying = chain()
    bob = cast.bob()
    found = queries.radius(bob, [ledger])
    assert [(row.service, row.distance, row.via) for row in found.needed_by] == [
        (api, 1, ledger),
        (checkout, 2, api),
        (paying, 3, checkout),
    ]
    assert (list(found.needs), found.business) == ([], [paying])
    up = queries.radius(bob, [paying])
    assert [(row.service, row.distance) for row in up.needs] == [(checkout, 1), (api, 2), (ledger, 3)]


def test_nothing_goes_through_what_is_retired() -> None:
    ledger, api, checkout, _ = chain()
    operations.change_service(api, changes={"is_active": False})
    bob = cast.bob()
    assert list(queries.radius(bob, [ledger]).needed_by) == []
    assert [row.service for row in queries.radius(bob, [checkout]).needs] == [api]


def test_a_circle_is_allowed_and_shown(client: Client) -> None:
    api, ledger = cast.service("Payments API"), cast.service("Ledger DB")
    operations.change_service(api, changes={"depends_on": [ledger]})
    operations.change_service(ledger, changes={"depends_on": [api]})
    client.force_login(cast.bob())
    page = client.get("/services/ledger-db/").content.decode()
    assert "These depend on one another in a circle:</b> Ledger DB, Payments API." in page


def test_the_page_says_who_feels_it_and_what_may_be_the_cause(client: Client) -> None:
    chain()
    client.force_login(cast.vera())
    page = client.get("/services/payments-api/").content.decode()
    for words in (
        "Checkout depends on Payments API. Payments API depends on Ledger DB. Through them also Paying by card.",
        'Paying by card</a> <span class="sub">(2 steps, by Checkout)</span>',
        "What customers would notice",
        "“I cannot pay.”",
    ):
        assert words in page, words
    own = client.get("/services/paying-by-card/").content.decode()
    assert "When it fails customers would say: “I cannot pay.”" in own


def test_trouble_that_is_private_shows_at_no_distance(client: Client) -> None:
    _, _, checkout, _ = chain()
    cast.incident("Keys were stolen", severity="SEV1", services=[checkout], private=True)
    client.force_login(cast.mallory())
    page = client.get("/services/ledger-db/").content.decode()
    assert "major outage" not in page.lower()
    rows = cast.caller(cast.bob()).get("/api/v1/services/ledger-db/blast-radius/").json()["downstream"]
    assert {row["status"] for row in rows} == {"operational"}


def test_many_services_cost_as_many_queries_as_a_few(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    ledger = cast.service("Ledger DB")
    rows = [cast.service(f"Service {n}") for n in range(30)]
    for here, there in zip(rows, [ledger, *rows], strict=False):
        operations.change_service(here, changes={"depends_on": [there, ledger]})
    bob = cast.bob()
    with django_assert_max_num_queries(3):
        assert len(queries.radius(bob, [ledger]).needed_by) == 30


def test_before_it_is_declared_the_screen_says_who_may_feel_it(client: Client) -> None:
    ledger, api, _, _ = chain()
    client.force_login(cast.bob())
    path = "/incidents/declare/-/consequences/"
    page = client.post(path, {"title": "Slow", "services": [ledger.pk, api.pk]}).content.decode()
    assert "<b>Checkout, Paying by card</b> may feel it: they need Payments API, Ledger DB" in page.replace(
        "Ledger DB, Payments API", "Payments API, Ledger DB"
    )
    assert "Customers may notice: <b>Paying by card</b>, “I cannot pay.”" in page
    assert "may feel it" not in client.post(path, {"title": "Slow"}).content.decode()


def test_programs_are_told_who_may_feel_it() -> None:
    chain()
    caller = cast.caller(cast.bob())
    found = caller.get("/api/v1/services/payments-api/blast-radius/").json()
    assert [(row["service"], row["distance"], row["via"]) for row in found["downstream"]] == [
        ("checkout", 1, "payments-api"),
        ("paying-by-card", 2, "checkout"),
    ]
    assert [row["service"] for row in found["upstream"]] == ["ledger-db"]
    assert found["business"] == [
        {"service": "paying-by-card", "name": "Paying by card", "customers_say": "I cannot pay."}
    ]
    assert (found["circle"], found["is_cut"]) == ([], False)
    asked = caller.post("/api/v1/incidents/outlook/", {"services": ["ledger-db"]}, format="json").json()
    assert [row["service"] for row in asked["may_feel"]] == ["payments-api", "checkout", "paying-by-card"]
    assert [row["service"] for row in asked["business"]] == ["paying-by-card"]


def test_a_business_service_is_made_and_found_by_the_api() -> None:
    caller = cast.caller(cast.mona())
    body = {
        "name": "Getting paid",
        "team": "payments",
        "kind": "business",
        "customers_say": "I get no money.",
    }
    cast.service("Ledger DB")
    assert caller.post("/api/v1/services/", body, format="json").status_code == 201
    rows = caller.get("/api/v1/services/?kind=business").json()["results"]
    assert [(row["slug"], row["customers_say"]) for row in rows] == [("getting-paid", "I get no money.")]
    wrong = caller.post("/api/v1/services/", body | {"name": "X", "kind": "party"}, format="json")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["kind"])
