"""J07 and J08 replayed through the product: schedules made and read by its API, one test per clause of each story.

The clauses of the stories, and of what must hold of every schedule, are listed in `test_promises.py`.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests import cast

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
API = "/api/v1/schedules/"
ZONE = "America/New_York"
NEW_YORK = ZoneInfo(ZONE)
NAMES = ("Alice", "Bob", "Charlie", "Dana", "Eve", "Frank")
WEEK, DAY, HOUR = timedelta(weeks=1), timedelta(days=1), timedelta(hours=1)
FIRST = datetime(2027, 1, 4, 10, tzinfo=NEW_YORK)
YEAR = (datetime(2027, 1, 4, 15, tzinfo=UTC), datetime(2028, 1, 3, 15, tzinfo=UTC))
Pair = tuple[str, str]


def mondays(count: int) -> list[datetime]:
    """Each Monday at 10:00 of New York."""
    return [(FIRST + number * WEEK).astimezone(UTC) for number in range(count)]


class Six:
    """Six people, a week each from Monday 10:00, with the secondary three weeks behind."""

    def __init__(self) -> None:
        self.people = {name: cast.person(name) for name in NAMES}
        self.names = {str(user.pk): name for name, user in self.people.items()}
        self.api = cast.caller(cast.person("Root", role="admin"))
        self.made("primary", layers=[weekly("Primary", *self.people.values())])
        self.made("secondary", layers=[], stands_behind="primary", offset=3)

    def made(self, slug: str, **given: Any) -> None:
        told = {"slug": slug, "name": slug.title(), "time_zone": ZONE, **given}
        answer = self.api.post(API, told, format="json")
        assert answer.status_code == 201, answer.content

    def duty(self, at: datetime) -> Pair:
        """Who is primary and who is secondary, as somebody asks who is on call."""
        return self._one("primary", at), self._one("secondary", at)

    def _one(self, schedule: str, at: datetime) -> str:
        (user,) = self.api.get(f"{API}{schedule}/on-call/", {"at": at.isoformat()}).json()["users"]
        return self.names[user]

    def shifts(self, schedule: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime, str]]:
        return [
            (begin, finish, self.names[user])
            for begin, finish, (user,), _ in shifts(self.api, schedule, start, end)
        ]


def weekly(name: str, *people: User) -> dict[str, Any]:
    return {
        "name": name,
        "start": FIRST.astimezone(UTC).isoformat(),
        "handoff": {"every": 1, "unit": "week", "at": "10:00", "weekday": "monday"},
        "participants": [str(user.pk) for user in people],
    }


def shifts(
    api: APIClient, schedule: str, start: datetime, end: datetime
) -> list[tuple[datetime, datetime, tuple[str, ...], str]]:
    asked = {"from": start.isoformat(), "to": end.isoformat()}
    return [
        (datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"]), tuple(row["users"]), row["layer"])
        for row in api.get(f"{API}{schedule}/shifts/", asked).json()
    ]  # fmt: skip


@pytest.fixture
def six(db: None) -> Six:
    return Six()


def test_j07_a_the_pairs_are_a_with_d_to_f_with_c(six: Six) -> None:
    assert [six.duty(monday) for monday in mondays(6)] == [
        ("Alice", "Dana"), ("Bob", "Eve"), ("Charlie", "Frank"), ("Dana", "Alice"), ("Eve", "Bob"), ("Frank", "Charlie")
    ]  # fmt: skip


def test_j07_b_week_seven_is_week_one(six: Six) -> None:
    first, seventh = mondays(7)[0], mondays(7)[6]
    assert six.duty(seventh) == six.duty(first) == ("Alice", "Dana")


def test_j07_c_nobody_is_primary_and_secondary_at_once(six: Six) -> None:
    primary, secondary = (six.shifts(schedule, *YEAR) for schedule in ("primary", "secondary"))
    assert [(begin, end) for begin, end, _ in primary] == [(begin, end) for begin, end, _ in secondary]
    assert len(primary) == 52
    assert all(one[2] != other[2] for one, other in zip(primary, secondary, strict=True))


def test_j07_d_at_0959_it_is_the_old_pair_and_at_1000_the_new_one(six: Six) -> None:
    second = mondays(2)[1]
    assert six.duty(second - timedelta(minutes=1)) == ("Alice", "Dana")
    assert six.duty(second) == ("Bob", "Eve")


def test_j07_e_the_hand_off_keeps_its_wall_time_over_both_changes_of_the_clock(six: Six) -> None:
    for schedule in ("primary", "secondary"):
        found = six.shifts(schedule, *YEAR)
        assert {f"{begin.astimezone(NEW_YORK):%a %H:%M}" for begin, _, _ in found} == {"Mon 10:00"}
        lengths = [end - begin for begin, end, _ in found]
        assert Counter(lengths) == {WEEK: 50, WEEK - HOUR: 1, WEEK + HOUR: 1}


def test_j07_f_each_person_is_on_duty_two_weeks_of_six(six: Six) -> None:
    weeks = Counter(name for monday in mondays(6) for name in six.duty(monday))
    assert weeks == dict.fromkeys(NAMES, 2)


@pytest.mark.parametrize(("count", "grave"), [(4, [True]), (5, [False]), (6, [])])
def test_j07_g_four_people_warn_and_five_warn_and_six_do_not(six: Six, count: int, grave: list[bool]) -> None:
    people = list(six.people.values())[:count]
    layer = weekly("Few", *people) | {"start": "2026-01-05T15:00:00Z"}
    six.made("few", layers=[layer])
    rows = six.api.get("/api/v1/on-call/ahead/", {"schedule": "few"}).json()
    assert [row["grave"] for row in rows if row["kind"] == "too_few_people"] == grave


class Sun:
    """Three regions in their own hours. Where two are at work, the one named later has it."""

    def __init__(self) -> None:
        self.api = cast.caller(cast.person("Root", role="admin"))
        regions = (("US", ZONE, "10:00", "20:00"), ("Europe", "Europe/Berlin", "09:00", "17:00"),
                   ("Asia", "Asia/Tokyo", "09:00", "17:00"))  # fmt: skip
        layers = [
            {
                "name": name,
                "time_zone": zone,
                "start": "2026-01-05T00:00:00Z",
                "handoff": {"every": 1, "unit": "week", "at": opens, "weekday": "monday"},
                "participants": [str(cast.person(f"{name} {number}").pk) for number in range(2)],
                "restrictions": [{"weekday": None, "from": opens, "to": closes}],
            }
            for name, zone, opens, closes in regions
        ]
        told = {"slug": "sun", "name": "Sun", "time_zone": "UTC", "layers": layers}
        answer = self.api.post(API, told, format="json")
        assert answer.status_code == 201, answer.content

    def day(self, text: str) -> list[tuple[float, str]]:
        midnight = datetime.fromisoformat(text).replace(tzinfo=UTC)
        found = shifts(self.api, "sun", midnight, midnight + DAY)
        return [((begin - midnight) / HOUR, layer) for begin, _, _, layer in found]


@pytest.fixture
def sun(db: None) -> Sun:
    return Sun()


def test_j08_a_the_year_is_covered_without_a_gap(sun: Sun) -> None:
    found = shifts(sun.api, "sun", *YEAR)
    assert (found[0][0], found[-1][1]) == YEAR
    assert all(earlier[1] == later[0] for earlier, later in pairwise(found))
    assert {len(users) for _, _, users, _ in found} == {1}


def test_j08_b_two_regions_are_never_on_call_at_once_and_the_later_one_has_their_overlap(sun: Sun) -> None:
    # In winter New York begins at 15:00 UTC and Berlin ends at 16:00: the hour is Berlin's, and nobody has it twice.
    assert sun.day("2027-01-14") == [(0, "Asia"), (8, "Europe"), (16, "US")]
    found = shifts(sun.api, "sun", *YEAR)
    assert {layer for _, _, _, layer in found} == {"US", "Europe", "Asia"}


@pytest.mark.parametrize(
    ("day", "europe_ends"),
    [
        ("2027-03-14", 16),  # New York's clock goes forward, Berlin's does not
        ("2027-03-20", 16),  # between the two changes of spring
        ("2027-03-28", 15),  # Berlin's clock goes forward
        ("2027-10-31", 16),  # Berlin's clock goes back, New York's does not
        ("2027-11-03", 16),  # between the two changes of autumn
        ("2027-11-07", 16),  # New York's clock goes back
    ],
)
def test_j08_c_days_on_which_one_region_alone_changes_its_clock_are_covered_once(
    sun: Sun, day: str, europe_ends: int
) -> None:
    assert sun.day(day) == [(0, "Asia"), (8, "Europe"), (europe_ends, "US")]


def test_j08_d_nobody_works_at_night(sun: Sun) -> None:
    zones = {"US": NEW_YORK, "Europe": ZoneInfo("Europe/Berlin"), "Asia": ZoneInfo("Asia/Tokyo")}
    for begin, end, _, layer in shifts(sun.api, "sun", *YEAR):
        first, last = begin.astimezone(zones[layer]), (end - timedelta(seconds=1)).astimezone(zones[layer])
        assert (first.hour >= 9, last.hour < 20, first.date()) == (True, True, last.date())
