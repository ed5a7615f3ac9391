"""Who had what, and who may know it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from core.accounts.models import Membership, User
from core.people.directory import operations as directory
from incidents.lifecycle import operations as lifecycle
from oncall.absences import operations as absences
from oncall.load import queries
from oncall.load.rules.hours import Kind
from oncall.models import Page, Schedule
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_django import DjangoAssertNumQueries

    from incidents.models import Incident
    from oncall.models import Alert

pytestmark = pytest.mark.django_db
MINE, TEAM, API = "/me/load/", "/teams/payments/load/", "/api/v1/insights/load/"
OCTOBER = "?from=2026-10-01&to=2026-10-31"


def made_in_january(schedule: Schedule) -> Schedule:
    """A schedule that was there from the first of January on."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    Schedule.objects.filter(pk=schedule.pk).update(created_at=since)
    schedule.layers.update(effective_from=since)
    schedule.versions.update(effective_from=since)
    return schedule


def in_zone(user: User, zone: str) -> User:
    User.objects.filter(pk=user.pk).update(time_zone=zone)
    user.refresh_from_db()
    return user


def paged(user: User, about: Alert | Incident, *times: str) -> None:
    """Pages that went out to somebody at these times."""
    run = cast.escalation(about, None)
    for position, text in enumerate(times, Page.objects.count()):
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        page = Page.objects.create(
            escalation=run, user=user, position=position, planned_at=at, sent_at=at, status="sent"
        )
        Page.objects.filter(pk=page.pk).update(created_at=at)


def load(user: User, first: str, last: str, *, viewer: User | None = None) -> queries.Load:
    (found,) = queries.loads(
        [user], date.fromisoformat(first), date.fromisoformat(last), viewer=viewer or user, now=timezone.now()
    )
    return found


@pytest.mark.parametrize(
    ("first", "last", "elapsed"),
    [("2026-03-23", "2026-03-29", 167), ("2026-10-19", "2026-10-25", 169), ("2026-10-26", "2026-11-01", 168)],
)
def test_a_week_of_a_changed_clock_has_other_hours(alice: User, first: str, last: str, elapsed: int) -> None:
    made_in_january(cast.always(in_zone(alice, "Europe/Berlin")))
    found = load(alice, first, last)
    assert found.hours.total == timedelta(hours=elapsed)
    assert found.hours.weeks == Fraction(1)
    assert [duty.schedule.name for duty in found.duties] == ["Payments primary"]


def test_nothing_counts_before_the_schedule_was_made_or_before_it_came(alice: User) -> None:
    schedule = made_in_january(cast.always(alice))
    Schedule.objects.filter(pk=schedule.pk).update(created_at=datetime(2026, 10, 10, tzinfo=UTC))
    assert load(alice, "2026-10-01", "2026-10-31").hours.total == timedelta(days=22)
    ahead = timezone.localdate() + timedelta(days=3)
    assert load(alice, str(ahead), str(ahead)).hours.total == timedelta()


def test_a_closed_account_keeps_its_hours(alice: User, bob: User, ada: User, mona: User) -> None:
    made_in_january(cast.weekly(alice, bob))
    before = [load(user, "2026-10-01", "2026-10-31").hours for user in (alice, bob)]
    directory.deactivate(alice, actor=ada)
    assert [load(user, "2026-10-01", "2026-10-31", viewer=mona).hours for user in (alice, bob)] == before
    page = cast.sign_in(Client(), mona).get(TEAM + OCTOBER).content.decode()
    assert "Alice Example" in page
    assert "Left" in page


def test_holidays_are_those_of_where_somebody_lives(alice: User) -> None:
    made_in_january(cast.always(alice))
    assert load(alice, "2026-10-01", "2026-10-07").hours.of(Kind.HOLIDAY) == timedelta()
    absences.set_region(alice, country="DE", region="")
    found = load(alice, "2026-10-01", "2026-10-07").hours
    assert (found.of(Kind.HOLIDAY), found.holidays) == (timedelta(days=1), 1)


def test_pages_count_as_they_reached_somebody(alice: User) -> None:
    paged(alice, cast.alert(), "2026-10-06T00:40", "2026-10-06T02:47", "2026-10-06T11:00", "2026-10-06T20:00")
    paged(alice, cast.alert("Another"), "2026-10-06T03:00")
    kept: tuple[dict[str, Any], ...] = (
        {"over_limit": "passed_over"},
        {"sent_at": None, "ended_at": timezone.now()},
        {"held_until": timezone.now()},
    )
    for number, given in enumerate(kept):
        paged(alice, cast.alert(f"Held {number}"), "2026-10-07T03:00")
        Page.objects.filter(pk=Page.objects.latest("pk").pk).update(**given)
    found = load(alice, "2026-10-01", "2026-10-31").pages
    assert (found.in_hours, found.out_of_hours, found.at_night) == (1, 3, 2)
    assert found.woken == (date(2026, 10, 6),)


def test_a_game_day_and_a_test_page_count_for_nothing(alice: User) -> None:
    paged(alice, cast.incident(drill=True), "2026-10-06T11:00")
    Page.objects.create(user=alice, planned_at=timezone.now(), sent_at=timezone.now())
    assert load(alice, "2026-10-01", "2026-10-31").pages.total == 0
    assert load(alice, str(timezone.localdate()), str(timezone.localdate())).pages.total == 0


def test_a_private_incident_changes_no_number_of_who_may_not_see_it(alice: User, mona: User) -> None:
    made_in_january(cast.always(alice))
    paged(alice, cast.alert(), "2026-10-06T02:00")
    client, program = cast.sign_in(Client(), mona), cast.caller(mona)
    places = [TEAM + OCTOBER, f"{TEAM}export.csv{OCTOBER}"]
    before = [client.get(place).content for place in places]
    told = program.get(f"{API}{OCTOBER}&team=payments").json()
    secret = cast.incident("Leak", by=alice, private=True)
    paged(alice, secret, "2026-10-07T02:00", "2026-10-08T12:00")
    after = [client.get(place).content for place in places]
    assert [_plain(page) for page in after] == [_plain(page) for page in before]
    assert program.get(f"{API}{OCTOBER}&team=payments").json() == told
    assert load(alice, "2026-10-01", "2026-10-31").pages.total == 3
    lifecycle.join(secret, user=mona)
    assert load(alice, "2026-10-01", "2026-10-31", viewer=mona).pages.total == 3


def _plain(page: bytes) -> bytes:
    """A page without what differs each time it is made."""
    return page.partition(b"<main")[2].partition(b"</main")[0] or page


class TestWho:
    @pytest.fixture
    def people(self, alice: User, bob: User, mona: User, ada: User) -> dict[str, User]:
        other = cast.person("Otto", role="manager", team=cast.team("Elsewhere"))
        lead = cast.person("Lea", team=cast.team())
        Membership.objects.filter(user=lead).update(role="manager")
        viewer = cast.person("Vera", role="viewer", team=cast.team())
        Membership.objects.filter(user=viewer).update(role="manager")
        made_in_january(cast.weekly(alice, bob))
        known = (alice, bob, mona, ada, other, lead, viewer)
        return {user.get_short_name(): user for user in known}

    @pytest.mark.parametrize(
        ("who", "may"),
        [("Mona", True), ("Ada", True), ("Lea", True)]
        + [(name, False) for name in ("Alice", "Bob", "Otto", "Vera")],
    )
    def test_the_team_is_for_who_manages_it(self, people: dict[str, User], who: str, *, may: bool) -> None:
        client, program = cast.sign_in(Client(), people[who]), cast.caller(people[who])
        wanted = 200 if may else 403
        assert client.get(TEAM).status_code == wanted
        assert client.get(f"{TEAM}export.csv").status_code == wanted
        for path in (API, "/api/v1/on-call/weeks/"):
            assert program.get(f"{path}?team=payments").status_code == wanted
            assert program.get(f"{path}?team=nowhere").status_code == 400

    def test_a_stranger_is_sent_to_the_door(self) -> None:
        assert Client().get(MINE).status_code == Client().get(TEAM).status_code == 302
        assert Client().get(API).status_code == 401

    def test_each_sees_their_own(self, people: dict[str, User]) -> None:
        for user in (people["Alice"], people["Vera"]):
            page = cast.sign_in(Client(), user).get(MINE + OCTOBER).content.decode()
            (row,) = cast.caller(user).get(API + OCTOBER).json()
            assert row["name"] == str(user)
            others = [str(each) for each in people.values() if each != user]
            assert [name for name in others if name in page.partition("<main")[2]] == []

    @pytest.mark.parametrize("query", ["&ordering=-weeks", "&ordering=hours", "&sort=pages"])
    def test_people_stand_by_name_whatever_they_had(self, people: dict[str, User], query: str) -> None:
        """R312: nobody is put first for what they had, on no screen, in no answer and in no file."""
        names = sorted(str(user) for name, user in people.items() if name not in ("Ada", "Otto"))
        client = cast.sign_in(Client(), people["Mona"])
        page = client.get(TEAM + OCTOBER + query).content.decode().partition("<tbody")[2]
        rows = cast.caller(people["Mona"]).get(f"{API}{OCTOBER}&team=payments{query}").json()
        lines = table(client, f"{TEAM}export.csv{OCTOBER}{query}")
        assert [row["name"] for row in rows] == names
        assert [line["person"] for line in lines] == names
        assert sorted(names, key=page.index) == names
        assert "sort" not in page


def table(client: Client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_a_file_says_what_the_page_says_and_no_cell_is_a_formula(alice: User) -> None:
    made_in_january(cast.always(in_zone(alice, "Europe/Berlin")))
    User.objects.filter(pk=alice.pk).update(name="=cmd()")
    paged(alice, cast.alert(), "2026-10-20T02:00")
    (line,) = table(cast.sign_in(Client(), alice), f"{MINE}export.csv?from=2026-10-19&to=2026-10-25")
    assert line["person"] == "'=cmd()"
    assert (line["hours"], line["weeks"], line["weekends"]) == ("169.00", "1.00", "1")
    assert (line["hours_working"], line["hours_weekend"]) == ("40.00", "49.00")
    assert (line["pages_out_of_hours"], line["nights_woken"]) == ("1", "1")


def test_a_file_asks_for_the_password_after_a_while(mona: User) -> None:
    client = Client()
    client.force_login(mona)
    for path in (MINE, TEAM):
        assert "reauthenticate" in client.get(f"{path}export.csv")["Location"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=2026-10-02&to=2026-10-01", "ends before it begins"),
        ("?from=2024-01-01&to=2026-01-01", "at most 366 days"),
        ("?from=0001-01-01&to=0001-02-01", "Give dates from"),
        ("?from=9999-12-01&to=9999-12-31", "Give dates from"),
        ("?from=yesterday", "date"),
        ("?from=2026-10-01%00", "ate"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused_in_words(alice: User, query: str, words: str) -> None:
    answer = cast.sign_in(Client(), alice).get(MINE + query)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    refused = cast.caller(alice).get(API + query)
    assert refused.status_code == 400


def test_a_zone_that_nobody_knows_counts_as_utc(alice: User) -> None:
    made_in_january(cast.always(in_zone(alice, "Mars/Olympus")))
    assert load(alice, "2026-10-01", "2026-10-31").hours.total == timedelta(days=31)
    assert cast.sign_in(Client(), alice).get(MINE).status_code == 200


def test_weeks_by_month_are_told_ahead(alice: User, bob: User, mona: User) -> None:
    made_in_january(cast.weekly(alice, bob))
    rows = cast.caller(mona).get("/api/v1/on-call/weeks/?from=2027-02-01&to=2027-02-28&team=payments").json()
    had = {row["name"]: row["weeks"] for row in rows}
    assert sorted(had) == ["Alice Example", "Bob Example"]
    assert sum(had.values()) == pytest.approx(4)
    assert {row["month"] for row in rows} == {"2027-02"}


def test_ten_people_and_schedules_take_as_many_queries_as_one(
    alice: User, mona: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people: Sequence[User] = [alice, *(cast.person(f"P{number}", team=cast.team()) for number in range(9))]
    for number, user in enumerate(people):
        made_in_january(cast.weekly(user, alice, name=f"Schedule {number}"))
        absences.set_region(user, country="DE", region="")
    with django_assert_max_num_queries(9):
        found = queries.loads(people, date(2026, 1, 1), date(2026, 10, 31), viewer=mona, now=timezone.now())
    assert len(found) == 10


def test_the_first_page_leads_to_all_of_it(alice: User) -> None:
    assert f'href="{MINE}"' in cast.sign_in(Client(), alice).get("/").content.decode().partition("<main")[2]
