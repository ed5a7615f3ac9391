from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.accounts.models import Team, User
from core.people.teams import operations as teams
from core.tokens import operations as tokens
from core.tokens.models import ApiToken
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
USERS = "/api/v1/users/"
ABSENT = "There is nothing here, or nothing that you may see."


def problem(answer: Any) -> tuple[int, str]:
    """The status and the detail of a problem, after a look at everything else it must have."""
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail"}
    assert body["status"] == answer.status_code
    return answer.status_code, body["detail"]


def test_without_a_token_the_answer_says_how_to_sign_in() -> None:
    answer = APIClient().get(USERS)
    assert problem(answer) == (401, "Authentication credentials were not provided.")
    assert answer["WWW-Authenticate"] == 'Bearer realm="watchbill"'


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x y", "Bearer wb_short", "Bearer wb_" + "x" * 32, "Bearer \xff"]
)
def test_a_wrong_token_is_401_whatever_it_looks_like(header: str) -> None:
    cast.alice()
    answer = APIClient().get(USERS, headers={"Authorization": header})
    assert problem(answer) == (401, "The token is unknown, expired or revoked.")


def test_a_token_that_ended_is_401(as_token: Callable[..., APIClient]) -> None:
    alice = cast.alice()
    client = as_token(alice, "read")
    assert client.get(USERS).status_code == 200
    tokens.revoke_all(alice, actor=alice)
    assert client.get(USERS).status_code == 401
    expired, _ = tokens.create(alice, name="old", scopes=["read"], days=1)
    ApiToken.objects.filter(pk=expired.pk).update(expires_at="2020-01-01T00:00Z")
    assert client.get(USERS).status_code == 401


def test_the_token_of_somebody_switched_off_is_401(as_token: Callable[..., APIClient]) -> None:
    alice = cast.alice()
    client = as_token(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(USERS).status_code == 401


def test_a_token_does_no_more_than_its_scopes(as_token: Callable[..., APIClient]) -> None:
    ada = cast.ada()
    reader, writer = as_token(ada, "read"), as_token(ada, "write")
    assert problem(reader.post("/api/v1/teams/", {"name": "X"}, format="json")) == (
        403,
        "This token lacks the scope write.",
    )
    assert problem(writer.get(USERS)) == (403, "This token lacks the scope read.")
    assert problem(reader.get("/api/v1/audit/")) == (403, "This token lacks the scope admin.")
    assert writer.post("/api/v1/teams/", {"name": "X"}, format="json").status_code == 201


def test_a_scope_gives_nobody_more_than_their_role(as_token: Callable[..., APIClient]) -> None:
    for person in (cast.vera(), cast.alice(), cast.mona()):
        client = as_token(person)
        assert problem(client.get("/api/v1/audit/")) == (403, "Your role does not allow this.")
        assert client.post("/api/v1/teams/", {"name": "X"}, format="json").status_code == 403
    assert not Team.objects.filter(name="X").exists()


def test_the_browsers_session_works_and_needs_the_csrf_token() -> None:
    cast.ada()
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    form = {
        "login": "ada@example.com",
        "password": cast.PASSWORD,
        "csrfmiddlewaretoken": client.cookies["csrf"].value,
    }
    assert client.post("/accounts/login/", form).status_code == 302
    assert client.get(USERS).status_code == 200
    answer = client.post("/api/v1/teams/", {"name": "X"}, content_type="application/json")
    assert answer.status_code == 403
    token = client.cookies["csrf"].value
    answer = client.post(
        "/api/v1/teams/", {"name": "X"}, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize("ref", ["999999", "nobody", "99999999999999999999999", "%00", "-1", "1e3", "..%2f1"])
def test_what_is_not_there_is_404_in_the_same_words(as_token: Callable[..., APIClient], ref: str) -> None:
    client = as_token(cast.alice())
    assert problem(client.get(f"{USERS}{ref}/")) == (404, ABSENT)


def test_absent_and_invisible_are_the_same_bytes(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.alice())
    gone = cast.person("Gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    invisible, absent = client.get(f"{USERS}{gone.pk}/"), client.get(f"{USERS}{gone.pk + 1000}/")
    assert problem(invisible) == (404, ABSENT)
    assert invisible.content == absent.content
    kept = ("Content-Type", "Content-Length", "Vary", "Allow", "Cache-Control")
    assert [invisible.get(name) for name in kept] == [absent.get(name) for name in kept]


def test_an_address_that_does_not_exist_is_a_problem_too() -> None:
    answer = APIClient().get("/api/v1/nothing/")
    assert problem(answer) == (404, ABSENT)


def test_a_method_that_is_not_offered_is_405_with_those_that_are(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.ada())
    answer = client.delete(USERS)
    assert problem(answer) == (405, 'Method "DELETE" not allowed.')
    assert answer["Allow"] == "GET, HEAD"
    assert client.options(USERS).status_code == 405


def test_a_body_that_is_not_json_is_415_and_broken_json_400(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.ada())
    answer = client.post("/api/v1/teams/", "name=X", content_type="application/x-www-form-urlencoded")
    assert problem(answer)[0] == 415
    for body in (
        b"{",
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b"",
        b"[]",
        b'"x"',
        b"null",
        b"7",
    ):
        answer = client.post("/api/v1/teams/", body, content_type="application/json")
        assert problem(answer)[0] == 400, body


def test_a_wrong_field_is_named(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.ada())
    answer = client.post("/api/v1/teams/", {"name": ""}, format="json")
    assert problem(answer) == (400, "name: This field may not be blank.")
    assert answer.json()["errors"] == {"name": ["This field may not be blank."]}
    answer = client.post("/api/v1/teams/", {"name": {"a": 1}}, format="json")
    assert answer.json()["errors"] == {"name": ["Not a valid string."]}


def test_what_the_state_refuses_is_409_with_the_reason(as_token: Callable[..., APIClient]) -> None:
    ada = cast.ada()
    teams.create("Payments", actor=ada)
    answer = as_token(ada).post("/api/v1/teams/", {"name": "Payments"}, format="json")
    assert problem(answer) == (409, "There is a team called Payments already.")


def test_fields_that_are_not_asked_for_change_nothing(as_token: Callable[..., APIClient]) -> None:
    alice = cast.alice()
    sent = {
        "name": "A",
        "role": "admin",
        "is_active": False,
        "email": "x@example.com",
        "is_superuser": True,
        "id": "1",
    }
    answer = as_token(alice).patch(f"{USERS}me/", sent, format="json")
    assert answer.status_code == 200
    alice.refresh_from_db()
    assert (alice.name, alice.role, alice.email, alice.is_active, alice.is_superuser) == (
        "A",
        "responder",
        "alice@example.com",
        True,
        False,
    )


def test_an_e_mail_is_for_its_person_and_for_admins(as_token: Callable[..., APIClient]) -> None:
    alice, bob = cast.alice(), cast.bob()
    seen = as_token(alice).get(f"{USERS}{bob.pk}/").json()
    assert (seen["name"], seen["email"]) == ("Bob Example", None)
    assert as_token(alice).get(f"{USERS}me/").json()["email"] == "alice@example.com"
    assert as_token(cast.ada()).get(f"{USERS}{bob.pk}/").json()["email"] == "bob@example.com"


def test_a_person_as_the_contract_has_it(as_token: Callable[..., APIClient]) -> None:
    mona = cast.mona()
    assert as_token(mona).get(f"{USERS}me/").json() == {
        "id": str(mona.pk),
        "name": "Mona Example",
        "email": "mona@example.com",
        "time_zone": "UTC",
        "role": "manager",
        "teams": ["payments"],
        "is_active": True,
        "url": f"http://127.0.0.1:8000/people/{mona.pk}/",
    }


def test_a_team_by_slug_and_by_id(as_token: Callable[..., APIClient]) -> None:
    mona = cast.mona()
    team = cast.team()
    wanted = {
        "id": str(team.pk),
        "slug": "payments",
        "name": "Payments",
        "members": [{"user": str(mona.pk), "role": "manager"}],
        "url": "http://127.0.0.1:8000/teams/payments/",
    }
    client = as_token(mona)
    assert client.get("/api/v1/teams/payments/").json() == wanted
    assert client.get(f"/api/v1/teams/{team.pk}/").json() == wanted


def test_a_manager_renames_their_own_team_alone(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.mona())
    cast.team("Elsewhere")
    assert client.patch("/api/v1/teams/payments/", {"name": "Money"}, format="json").json()["name"] == "Money"
    assert client.patch("/api/v1/teams/elsewhere/", {"name": "Mine"}, format="json").status_code == 403
    assert Team.objects.get(slug="elsewhere").name == "Elsewhere"


def test_the_answer_is_json_whatever_the_client_accepts(as_token: Callable[..., APIClient]) -> None:
    client = as_token(cast.alice())
    for accept in ("text/html", "image/png", "nonsense", "application/json;q=0"):
        answer = client.get(USERS, headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_a_fault_of_ours_says_nothing_about_us(
    as_token: Callable[..., APIClient], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = as_token(cast.alice())

    def fails(*_: object) -> None:
        raise RuntimeError("canary-4711 select password from accounts_user")

    monkeypatch.setattr("core.people.api.UserViewSet.get_queryset", fails)
    answer = client.get(USERS)
    assert problem(answer) == (500, "Something went wrong here. It is noted.")
    assert b"canary" not in answer.content
    assert "canary-4711" in caplog.text


def test_the_list_of_people_asks_a_bounded_number_of_questions(
    as_token: Callable[..., APIClient], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_token(cast.alice())
    for n in range(30):
        cast.person(f"P{n}", team=cast.team())
    client.get(USERS)
    with django_assert_max_num_queries(4):
        assert len(client.get(USERS).json()["results"]) == 31
