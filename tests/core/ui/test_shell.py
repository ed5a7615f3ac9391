from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path

from core.accounts.models import User
from core.ui import shell
from core.ui.context import Shell
from core.ui.shell import Action, Duty, MenuItem, Mood, NavItem
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest
    from pytest_django import DjangoAssertNumQueries


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


urlpatterns = [
    path("", page, name="home"),
    path("incidents/", page, name="board"),
    path("incidents/alerts/", page, name="alerts"),
    path("me/", page, name="me"),
]
MARTA = SimpleNamespace(is_authenticated=True, name="Marta")
NOBODY = SimpleNamespace(is_authenticated=False)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, empty in (("_nav", {}), ("_menu", {}), ("_duty", []), ("_action", []), ("_moods", {})):
        monkeypatch.setattr(shell, name, empty)
    with override_settings(ROOT_URLCONF="tests.core.ui.test_shell"):
        yield


def shown(address: str = "/", user: Any = MARTA, **cookies: str) -> Shell:
    request = RequestFactory().get(address)
    request.user = user
    request.COOKIES.update(cookies)
    return Shell(request)


def test_entries_stand_in_the_order_of_the_phases_and_lead_somewhere() -> None:
    shell.add_nav(NavItem("Learn", "Postmortems", "doc", "me", 1))
    shell.add_nav(NavItem("Respond", "Alerts", "bell", "alerts", 30))
    shell.add_nav(NavItem("Respond", "Incidents", "incident", "board", 20))
    shell.add_nav(NavItem("Prepare", "Runbooks", "book", "not-built-yet", 1))
    names = [(section, [link.label for link in links]) for section, links in shown().sections]
    assert names == [("Respond", ["Incidents", "Alerts"]), ("Learn", ["Postmortems"])]


def test_registering_an_address_again_replaces_the_entry() -> None:
    shell.add_nav(NavItem("Respond", "Old", "bell", "board", 1))
    shell.add_nav(NavItem("Respond", "New", "bell", "board", 1))
    assert [link.label for _, link in shown().links] == ["New"]


@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("/", ["Home"]),
        ("/incidents/", ["Incidents"]),
        ("/incidents/INC-1/", ["Incidents"]),
        ("/incidents/alerts/7/", ["Alerts"]),
        ("/elsewhere/", []),
    ],
)
def test_exactly_the_nearest_entry_is_the_current_one(address: str, current: list[str]) -> None:
    shell.add_nav(NavItem("Respond", "Home", "home", "home", 1))
    shell.add_nav(NavItem("Respond", "Incidents", "incident", "board", 2))
    shell.add_nav(NavItem("Respond", "Alerts", "bell", "alerts", 3))
    assert [link.label for _, link in shown(address).links if link.current] == current


def test_a_counter_is_asked_for_the_person_and_never_for_a_stranger() -> None:
    asked: list[Any] = []

    def count(user: Any) -> int:
        asked.append(user)
        return 3

    shell.add_nav(NavItem("Respond", "Alerts", "bell", "alerts", 1, count, bad=True))
    assert [(link.count, link.bad) for _, link in shown().links] == [(3, True)]
    assert [link.count for _, link in shown(user=NOBODY).links] == [0]
    assert asked == [MARTA]


@pytest.mark.django_db
def test_rows_of_several_entries_are_counted_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    cast.alice()
    cast.bob()
    people = User.objects.filter(email__startswith="b")
    shell.add_nav(NavItem("Respond", "People", "users", "alerts", 1, lambda _: people))
    shell.add_nav(NavItem("Learn", "Everybody", "users", "board", 1, lambda _: User.objects.all()))
    shell.set_mood(Mood.INCIDENT, lambda _: User.objects.none())
    with django_assert_num_queries(1):
        found = shown()
        assert [link.count for _, link in found.links] == [1, 2]
        assert found.mood is Mood.CALM


def test_a_fault_in_a_counter_costs_the_number_and_not_the_page(caplog: pytest.LogCaptureFixture) -> None:
    def broken(user: Any) -> int:
        raise RuntimeError("no database")

    shell.add_nav(NavItem("Respond", "Alerts", "bell", "alerts", 1, broken))
    shell.set_duty(broken)  # type: ignore[arg-type]
    assert [link.count for _, link in shown().links] == [0]
    assert shown().duty is None
    assert "the shell could not ask" in caplog.text


def test_the_phones_bar_holds_four_entries_beside_more() -> None:
    for place, name in enumerate(("home", "board", "alerts", "me")):
        shell.add_nav(NavItem("Respond", name, "bell", name, place, tab=True))
    assert [link.label for link in shown().tabs] == ["home", "board", "alerts", "me"]


def test_a_menu_entry_may_be_for_some_people_only() -> None:
    shell.add_menu(MenuItem("Profile", "user", "me", 1))
    shell.add_menu(MenuItem("Settings", "gear", "board", 2, allowed=lambda user: user.name == "Lena"))
    assert [link.label for link in shown().menu] == ["Profile"]


def test_the_watch_and_the_action_at_hand() -> None:
    assert shown().duty is None
    assert shown().action is None
    shell.set_duty(lambda user: Duty(f"You are on call, {user.name}", "until Mon 09:00"))
    shell.set_action(Action("Declare incident", "plus", "board", "d"))
    duty, action = shown().duty, shown().action
    assert duty == Duty("You are on call, Marta", "until Mon 09:00")
    assert action is not None
    assert (action.url, action.key) == ("/incidents/", "d")
    assert shown(user=NOBODY).duty is None


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("", "system"), ('x"y', "system")]
)
def test_the_theme_is_one_of_three(cookie: str, theme: str) -> None:
    assert shown(theme=cookie).theme == theme


def test_without_a_user_the_shell_is_a_strangers() -> None:
    request = RequestFactory().get("/")
    assert Shell(request).person is None
    assert Shell(request).menu == []


def test_an_entry_is_marked_on_addresses_that_stand_under_it() -> None:
    shell.add_nav(NavItem("Respond", "Incidents", "incident", "board", 20, also=("me", "not-built-yet")))
    assert [link.current for _, link in shown("/me/").links] == [True]
    assert [link.current for _, link in shown("/").links] == [False]


def test_the_tab_shows_the_worst_that_holds() -> None:
    holding: set[Mood] = set()
    for mood in (Mood.INCIDENT, Mood.PAGING):
        shell.set_mood(mood, lambda _user, mood=mood: mood in holding)  # type: ignore[misc]
    assert shown().mood is Mood.CALM
    holding.add(Mood.INCIDENT)
    assert shown().mood is Mood.INCIDENT
    holding.add(Mood.PAGING)
    assert shown().mood is Mood.PAGING
    assert shown(user=NOBODY).mood is Mood.CALM


def test_a_fault_in_asking_leaves_the_tab_calm() -> None:
    def fail(_user: Any) -> bool:
        raise RuntimeError

    shell.set_mood(Mood.PAGING, fail)
    assert shown().mood is Mood.CALM
