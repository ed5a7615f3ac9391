from __future__ import annotations

import base64
import itertools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.db.models import F
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from core.accounts.models import Invitation, User
from core.api.pagination import Cursor
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
USERS = "/api/v1/users/"


@pytest.fixture
def client(as_token: Callable[..., APIClient]) -> APIClient:
    return as_token(cast.alice(), "read")


def pages(client: APIClient, url: str, way: str = "next") -> list[list[str]]:
    found = []
    while url:
        body = client.get(url.removeprefix("http://127.0.0.1:8000")).json()
        assert set(body) == {"next", "previous", "results"}
        found.append([row["name"] for row in body["results"]])
        url = body[way]
    return found


def test_pages_follow_one_another_and_lead_back(client: APIClient) -> None:
    for letter in "DEFGHI":
        cast.person(letter)
    forward = pages(client, f"{USERS}?page_size=3")
    assert forward == [
        ["Alice Example", "D Example", "E Example"],
        ["F Example", "G Example", "H Example"],
        ["I Example"],
    ]
    last = client.get(client.get(client.get(f"{USERS}?page_size=3").json()["next"]).json()["next"]).json()
    assert last["next"] is None
    back = pages(client, last["previous"], "previous")
    assert back == [forward[1], forward[0]]
    again = client.get(client.get(last["previous"]).json()["next"]).json()
    assert [row["name"] for row in again["results"]] == ["I Example"]


def test_rows_that_come_meanwhile_move_nothing(client: APIClient) -> None:
    for letter in "DEFG":
        cast.person(letter)
    first = client.get(f"{USERS}?page_size=2").json()
    cast.person("Aaron")
    second = client.get(first["next"]).json()
    assert [row["name"] for row in second["results"]] == ["E Example", "F Example"]


def test_links_start_with_the_configured_address(client: APIClient) -> None:
    cast.bob()
    answer = client.get(f"{USERS}?page_size=1&role=responder", headers={"Host": "localhost"}).json()
    assert answer["next"].startswith("http://127.0.0.1:8000/api/v1/users/?")
    assert "role=responder" in urlsplit(answer["next"]).query


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", "", "٣"])
def test_a_page_size_that_is_none_is_400(client: APIClient, size: str) -> None:
    answer = client.get(f"{USERS}?page_size={size}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["page_size"])


def test_a_page_has_at_most_200_rows(client: APIClient) -> None:
    User.objects.bulk_create(User(email=f"{n}@example.com", name=f"{n:03}") for n in range(210))
    assert len(client.get(f"{USERS}?page_size=9999").json()["results"]) == 200
    assert len(client.get(USERS).json()["results"]) == 50


def test_a_cursor_that_is_none_is_400(client: APIClient) -> None:
    def encoded(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode()

    for cursor in (
        "x",
        "%00",
        "!!!!",
        encoded("{}"),
        encoded("[]"),
        encoded('["+"]'),
        encoded('["+", "a", "x"]'),
        encoded('["+", "a", 5]'),
        encoded('["+", "a", "99999999999999999999999"]'),
        encoded('["+", "a\\u0000", "1"]'),
        encoded('["+", "a", "1", "2"]'),
    ):
        answer = client.get(f"{USERS}?cursor={cursor}")
        assert answer.status_code == 400, cursor


def test_lists_are_filtered_searched_and_ordered(client: APIClient) -> None:
    cast.bob()
    cast.vera()
    cast.ada()

    def names(query: str) -> list[str]:
        return [row["name"].split()[0] for row in client.get(USERS + query).json()["results"]]

    assert names("?role=viewer") == ["Vera"]
    assert names("?search=b%20exam") == ["Bob"]
    assert names("?ordering=-name") == ["Vera", "Bob", "Alice", "Ada"]
    assert names("?ordering=-id") == ["Ada", "Vera", "Bob", "Alice"]


@pytest.mark.parametrize(
    "query", ["?role=king", "?ordering=password", "?ordering=-email", "?search=%00", "?ordering=,"]
)
def test_a_filter_that_makes_no_sense_is_400(client: APIClient, query: str) -> None:
    assert client.get(USERS + query).status_code == 400


@pytest.mark.parametrize(
    ("ordering", "size"), list(itertools.product(["accepted_at", "-accepted_at", "role", "-role"], [1, 2, 3]))
)
def test_equal_and_missing_values_lose_and_repeat_nothing(ordering: str, size: int) -> None:
    """Walked over the accepted_at of invitations, half of which have none, and over their equal roles."""
    ada = cast.ada()
    rows = [
        Invitation.objects.create(
            email=f"{n}@example.com",
            token_hash=str(n),
            invited_by=ada,
            expires_at="2030-01-01T00:00Z",
            revoked_at="2029-01-01T00:00Z",
            accepted_at=None if n % 2 else f"2030-01-0{1 + n % 3}T00:00Z",
        )
        for n in range(7)
    ]
    name = ordering
    plain = name.lstrip("-")
    direction = F(plain).desc(nulls_last=True) if name.startswith("-") else F(plain).asc(nulls_last=True)
    wanted = list(
        Invitation.objects.order_by(direction, "-pk" if name.startswith("-") else "pk").values_list(
            "pk", flat=True
        )
    )
    assert len(wanted) == len(rows)
    assert list(itertools.chain(*walk(name, size, "next"))) == wanted
    assert list(itertools.chain(*reversed(walk(name, size, "previous")))) == wanted


def walk(ordering: str, size: int, way: str) -> list[list[int]]:
    url: str | None = f"/x/?page_size={size}"
    if way == "previous":
        while True:
            page, rows = chunk(ordering, url)
            following = page.get_next_link()
            if following is None:
                break
            url = following
    found = []
    while url:
        page, rows = chunk(ordering, url)
        found.append([row.pk for row in rows])
        url = page.get_next_link() if way == "next" else page.get_previous_link()
    return found


def chunk(ordering: str, url: str | None) -> tuple[Cursor, list[Any]]:
    page = Cursor()
    page.ordering = ordering
    return page, page.paginate_queryset(
        Invitation.objects.all(), Request(APIRequestFactory().get(url or "")), None
    )
