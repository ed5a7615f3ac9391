from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from core.events.models import Event
from statuspage.components import operations
from statuspage.models import Component, StatusPage
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
PAGES, PAGE = "/status-pages/", "/status-pages/alder-pay/"
PUBLIC = "/status/alder-pay/"
NEW = {"name": "Alder Pay", "slug": "alder-pay", "time_zone": "Europe/Berlin", "is_public": "on"}


@pytest.fixture
def page() -> StatusPage:
    return operations.create_page(actor=None, name="Alder Pay", slug="alder-pay")


@pytest.fixture
def search(page: StatusPage) -> Component:
    return operations.add_component(page, actor=None, name="Search", service=cast.service())


@pytest.fixture
def mona() -> Client:
    return cast.sign_in(Client(), cast.mona())


def settings(**changes: str) -> dict[str, str]:
    given = {
        "name": "Alder Pay Europe",
        "time_zone": "Europe/Berlin",
        "support_url": "https://help.example.com",
    }
    return {f"page-{name}": value for name, value in {**given, **changes}.items()}


def changes() -> list[dict[str, Any]]:
    return list(
        Event.objects.filter(name="status_page.changed").order_by("id").values_list("payload", flat=True)
    )


def test_a_page_is_made_gets_a_component_and_is_read_by_anybody(mona: Client) -> None:
    assert mona.get(PAGES).content.count(b"No status page yet") == 1
    answer = mona.post(f"{PAGES}new/", NEW)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    service = cast.service()
    assert mona.post(f"{PAGE}components/", {"name": "Search", "service": service.pk}).status_code == 302
    assert b"Search" in Client().get(PUBLIC).content
    assert b"Search" in mona.get(PAGE).content
    assert [change["what"] for change in changes()] == ["created", "component added"]


def test_a_page_that_is_not_public_is_read_by_nobody_until_it_is(mona: Client) -> None:
    mona.post(f"{PAGES}new/", {**NEW, "is_public": ""})
    assert Client().get(PUBLIC).status_code == 404
    assert b"See it as customers do" not in mona.get(PAGES).content + mona.get(PAGE).content
    assert mona.post(f"{PAGE}settings/", settings(is_public="on")).status_code == 302
    assert b"Alder Pay Europe" in Client().get(PUBLIC).content
    assert [change["what"] for change in changes()] == ["created", "changed"]


def test_a_change_keeps_the_address_that_customers_have(mona: Client, page: StatusPage) -> None:
    mona.post(f"{PAGE}settings/", settings(slug="other", is_public="on"))
    page.refresh_from_db()
    assert (page.slug, page.name, page.support_url) == (
        "alder-pay",
        "Alder Pay Europe",
        "https://help.example.com",
    )


@pytest.mark.parametrize(
    ("path", "given", "kept"),
    [
        (f"{PAGES}new/", {**NEW, "slug": "al der"}, b'value="al der"'),
        (f"{PAGES}new/", {**NEW, "time_zone": "Mars/Olympus"}, b'value="alder-pay"'),
        (
            f"{PAGE}components/",
            {"name": "", "description": "What people type into"},
            b"What people type into",
        ),
        (f"{PAGE}settings/", settings(support_url="javascript:alert(1)"), b"javascript:alert(1)"),
    ],
)
def test_bad_input_is_told_and_kept(
    mona: Client, page: StatusPage, path: str, given: dict[str, str], kept: bytes
) -> None:
    answer = mona.post(path, given)
    assert answer.status_code == 422
    assert kept in answer.content
    assert b"data-errors" in answer.content
    page.refresh_from_db()
    assert (page.name, StatusPage.objects.count(), Component.objects.count()) == ("Alder Pay", 1, 0)


def test_a_responder_shows_a_state_at_once(search: Component) -> None:
    bob = cast.sign_in(Client(), cast.bob())
    address = f"{PAGE}components/{search.public_id}/state/"
    assert bob.post(address, {"state": "partial_outage"}).status_code == 302
    assert b"Partial outage" in Client().get(PUBLIC).content
    bob.post(address, {"state": "on fire"})
    search.refresh_from_db()
    assert search.state == "partial_outage"


def test_who_may_not_is_refused_and_sees_no_button(search: Component) -> None:
    vera, bob = (cast.sign_in(Client(), who) for who in (cast.vera(), cast.bob()))
    state = f"{PAGE}components/{search.public_id}/state/"
    assert vera.post(state, {"state": "major_outage"}).status_code == 403
    for path, given in (
        (f"{PAGES}new/", NEW),
        (f"{PAGE}components/", {"name": "More"}),
        (f"{PAGE}settings/", settings()),
    ):
        for client in (vera, bob):
            assert client.post(path, given).status_code == 403
    search.refresh_from_db()
    assert (search.state, StatusPage.objects.count(), Component.objects.count()) == ("operational", 1, 1)
    seen = vera.get(PAGE).content
    assert b"Show this" not in seen
    assert b"Add component" not in seen
    assert b"Add a page" not in vera.get(PAGES).content


def test_writing_needs_a_post(mona: Client, search: Component) -> None:
    for path in (f"{PAGE}components/", f"{PAGE}settings/", f"{PAGE}components/{search.public_id}/state/"):
        assert mona.get(path).status_code == 405


def test_the_lists_ask_a_bounded_number_of_times(
    mona: Client, page: StatusPage, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(8):
        other = operations.create_page(actor=None, name=f"Page {n}", slug=f"page-{n}")
        operations.add_component(other, actor=None, name="Search")
        operations.add_component(page, actor=None, name=f"Part {n}", service=cast.service(f"Service {n}"))
    with django_assert_max_num_queries(12):
        mona.get(PAGES)
    with django_assert_max_num_queries(12):
        mona.get(PAGE)


def test_the_api_changes_a_page_and_refuses_a_zone_that_there_is_not(mona: Client, page: StatusPage) -> None:
    def patch(**given: object) -> Any:
        return mona.patch(
            "/api/v1/status-pages/alder-pay/", json.dumps(given), content_type="application/json"
        )

    assert patch(time_zone="Mars/Olympus").status_code == 400
    answer = patch(time_zone="Asia/Tokyo", is_public=False)
    assert (answer.status_code, answer.json()["is_public"]) == (200, False)
    page.refresh_from_db()
    assert (page.time_zone, page.is_public, page.name) == ("Asia/Tokyo", False, "Alder Pay")
