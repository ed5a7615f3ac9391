"""Routes as managers configure them, by API and in the admin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from core.accounts.models import Role
from core.events.models import Event
from oncall.models import Route
from tests import cast

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
MATCH = [{"label": "team", "op": "equals", "value": "payments"}]


def call(client: Client, method: str, path: str, content: Any = None) -> Any:
    answer: HttpResponse = getattr(client, method)(
        f"/api/v1/{path}",
        json.dumps(content) if content is not None else None,
        content_type="application/json",
    )
    return answer


@pytest.fixture
def mona(client: Client) -> Client:
    client.force_login(cast.mona())
    return client


def test_a_manager_adds_a_route_to_a_service_of_their_team(mona: Client) -> None:
    service = cast.service("Payments API")

    answer = call(mona, "post", "routes/", {"name": "Payments", "match": MATCH, "service": service.slug})

    assert answer.status_code == 201, answer.content
    assert answer.json() == {
        "id": str(Route.objects.get().pk),
        "position": 0,
        "name": "Payments",
        "integration": None,
        "match": MATCH,
        "service": "payments-api",
        "policy": None,
        "urgency": "",
        "nature": "",
        "pages_causes": False,
        "declares": None,
        "is_active": True,
    }
    assert Event.objects.get(name="route.changed").payload["what"] == "created"


def test_routes_are_listed_in_order_and_moved(mona: Client) -> None:
    service = cast.service().slug
    ids = [
        call(mona, "post", "routes/", {"name": name, "service": service}).json()["id"]
        for name in ("a", "b", "c")
    ]

    assert call(mona, "patch", f"routes/{ids[2]}/", {"position": 0}).json()["position"] == 0

    listed = call(mona, "get", "routes/").json()["results"]
    assert [(row["name"], row["position"]) for row in listed] == [("c", 0), ("a", 1), ("b", 2)]


def test_put_replaces_and_delete_removes(mona: Client) -> None:
    service = cast.service().slug
    made = call(
        mona, "post", "routes/", {"name": "a", "match": MATCH, "service": service, "urgency": "low"}
    ).json()

    put = call(mona, "put", f"routes/{made['id']}/", {"service": service}).json()
    gone = call(mona, "delete", f"routes/{made['id']}/")

    assert (put["name"], put["match"], put["urgency"]) == ("", [], "")
    assert gone.status_code == 204
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"match": [{"label": "a", "op": "matches", "value": "(a+)+"}], "service": "payments-api"}, "match"),
        ({"match": [{"op": "equals", "value": "a"}], "service": "payments-api"}, "match"),
        ({"service": "nowhere"}, "service"),
    ],
)
def test_routes_that_could_not_work_are_refused(mona: Client, content: dict[str, Any], field: str) -> None:
    cast.service("Payments API")

    answer = call(mona, "post", "routes/", content)

    assert answer.status_code == 400
    assert next(iter(answer.json()["errors"])).startswith(field)
    assert not Route.objects.exists()


def test_a_route_that_gives_nothing_is_refused(mona: Client) -> None:
    answer = call(mona, "post", "routes/", {"match": MATCH})

    assert answer.status_code == 409
    assert (
        answer.json()["detail"]
        == "A route needs a service, a policy, an urgency, a mark or an incident to give."
    )


def test_a_manager_of_another_team_and_a_responder_are_refused_and_leave_no_trace(client: Client) -> None:
    service = cast.service().slug
    route = {"match": [], "service": service}
    for person in (cast.bob(), cast.person("Olga", role=Role.MANAGER, team=cast.team("Elsewhere"))):
        client.force_login(person)
        assert call(client, "post", "routes/", route).status_code == 403
    assert not Route.objects.exists()


def test_the_list_costs_the_same_for_many(
    mona: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    service = cast.service().slug
    for n in range(20):
        call(mona, "post", "routes/", {"name": str(n), "service": service})

    with django_assert_max_num_queries(8):
        assert len(call(mona, "get", "routes/").json()["results"]) == 20


class TestAdmin:
    @pytest.fixture
    def ada(self, client: Client) -> Client:
        return cast.sign_in(client, cast.ada())

    def test_a_route_is_added_last_and_told(self, ada: Client) -> None:
        service = cast.service()
        for name in ("first", "second"):
            answer = ada.post(
                "/admin/oncall/route/add/",
                {"name": name, "match": json.dumps(MATCH), "service": service.pk, "is_active": "on"},
            )
            assert answer.status_code == 302, answer.content

        assert list(Route.objects.values_list("name", "position")) == [("first", 0), ("second", 1)]
        assert Event.objects.filter(name="route.changed").count() == 2

    def test_a_route_keeps_its_place_when_it_is_changed(self, ada: Client) -> None:
        service = cast.service()
        for name in ("a", "b"):
            ada.post("/admin/oncall/route/add/", {"name": name, "match": "[]", "service": service.pk})
        second = Route.objects.get(name="b")

        ada.post(
            f"/admin/oncall/route/{second.pk}/change/", {"name": "B", "match": "[]", "service": service.pk}
        )

        assert list(Route.objects.values_list("name", "position", "is_active")) == [
            ("a", 0, False),
            ("B", 1, False),
        ]

    def test_conditions_that_could_take_too_long_are_refused(self, ada: Client) -> None:
        match = [{"label": "a", "op": "matches", "value": "(a+)+"}]
        answer = ada.post(
            "/admin/oncall/route/add/", {"match": json.dumps(match), "service": cast.service().pk}
        )

        assert answer.status_code == 200
        assert b"This pattern could take too long" in answer.content
        assert not Route.objects.exists()
