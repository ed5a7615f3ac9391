"""J07 and J08: a rotation of six with a secondary three weeks behind, and three regions that follow the sun."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from oncall.schedules.rules.layers import Handoff, Layer, Restriction, Unit
from oncall.schedules.rules.resolver import at, final, layer_shifts

ALICE, BOB, CHARLIE, DANA, EVE, FRANK = range(1, 7)
DAY, WEEK, TICK = timedelta(days=1), timedelta(weeks=1), timedelta(microseconds=1)
PRIMARY = (ALICE, BOB, CHARLIE, DANA, EVE, FRANK)
SECONDARY = (DANA, EVE, FRANK, ALICE, BOB, CHARLIE)


def six(people: tuple[int, ...], zone: str) -> Layer:
    monday = datetime(2026, 1, 5, 10, tzinfo=ZoneInfo(zone))
    weekly = Handoff(1, Unit.WEEK, time(10), 0)
    return Layer("Six weeks", zone, monday, monday, None, weekly, tuple((person,) for person in people))


def mondays(zone: str, count: int) -> list[datetime]:
    """Each Monday at 10:00 as the wall clock has it."""
    first = date(2026, 1, 5)
    days = (first + number * WEEK for number in range(count))
    return [datetime.combine(day, time(10), ZoneInfo(zone)).astimezone(UTC) for day in days]


def duty(moment: datetime, zone: str = "America/New_York") -> tuple[int, int]:
    """Who is primary and who is secondary."""
    (primary,) = at([six(PRIMARY, zone)], [], moment).users
    (secondary,) = at([six(SECONDARY, zone)], [], moment).users
    return primary, secondary


def test_j07_the_pairs_are_a_with_d_to_f_with_c() -> None:
    assert [duty(monday) for monday in mondays("America/New_York", 6)] == [
        (ALICE, DANA), (BOB, EVE), (CHARLIE, FRANK), (DANA, ALICE), (EVE, BOB), (FRANK, CHARLIE)
    ]  # fmt: skip


def test_j07_week_seven_is_week_one() -> None:
    weeks = mondays("America/New_York", 12)
    assert [duty(monday) for monday in weeks[6:]] == [duty(monday) for monday in weeks[:6]]


def test_j07_nobody_is_primary_and_secondary_at_once() -> None:
    for monday in mondays("America/New_York", 53):
        for moment in (monday, monday + 3 * DAY, monday + WEEK - TICK):
            primary, secondary = duty(moment)
            assert primary != secondary


def test_j07_at_0959_it_is_still_the_old_pair_and_at_1000_the_new_one() -> None:
    for old, new in pairwise(mondays("America/New_York", 53)):
        assert duty(new - timedelta(minutes=1)) == duty(new - TICK) == duty(old)
        assert duty(new) != duty(old)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Sydney"])
@pytest.mark.parametrize("people", [PRIMARY, SECONDARY], ids=["primary", "secondary"])
def test_j07_the_handoff_keeps_its_wall_time_over_both_changes_of_the_clock(
    zone: str, people: tuple[int, ...]
) -> None:
    shifts = layer_shifts(
        six(people, zone), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert [piece.start for piece in shifts] == mondays(zone, 52)
    assert {f"{piece.start.astimezone(ZoneInfo(zone)):%a %H:%M}" for piece in shifts} == {"Mon 10:00"}
    assert Counter(piece.end - piece.start for piece in shifts[:-1]) == {
        WEEK: 49, WEEK - timedelta(hours=1): 1, WEEK + timedelta(hours=1): 1
    }  # fmt: skip


def test_j07_each_person_is_on_duty_two_weeks_of_six() -> None:
    weeks = Counter(person for monday in mondays("America/New_York", 6) for person in duty(monday))
    assert weeks == dict.fromkeys(PRIMARY, 2)


# Follow the sun. Where two regions are at work the one that is named later has it, so the hour by which they overlap in
# one half of the year is the reserve for the other half; nobody works before 09:00 or after 20:00.


def region(name: str, zone: str, opens: int, closes: int, *people: int) -> Layer:
    start = datetime(2026, 1, 5, opens, tzinfo=ZoneInfo(zone))
    weekly = Handoff(1, Unit.WEEK, time(opens), 0)
    return Layer(
        name=name,
        time_zone=zone,
        start=start - WEEK,
        effective_from=start - WEEK,
        effective_until=None,
        handoff=weekly,
        participants=tuple((person,) for person in people),
        restrictions=(Restriction(None, time(opens), time(closes)),),
    )


REGIONS = (
    region("US", "America/New_York", 10, 20, 11, 12),
    region("Europe", "Europe/Berlin", 9, 17, 21, 22),
    region("Asia", "Asia/Tokyo", 9, 17, 31, 32),
)


@pytest.mark.parametrize(
    ("day", "europe_ends"),
    [
        ("2026-01-15", 16),  # winter in both
        ("2026-03-08", 16),  # New York's clock goes forward, Berlin's does not
        ("2026-03-20", 16),  # between the two changes of spring
        ("2026-03-29", 15),  # Berlin's clock goes forward, New York's has
        ("2026-07-15", 15),  # summer in both
        ("2026-10-25", 16),  # Berlin's clock goes back, New York's does not
        ("2026-10-28", 16),  # between the two changes of autumn
        ("2026-11-01", 16),  # New York's clock goes back, Berlin's has
    ],
)
def test_j08_a_day_is_covered_once_also_when_one_region_alone_changes_its_clock(
    day: str, europe_ends: int
) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    slices = final(REGIONS, [], midnight, midnight + DAY)
    hours = [((piece.start - midnight) / timedelta(hours=1), piece.layer) for piece in slices]
    assert hours == [(0, "Asia"), (8, "Europe"), (europe_ends, "US")]


def test_j08_the_whole_year_has_no_gap_and_never_two_regions() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    slices = final(REGIONS, [], begin, begin + 365 * DAY)
    assert {len(piece.users) for piece in slices} == {1}
    assert sum((piece.end - piece.start for piece in slices), timedelta()) == 365 * DAY


def test_j08_nobody_works_at_night() -> None:
    zones = {layer.name: ZoneInfo(layer.time_zone) for layer in REGIONS}
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for piece in final(REGIONS, [], begin, begin + 365 * DAY):
        assert piece.layer is not None
        first, last = (moment.astimezone(zones[piece.layer]) for moment in (piece.start, piece.end - TICK))
        assert time(9) <= first.time() <= last.time() < time(20)
        assert first.date() == last.date()


def test_j08_hours_without_a_reserve_leave_a_gap_in_summer() -> None:
    us, europe, asia = REGIONS
    short = replace(us, restrictions=(Restriction(None, time(11), time(19)),))
    midnight = datetime(2026, 7, 15, tzinfo=UTC)
    gaps = [piece for piece in final((short, europe, asia), [], midnight, midnight + DAY) if not piece.users]
    assert [(piece.start.hour, piece.end - piece.start) for piece in gaps] == [(23, timedelta(hours=1))]
