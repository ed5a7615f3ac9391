"""Who is on call now and next, by service and by team, and at which level of a policy each is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from oncall.escalation import operations as escalation
from oncall.escalation.rules.plans import LevelSpec
from oncall.models import Schedule
from oncall.routing import operations as routing
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
NOW = "/api/v1/on-call/"


@pytest.fixture
def bob() -> User:
    """Three schedules: two that the policy of Checkout asks, of which the second is of a team, and one of the default."""
    bob = cast.bob()
    first, second, third = (cast.always(cast.person(name.lower()), name) for name in ("Zoe", "Yann", "Xenia"))
    Schedule.objects.exclude(pk=second.pk).update(team=None)
    levels = [
        LevelSpec(60, (cast.target(first),), description="First line"),
        LevelSpec(60, (cast.target(second),)),
        LevelSpec(60, (cast.target(first), cast.target(bob)), description="Again"),
    ]
    policy = escalation.create_policy(name="Checkout first", levels=levels, actor=None)
    cast.policy((60, [third]), name="All else", is_default=True)
    routing.set_service_policy(cast.service("Checkout"), policy=policy)
    cast.service("Search")
    return bob


def api(user: User) -> APIClient:
    caller = APIClient()
    caller.force_authenticate(user)
    return caller


def asked(caller: APIClient, **given: str) -> list[tuple[str, list[Any]]]:
    found = caller.get(NOW, given)
    assert found.status_code == 200, found.data
    return [
        (row["name"], [(each["policy"], each["level"], each["description"]) for each in row["asked_by"]])
        for row in found.json()
    ]


def test_the_api_says_at_which_levels_each_is_asked_and_for_what(bob: User) -> None:
    caller = api(bob)
    first = ("Zoe", [("checkout-first", 1, "First line"), ("checkout-first", 3, "Again")])
    second = ("Yann", [("checkout-first", 2, "")])
    third = ("Xenia", [("all-else", 1, "")])
    assert asked(caller) == [third, second, first]
    # Of a service whom its policy asks first comes first; one without a policy has the default.
    assert asked(caller, service="checkout") == [first, second]
    assert asked(caller, service="search") == [third]
    assert asked(caller, team="payments") == [second]
    assert asked(caller, team="payments", service="search") == []
    row = caller.get(NOW, {"team": "payments"}).json()[0]
    assert (row["team"], row["asked_by"][0]["services"]) == ("payments", ["Checkout"])
    assert row["users"] == [str(Schedule.objects.get(name="Yann").layers.get().participants.get().user_id)]


@pytest.mark.parametrize("name", ["team", "service"])
def test_what_there_is_not_is_said_and_not_answered_for_all(bob: User, name: str) -> None:
    answer = api(bob).get(NOW, {name: "nothing"})
    assert answer.status_code == 400
    assert f"There is no such {name}." in str(answer.data)
    page = cast.sign_in(Client(), bob).get("/on-call/", {name: "nothing"})
    assert page.status_code == 200
    assert f"There is no such {name}." in page.content.decode()
    assert shown(page.content.decode()) == []


def test_the_page_says_the_same_and_how_it_was_asked(
    bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = cast.sign_in(Client(), bob)
    with django_assert_max_num_queries(30):
        page = client.get("/on-call/").content.decode()
    assert shown(page) == ["Xenia", "Yann", "Zoe"]
    page = client.get("/on-call/?service=checkout").content.decode()
    assert shown(page) == ["Zoe", "Yann"]
    words = re.sub(r"<[^>]+>", "", page)
    assert "Level 1 (First line) and 3 (Again) of Checkout first, for Checkout" in words
    assert '<option value="checkout" selected>' in page
    assert 'hx-get="/on-call/?service=checkout"' in page
    assert (
        "No schedule is asked for that."
        in client.get("/on-call/?team=payments&service=search").content.decode()
    )


def shown(page: str) -> list[str]:
    return re.findall(r'class="fw-6" href="/on-call/[^"]+">([^<]+)<', page)
