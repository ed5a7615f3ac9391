"""Weeks on call for whoever plans other work, and the numbers of the first page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from config.home import queries as home
from oncall.load import queries
from oncall.load.rules import weeks
from tests import cast
from tests.oncall.load.test_load import made_in_january, paged, table

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
TEAM = "/teams/payments/load/weeks/"
FEBRUARY = "?from=2027-02-01&to=2027-03-31"


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2026-11-22", "2026-11-22", ["2026-11"]),
        ("2026-12-31", "2027-02-01", ["2026-12", "2027-01", "2027-02"]),
        ("2027-01-31", "2027-02-28", ["2027-01", "2027-02"]),
    ],
)
def test_the_months_of_a_period(first: str, last: str, found: list[str]) -> None:
    months = weeks.months(date.fromisoformat(first), date.fromisoformat(last))
    assert [f"{month:%Y-%m}" for month in months] == found


def test_planning_reads_weeks_ahead_as_page_and_file(alice: User, bob: User, mona: User) -> None:
    """R150: what the API says of what is planned stands on a page and in a file too."""
    made_in_january(cast.weekly(alice, bob))
    client = cast.sign_in(Client(), mona)
    page = client.get(TEAM + FEBRUARY).content.decode()
    assert "Feb 2027" in page
    assert f'href="/teams/payments/load/weeks.csv{FEBRUARY.replace("&", "&amp;")}"' in page
    lines = table(client, f"/teams/payments/load/weeks.csv{FEBRUARY}")
    rows = cast.caller(mona).get(f"/api/v1/on-call/weeks/{FEBRUARY}&team=payments").json()
    assert [(line["user"], line["month"], float(line["weeks"])) for line in lines] == [
        (row["user"], row["month"], row["weeks"]) for row in rows
    ]
    assert [line["person"] for line in lines] == sorted(line["person"] for line in lines)
    own = table(cast.sign_in(Client(), alice), f"/me/load/weeks.csv{FEBRUARY}")
    assert own == [line for line in lines if line["person"] == "Alice Example"]


def test_without_a_period_it_is_this_month_and_the_next_two(alice: User, mona: User) -> None:
    made_in_january(cast.always(alice))
    lines = table(cast.sign_in(Client(), mona), "/teams/payments/load/weeks.csv")
    today = timezone.localdate()
    assert lines[0]["month"] == f"{today:%Y-%m}"
    assert len(lines) == 3


def test_a_period_that_makes_no_sense_is_refused_in_words(mona: User) -> None:
    answer = cast.sign_in(Client(), mona).get(f"{TEAM}?from=2027-02-01&to=2026-01-01")
    assert answer.status_code == 422
    assert "This month and the next two are shown." in answer.content.decode()


def test_only_who_manages_the_team_reads_it(alice: User, mona: User, ada: User) -> None:
    for user, wanted in ((mona, 200), (ada, 200), (alice, 403), (cast.mallory(), 403)):
        client = cast.sign_in(Client(), user)
        assert client.get(TEAM).status_code == wanted
        assert client.get("/teams/payments/load/weeks.csv").status_code == wanted


def test_the_first_page_counts_as_my_load_does(alice: User) -> None:
    """Asked again about the same thing in a night is one page there as well, and a game day is none."""
    now = timezone.now()
    night = datetime.combine(now.date(), datetime.min.time()) - timedelta(days=3)
    times = [f"{night + timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (1, 2, 3)]
    paged(alice, cast.alert(), *times)
    paged(alice, cast.alert("Another"), times[1])
    paged(alice, cast.incident(by=alice, private=True), times[2])
    paged(alice, cast.incident("Drill", drill=True), times[2])
    counted = home.load(alice, now=now)
    today = timezone.localdate()
    (load,) = queries.loads([alice], today - timedelta(days=55), today, viewer=alice, now=now)
    assert (counted.pages, counted.nights) == (load.pages.total, load.pages.at_night) == (3, 3)
    assert counted.tonight == 0


def test_the_first_page_counts_what_came_in_the_last_night(alice: User) -> None:
    at = datetime.fromisoformat("2026-11-20T03:00+00:00")
    paged(alice, cast.alert(), "2026-11-20T01:00", "2026-11-20T02:00", "2026-11-19T03:00")
    assert home.load(alice, now=at) == home.Load(pages=2, nights=2, tonight=1)
