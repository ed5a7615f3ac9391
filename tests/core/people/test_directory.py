from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from rest_framework.test import APIClient

from core.accounts.models import Membership, Role, Team, TeamRole, User
from core.accounts.policy import Verb, can, managed_teams
from core.errors import Refused
from core.events.models import Event
from core.people.directory import operations
from core.people.me.rules import name_of_browser
from core.people.teams import operations as teams
from core.tokens import operations as tokens
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": cast.PASSWORD})
    return client


def test_everybody_finds_everybody_and_only_admins_see_addresses() -> None:
    cast.bob()
    page = browser(cast.vera()).get("/people/?q=bob").content.decode()
    assert "Bob Example" in page
    assert "Vera Example</span>" not in page.split("<tbody>")[1]
    assert "bob@example.com" not in page
    assert "bob@example.com" in browser(cast.ada()).get("/people/").content.decode()


def test_an_address_is_no_way_to_find_a_person_but_for_admins() -> None:
    cast.bob()
    assert "Nobody found" in browser(cast.vera()).get("/people/?q=bob@").content.decode()
    assert "Bob Example" in browser(cast.ada()).get("/people/?q=bob@").content.decode()


def test_somebody_switched_off_is_absent_for_all_but_admins() -> None:
    gone = cast.person("Gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert browser(cast.alice()).get(f"/people/{gone.pk}/").status_code == 404
    assert "Switched off" in browser(cast.ada()).get(f"/people/{gone.pk}/").content.decode()


def test_switching_an_account_off_ends_everything_at_once() -> None:
    ada, bob = cast.ada(), cast.bob()
    his = browser(bob)
    _, secret = tokens.create(bob, name="x", scopes=["read"])
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (his.get("/me/").status_code, api.get("/api/v1/users/me/").status_code) == (200, 200)
    admin = browser(ada)
    assert admin.get(f"/people/{bob.pk}/deactivate/").status_code == 405
    assert admin.post(f"/people/{bob.pk}/deactivate/")["Location"] == f"/people/{bob.pk}/"
    assert (his.get("/me/").status_code, api.get("/api/v1/users/me/").status_code) == (302, 401)
    assert not bob.sessions.exists()
    assert Event.objects.get(name="user.deactivated").actor_id == ada.pk
    admin.post(f"/people/{bob.pk}/reactivate/")
    assert api.get("/api/v1/users/me/").status_code == 401
    assert browser(bob).get("/me/").status_code == 200


def test_a_change_of_role_is_recorded_and_counts_at_once() -> None:
    ada, bob = cast.ada(), cast.bob()
    his = browser(bob)
    browser(ada).post(f"/people/{bob.pk}/role/", {"role": "viewer"})
    event = Event.objects.get(name="user.role_changed")
    assert event.payload == {"user_id": bob.pk, "old": "responder", "new": "viewer"}
    assert event.actor_id == ada.pk
    bob.refresh_from_db()
    assert bob.role == Role.VIEWER
    assert his.get("/people/invite/").status_code == 403


def test_an_unknown_role_is_422_and_changes_nothing() -> None:
    bob = cast.bob()
    answer = browser(cast.ada()).post(f"/people/{bob.pk}/role/", {"role": "king"})
    assert answer.status_code == 422
    bob.refresh_from_db()
    assert bob.role == Role.RESPONDER


def test_the_last_admin_stays() -> None:
    ada = cast.ada()
    with pytest.raises(operations.LastAdmin):
        operations.change_role(ada, role=Role.VIEWER, actor=ada)
    other = cast.person("Root", role=Role.ADMIN)
    with pytest.raises(operations.Yourself):
        operations.deactivate(ada, actor=ada)
    operations.deactivate(ada, actor=other)
    with pytest.raises(operations.LastAdmin):
        operations.change_role(other, role=Role.VIEWER, actor=other)


@pytest.mark.parametrize("who", ["vera", "alice", "mona"])
@pytest.mark.parametrize("verb", ["role", "deactivate", "reactivate", "sign-out"])
def test_only_admins_change_people(who: str, verb: str) -> None:
    bob = cast.bob()
    his = browser(bob)
    client = browser(getattr(cast, who)())
    answer = client.post(f"/people/{bob.pk}/{verb}/", {"role": "admin"})
    assert answer.status_code == 403
    bob.refresh_from_db()
    assert (bob.role, bob.is_active) == (Role.RESPONDER, True)
    assert his.get("/me/").status_code == 200
    assert not Event.objects.filter(name__in=["user.role_changed", "user.deactivated"]).exists()


def test_the_operations_ask_for_the_role_themselves() -> None:
    bob, mona = cast.bob(), cast.mona()
    for change in (
        lambda: operations.change_role(bob, role="admin", actor=mona),
        lambda: operations.deactivate(bob, actor=mona),
        lambda: teams.create("X", actor=mona),
        lambda: teams.put_member(cast.team("Elsewhere"), user=bob, role="member", actor=mona),
    ):
        with pytest.raises(PermissionDenied):
            change()


TEAM_RULES = [
    # who, role, part in the team, may configure it
    ("viewer", None, False),
    ("viewer", TeamRole.MANAGER, False),
    ("responder", None, False),
    ("responder", TeamRole.MEMBER, False),
    ("responder", TeamRole.MANAGER, True),
    ("manager", None, False),
    ("manager", TeamRole.MEMBER, True),
    ("manager", TeamRole.MANAGER, True),
    ("admin", None, True),
]


@pytest.mark.parametrize(("role", "part", "may"), TEAM_RULES)
def test_who_configures_a_team(role: str, part: str | None, may: object) -> None:
    user, team, other = cast.person("X", role=role), cast.team(), cast.team("Elsewhere")
    if part:
        Membership.objects.create(user=user, team=team, role=part)
    assert can(user, Verb.CONFIGURE, team) is may
    assert (team in managed_teams(user)) is may
    assert can(user, Verb.CONFIGURE, other) is (role == "admin")
    assert can(user, Verb.CONFIGURE) is (may or role in {"manager", "admin"})
    assert can(user, Verb.VIEW)
    assert can(user, Verb.RESPOND) is (role != "viewer")
    assert can(user, Verb.ADMIN) is (role == "admin")
    user.is_active = False
    assert not any(can(user, verb, team) for verb in Verb)


def test_a_manager_leads_their_team() -> None:
    mona, bob = cast.mona(), cast.person("Bob")
    client = browser(mona)
    assert (
        client.post("/teams/payments/members/", {"user": bob.pk, "role": "member"})["Location"]
        == "/teams/payments/"
    )
    client.post(f"/teams/payments/members/{bob.pk}/role/", {"role": "manager"})
    assert Membership.objects.get(user=bob).role == TeamRole.MANAGER
    client.post("/teams/payments/rename/", {"name": "Money"})
    assert Team.objects.get(slug="payments").name == "Money"
    client.post(f"/teams/payments/members/{bob.pk}/remove/")
    assert not Membership.objects.filter(user=bob).exists()
    names = list(Event.objects.filter(name__startswith="team.").order_by("id").values_list("name", flat=True))
    assert names == ["team.member_added", "team.member_added", "team.renamed", "team.member_removed"]


@pytest.mark.parametrize("who", ["vera", "alice", "mallory"])
@pytest.mark.parametrize("verb", ["members/", "rename/", "members/{bob}/role/", "members/{bob}/remove/"])
def test_outsiders_change_no_team(who: str, verb: str) -> None:
    bob = cast.bob()
    client = browser(getattr(cast, who)())
    path = f"/teams/payments/{verb.format(bob=bob.pk)}"
    assert client.get(path).status_code in {403, 405}
    assert client.post(path, {"user": bob.pk, "role": "manager", "name": "Mine"}).status_code == 403
    assert Team.objects.get(slug="payments").name == "Payments"
    assert Membership.objects.get(user=bob).role == TeamRole.MEMBER


def test_a_manager_of_another_team_changes_nothing_here() -> None:
    bob = cast.bob()
    other = cast.person("Otto", role=Role.MANAGER, team=cast.team("Elsewhere"))
    client = browser(other)
    assert client.post("/teams/payments/rename/", {"name": "Mine"}).status_code == 403
    assert client.post(f"/teams/payments/members/{bob.pk}/remove/").status_code == 403
    assert Membership.objects.filter(user=bob).exists()


def test_admins_make_teams_with_an_address_of_their_own() -> None:
    client = browser(cast.ada())
    assert client.post("/teams/new/", {"name": "Data & Search"})["Location"] == "/teams/data-search/"
    assert client.post("/teams/new/", {"name": "new"})["Location"] == "/teams/team-new/"
    for wrong in ("", "Data & Search", "!!!"):
        answer = client.post("/teams/new/", {"name": wrong})
        assert answer.status_code == 422
    assert client.get("/teams/nowhere/").status_code == 404


def test_a_viewer_becomes_no_manager_of_a_team() -> None:
    with pytest.raises(Refused, match="Vera Example is a viewer"):
        teams.put_member(cast.team(), user=cast.vera(), role=TeamRole.MANAGER, actor=cast.ada())


@pytest.mark.parametrize("path", ["/people/", "/teams/", "/teams/payments/"])
def test_lists_ask_a_bounded_number_of_questions(
    path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser(cast.ada())
    for n in range(30):
        user = User.objects.create_user(f"p{n}@example.com", None, name=f"P{n}")
        Membership.objects.create(user=user, team=cast.team())
        cast.team(f"T{n}")
    with django_assert_max_num_queries(14):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge on Windows",
        ),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_by_its_name(agent: str, name: str) -> None:
    assert name_of_browser(agent) == name
