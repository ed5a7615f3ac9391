from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from incidents.board import registry
from incidents.lifecycle import operations, queries
from incidents.lifecycle.models import Incident
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def text(client: Client, path: str, user: User) -> str:
    client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def titles(user: User, which: str = "active", search: str = "") -> list[str]:
    board = queries.board(user, at=timezone.now(), which=which, search=search)
    return [strip.incident.title for strip in board.strips]


def back_date(incident: Incident, **minutes: float) -> None:
    at = timezone.now()
    Incident.objects.filter(pk=incident.pk).update(
        **{name: at - timedelta(minutes=ago) for name, ago in minutes.items()}
    )


def test_strips_come_worst_first_then_most_overdue_then_oldest() -> None:
    alice = cast.alice()
    late = cast.incident("late", severity="SEV3")
    later = cast.incident("later", severity="SEV3")
    old = cast.incident("old", severity="SEV3")
    cast.incident("new", severity="SEV3")
    cast.incident("worst", severity="SEV1")
    back_date(late, next_update_due_at=3)
    back_date(later, next_update_due_at=9)
    back_date(old, declared_at=500)
    assert titles(alice) == ["worst", "later", "late", "old", "new"]


def test_tabs_show_what_they_say() -> None:
    alice, bob = cast.alice(), cast.bob()
    cast.incident("Alices", by=alice)
    cast.incident("Bobs", by=bob)
    cast.incident("Practice", by=alice, drill=True)
    operations.resolve(cast.incident("Over", by=alice), actor=alice)
    board = queries.board(alice, at=timezone.now())
    assert (board.active, board.mine, board.drills) == (2, 1, 1)
    assert titles(alice) == ["Alices", "Bobs"]
    assert titles(alice, "mine") == ["Alices"]
    assert titles(alice, "drills") == ["Practice"]
    assert [row.title for row in queries.board(alice, at=timezone.now(), which="resolved").ended] == ["Over"]


def test_the_search_finds_title_service_and_number() -> None:
    alice = cast.alice()
    cast.incident("Checkout fails", by=alice, services=[cast.service("Payments API")])
    found = cast.incident("Login slow", by=alice)
    assert titles(alice, search="checkout") == ["Checkout fails"]
    assert titles(alice, search="payments fails") == ["Checkout fails"]
    assert titles(alice, search=str(found)) == ["Login slow"]
    assert titles(alice, search="nothing") == []


def test_a_private_incident_leaves_no_trace_on_the_board(client: Client) -> None:
    mallory = cast.mallory()
    cast.incident("Checkout fails")
    before = text(client, "/incidents/", mallory)
    incident = cast.incident("Payroll data was copied", private=True)
    operations.resolve(cast.incident("Payroll again", private=True), actor=cast.bob())
    after = text(client, "/incidents/", mallory)
    assert "Payroll" not in after
    assert str(incident) not in after
    assert '<span class="n">1</span>' in before
    assert '<span class="n">1</span>' in after
    assert '<span class="n">2</span>' not in after
    assert "Payroll" not in text(client, "/incidents/?q=payroll&show=resolved", mallory)


def test_an_overdue_update_says_so_in_words(client: Client) -> None:
    incident = cast.incident(severity="SEV1")
    back_date(incident, next_update_due_at=3)
    page = text(client, "/incidents/", cast.bob())
    assert 'class="due is-late"' in page
    assert "Update overdue" in page
    assert "<b>1 update overdue.</b>" in page


def test_the_empty_board_says_what_to_do(client: Client) -> None:
    page = text(client, "/incidents/", cast.alice())
    assert "No open incidents" in page
    assert 'href="/incidents/declare/"' in page
    assert "Declare" not in text(client, "/incidents/", cast.vera()).split('<main class="page"')[1].split(
        "</main>"
    )[0].replace("declare it here", "").replace("declare; you", "")


@pytest.mark.parametrize("which", ["active", "mine", "resolved", "drills", "nonsense"])
def test_many_incidents_cost_as_much_as_one(
    client: Client, django_assert_max_num_queries: Callable[..., Any], which: str
) -> None:
    alice, bob = cast.alice(), cast.bob()
    for n in range(15):
        incident = cast.incident(f"Incident {n}", by=alice, services=[cast.service(f"Service {n % 4}")])
        operations.assign_role(incident, role_slug="scribe", user=bob, actor=alice)
        if n % 3 == 0:
            operations.resolve(incident, actor=alice)
    client.force_login(alice)
    client.get("/incidents/")
    with django_assert_max_num_queries(12):
        client.get(f"/incidents/-/board/?show={which}")


def test_what_was_learned_stands_beside_what_is_over(client: Client) -> None:
    alice = cast.alice()
    incident = operations.resolve(cast.incident(by=alice), actor=alice)
    before = list(registry._find)
    registry.set_learning(
        lambda _user, _ids: {incident.pk: registry.Learning("Draft, due", "warn", "/pm/1/")}
    )
    try:
        page = text(client, "/incidents/", alice)
    finally:
        registry._find[:] = before
    assert '<a class="tag tag-warn" href="/pm/1/">Draft, due</a>' in page


def test_command_is_taken_from_the_board(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = cast.incident(by=alice)
    operations.release_role(incident, role_slug="commander", user=alice, actor=alice)
    page = text(client, "/incidents/", bob)
    assert "Take command" in page
    path = f"/incidents/{incident}/take-command/"
    assert client.get(path).status_code == 405
    answer = client.post(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/incidents/{incident}/")
    assert incident.roles.get(ended_at=None).user == bob


@pytest.mark.parametrize("who", ["vera", "mallory"])
def test_command_is_not_taken_by_outsiders(client: Client, who: str) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, private=True)
    operations.release_role(incident, role_slug="commander", user=alice, actor=alice)
    client.force_login(getattr(cast, who)())
    assert client.post(f"/incidents/{incident}/take-command/").status_code in {403, 404}
    assert not incident.roles.filter(ended_at=None).exists()


# Declaring


def test_one_field_declares(client: Client) -> None:
    alice = cast.alice()
    client.force_login(alice)
    answer = client.post("/incidents/declare/", {"title": "Checkout fails"})
    incident = Incident.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/incidents/{incident}/")
    assert (incident.title, incident.severity.label, incident.declared_by) == (
        "Checkout fails",
        "SEV2",
        alice,
    )


def test_everything_on_the_form_arrives(client: Client) -> None:
    alice, service = cast.person("Alice", zone="Europe/Berlin"), cast.service()
    client.force_login(alice)
    began = timezone.localtime(timezone.now() - timedelta(hours=1), timezone.get_fixed_timezone(60))
    form = {
        "title": "Checkout fails",
        "q1": "yes",
        "severity": "",
        "services": [service.pk],
        "private": "on",
        "summary": "Cards fail",
        "blast_radius": "EU",
        "recent_changes": "v2.3.4",
        "who_else": "Support",
        "started_at": f"{began:%Y-%m-%dT%H:%M}",
    }
    client.post("/incidents/declare/", form)
    incident = Incident.objects.get()
    assert (incident.severity.label, incident.private, list(incident.services.all())) == (
        "SEV1",
        True,
        [service],
    )
    assert (incident.summary, incident.blast_radius, incident.recent_changes, incident.who_else) == (
        "Cards fail",
        "EU",
        "v2.3.4",
        "Support",
    )
    assert incident.started_at is not None
    assert timedelta(minutes=59) < timezone.now() - incident.started_at < timedelta(minutes=62)


@pytest.mark.parametrize(
    ("form", "label"),
    [
        ({"q1": "no", "q2": "yes", "q3": "yes"}, "SEV2"),
        ({"q1": "no", "q2": "yes", "q3": "no"}, "SEV1"),
        ({"q1": "no", "q2": "no", "q4": "no"}, "SEV4"),
        ({"q1": "yes", "severity": "sev3"}, "SEV3"),
        ({"percent": "51"}, "SEV1"),
        ({"percent": "9.9"}, "SEV3"),
        ({"critical_down": "on"}, "SEV2"),
        ({"q1": "no"}, "SEV2"),
    ],
)
def test_answers_and_numbers_lead_to_a_level_and_a_direct_choice_wins(
    client: Client, form: dict[str, str], label: str
) -> None:
    client.force_login(cast.alice())
    client.post("/incidents/declare/", {"title": "x", **form})
    assert Incident.objects.get().severity.label == label


def test_a_form_without_a_title_keeps_what_was_chosen(client: Client) -> None:
    service = cast.service()
    client.force_login(cast.alice())
    form = {"title": "", "severity": "sev1", "services": [service.pk], "summary": "Cards fail", "drill": "on"}
    answer = client.post("/incidents/declare/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say what is going wrong for people" in page
    assert 'value="sev1" checked' in page
    assert f'value="{service.pk}" checked' in page
    assert 'name="drill" checked' in page
    assert "Cards fail" in page
    assert not Incident.objects.exists()
    assert client.post("/incidents/declare/").status_code == 422


def test_the_same_form_twice_declares_once(client: Client) -> None:
    client.force_login(cast.alice())
    page = client.get("/incidents/declare/").content.decode()
    key = page.split('name="key" value="')[1].split('"')[0]
    answers = [client.post("/incidents/declare/", {"title": "x", "key": key}) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Incident.objects.count() == 1


def test_the_consequences_follow_the_choice(client: Client) -> None:
    client.force_login(cast.alice())
    path = "/incidents/declare/-/consequences/"
    worst = client.get(f"{path}?q1=yes").content.decode()
    assert "Declare SEV1 and page" in worst
    assert "A 15 min update timer starts" in worst
    assert "tech lead, communications, scribe" in worst
    low = client.get(f"{path}?severity=sev4").content.decode()
    assert "Nobody is woken: SEV4 does not page" in low
    assert "No update timer" in low
    drill = client.get(f"{path}?q1=yes&drill=on").content.decode()
    assert "Declare a SEV1 drill" in drill
    assert "Nobody is paged and customers see nothing" in drill


def test_what_is_open_on_the_service_is_offered_first(client: Client) -> None:
    service = cast.service()
    incident = cast.incident("Checkout fails", services=[service])
    cast.incident("Payroll", services=[service], private=True)
    client.force_login(cast.bob())
    page = client.get(f"/incidents/declare/?services={service.pk}").content.decode()
    assert f'href="/incidents/{incident}/"' in page
    assert "Payroll" not in page


def test_the_first_to_be_paged_is_named(client: Client) -> None:
    before = list(registry._paged)
    registry.set_first_paged(lambda _user, _services: ["Marta Okafor"])
    try:
        client.force_login(cast.alice())
        page = client.get("/incidents/declare/?q1=yes").content.decode()
    finally:
        registry._paged[:] = before
    assert "Declare SEV1 and page Marta Okafor" in page
    assert "<b>Marta Okafor</b> is paged now" in page


def test_who_only_reads_declares_nothing(client: Client) -> None:
    client.force_login(cast.vera())
    assert client.get("/incidents/declare/").status_code == 403
    assert client.post("/incidents/declare/", {"title": "x"}).status_code == 403
    client.logout()
    assert client.post("/incidents/declare/", {"title": "x"}).status_code == 302
    assert not Incident.objects.exists()


@pytest.fixture(autouse=True)
def _no_other_app_pages() -> Iterator[None]:
    """What on-call says of who is paged first is its own story."""
    before = list(registry._paged)
    registry._paged.clear()
    yield
    registry._paged[:] = before


def test_the_wall_shows_what_is_open_and_nothing_private_even_to_a_member(client: Client) -> None:
    alice = cast.alice()
    cast.incident("Login fails", by=alice, severity="SEV1")
    cast.incident("Practice", by=alice, drill=True)
    cast.incident("Stolen laptop", by=alice, private=True)
    for path in ("/incidents/wall/", "/incidents/-/wall/"):
        shown = text(client, path, alice)
        assert "Login fails" in shown
        assert "Practice" not in shown
        assert "Stolen laptop" not in shown


def test_a_quiet_wall_says_so_and_what_was_last(client: Client) -> None:
    alice = cast.alice()
    assert "No incident is open." in text(client, "/incidents/wall/", alice)
    operations.resolve(cast.incident("Login failed", by=alice), actor=alice)
    cast.incident("Stolen laptop", by=alice, private=True)
    shown = text(client, "/incidents/wall/", alice)
    assert "The last one, Login failed, was over" in shown
    assert "Stolen laptop" not in shown


def test_the_wall_asks_as_much_for_many_as_for_one(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice = cast.alice()
    for number in range(6):
        cast.incident(f"No {number}", by=alice)
    client.force_login(alice)
    with django_assert_max_num_queries(14):
        client.get("/incidents/wall/")
