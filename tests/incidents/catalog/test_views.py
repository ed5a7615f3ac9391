from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from incidents.catalog import operations
from incidents.changes import operations as production
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db


def test_services_are_listed_with_how_they_do(client: Client) -> None:
    cast.incident(severity="SEV1", services=[cast.service("Payments API")])
    cast.service("Search", tier=3)
    client.force_login(cast.vera())
    page = client.get("/services/?ready=yes").content.decode().partition('id="main"')[2]
    assert page.index("Payments API") < page.index(">Search<")
    assert "Major outage" in page
    assert "Operational" in page
    assert "runbook" in page
    found = client.get("/services/?q=sear").content.decode()
    assert "Payments API" not in found


def test_no_services_yet_says_what_one_is(client: Client) -> None:
    client.force_login(cast.bob())
    assert "No services yet" in client.get("/services/").content.decode()
    assert "No service matches" in client.get("/services/?q=x").content.decode()


def test_a_service_says_who_owns_it_and_what_it_breaks(client: Client) -> None:
    api, ledger, checkout = cast.service("Payments API"), cast.service("Ledger DB"), cast.service("Checkout")
    links = [{"kind": "runbook", "label": "High latency", "url": "https://wiki.example.com/l"}]
    operations.change_service(
        api, changes={"depends_on": [ledger], "links": links, "description": "Takes cards."}
    )
    operations.change_service(checkout, changes={"depends_on": [api]})
    production.record_change(service=api, kind="deploy", summary="v2.3.4 to production")
    incident = cast.incident("Checkout fails", severity="SEV2", services=[api])
    client.force_login(cast.bob())
    page = client.get("/services/payments-api/").content.decode()
    for words in (
        "Takes cards.",
        "Tier 1, critical",
        "Partial outage",
        f"<b>{incident}, SEV2:</b> Checkout fails",
        "Checkout depends on Payments API. Payments API depends on Ledger DB.",
        "High latency",
        "v2.3.4 to production",
        "Team Payments",
        f'href="/incidents/declare/?services={api.pk}"',
    ):
        assert words in page, words


def test_a_private_incident_is_not_on_the_page_of_its_service(client: Client) -> None:
    cast.incident("Payroll data was copied", services=[cast.service("Payments API")], private=True)
    for who in (cast.mallory(), cast.ada()):
        client.force_login(who)
        for path in ("/services/", "/services/payments-api/"):
            page = client.get(path).content.decode()
            assert "Payroll" not in page
            assert "Operational" in page
            assert "Major outage" not in page


def test_an_unknown_service_is_absent(client: Client) -> None:
    client.force_login(cast.bob())
    assert client.get("/services/nothing/").status_code == 404


def test_many_services_cost_as_much_as_one(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for n in range(15):
        cast.incident(f"Incident {n}", services=[cast.service(f"Service {n}")])
    client.force_login(cast.bob())
    client.get("/services/")
    with django_assert_max_num_queries(12):
        client.get("/services/")
