from cProfile import Profile
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.schedules.rules.layers import Handoff, Layer, Malformed, Override, Restriction, Unit
from oncall.schedules.rules.resolver import Slice, at, beside, final, layer_shifts, now

ANA, BEN, CLEO, DAN, EVE, FAY = range(1, 7)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NINE = time(9)
Places = tuple[tuple[int, ...] | None, ...]
Told = tuple[str, str, tuple[int, ...]]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def layer(
    *people: int | tuple[int, ...] | None,
    start: str = "2026-01-05T09:00",
    zone: str = "UTC",
    every: int = 1,
    unit: Unit = Unit.DAY,
    at: time = NINE,
    weekday: int | None = None,
    restrictions: tuple[Restriction, ...] = (),
    name: str = "Primary",
    effective_from: str | None = None,
    until: str | None = None,
) -> Layer:
    begins = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    return Layer(
        name=name,
        time_zone=zone,
        start=begins,
        effective_from=utc(effective_from) if effective_from else begins,
        effective_until=utc(until) if until else None,
        handoff=Handoff(every, unit, at, weekday),
        participants=tuple((each,) if isinstance(each, int) else each for each in people),
        restrictions=restrictions,
    )


def override(
    start: str,
    end: str,
    user: int | None = None,
    *,
    replaces: int | None = None,
    everybody: bool = False,
    number: int = 1,
) -> Override:
    return Override(number, utc(start), utc(end), user, replaces, number, everybody)


def told(slices: tuple[Slice, ...]) -> list[Told]:
    return [(f"{each.start:%m-%d %H:%M}", f"{each.end:%m-%d %H:%M}", each.users) for each in slices]


def answers(slices: tuple[Slice, ...]) -> list[tuple[tuple[int, ...], str | None, int | None]]:
    return [(each.users, each.layer, each.override) for each in slices]


# Hand-offs and the clock


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        ("Europe/Berlin", "2026-03-28", "02:30", "2026-03-28T01:30"),
        ("Europe/Berlin", "2026-03-29", "02:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30"),
        ("Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-30", "02:30", "2026-03-30T00:30"),
        ("Europe/Berlin", "2026-10-24", "02:30", "2026-10-24T00:30"),
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30"),
        ("Europe/Berlin", "2026-10-25", "03:00", "2026-10-25T02:00"),
        ("Europe/Berlin", "2026-10-26", "02:30", "2026-10-26T01:30"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45"),
        ("Antarctica/Troll", "2026-03-29", "02:00", "2026-03-29T02:00"),
        ("Antarctica/Troll", "2026-10-25", "02:00", "2026-10-25T00:00"),
        ("Antarctica/Casey", "2023-03-09", "01:30", "2023-03-08T14:30"),
        ("America/Havana", "2026-03-08", "00:00", "2026-03-08T05:00"),
        ("America/Havana", "2026-11-01", "00:30", "2026-11-01T04:30"),
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00"),
        ("Africa/Cairo", "2026-10-29", "23:30", "2026-10-29T20:30"),
        ("Asia/Kathmandu", "2026-03-29", "09:00", "2026-03-29T03:15"),
    ],
)
def test_a_handoff_in_a_gap_moves_forward_and_of_two_the_first_counts(
    zone: str, day: str, clock: str, expected: str
) -> None:
    rotation = layer(ANA, BEN, zone=zone, start="2020-01-01T12:00", at=time.fromisoformat(clock))
    noon = datetime.combine(date.fromisoformat(day), time(12), ZoneInfo(zone)).astimezone(UTC)
    starts = [each.start for each in layer_shifts(rotation, noon - DAY, noon + DAY)[1:]]
    handoffs = [start for start in starts if f"{start.astimezone(ZoneInfo(zone)):%Y-%m-%d}" == day]
    assert handoffs == [utc(expected)]


def test_the_day_clocks_go_forward_is_a_23_hour_shift() -> None:
    rotation = layer(ANA, BEN, start="2026-03-27T09:00", zone="Europe/Berlin")
    assert told(final([rotation], [], utc("2026-03-27T08:00"), utc("2026-03-30T07:00"))) == [
        ("03-27 08:00", "03-28 08:00", (ANA,)),
        ("03-28 08:00", "03-29 07:00", (BEN,)),
        ("03-29 07:00", "03-30 07:00", (ANA,)),
    ]


def test_the_day_clocks_go_back_is_a_25_hour_shift() -> None:
    rotation = layer(ANA, BEN, start="2026-10-23T09:00", zone="Europe/Berlin")
    assert told(final([rotation], [], utc("2026-10-23T07:00"), utc("2026-10-26T08:00"))) == [
        ("10-23 07:00", "10-24 07:00", (ANA,)),
        ("10-24 07:00", "10-25 08:00", (BEN,)),
        ("10-25 08:00", "10-26 08:00", (ANA,)),
    ]


@pytest.mark.parametrize(
    ("saturday", "bounds"),
    [
        ("2026-03-28", ["03-28 01:30", "03-29 01:30", "03-30 00:30", "03-31 00:30"]),
        ("2026-10-24", ["10-24 00:30", "10-25 00:30", "10-26 01:30", "10-27 01:30"]),
    ],
)
def test_the_worked_nights_of_the_handbook_hold(saturday: str, bounds: list[str]) -> None:
    rotation = layer(ANA, BEN, CLEO, start=f"{saturday}T02:30", zone="Europe/Berlin", at=time(2, 30))
    shifts = layer_shifts(rotation, utc(f"{saturday}T00:00"), utc(f"{saturday}T00:00") + 4 * DAY)[:3]
    assert told(shifts) == list(zip(bounds, bounds[1:], [(ANA,), (BEN,), (CLEO,)], strict=False))


def test_hourly_rotations_count_elapsed_hours_across_a_change_of_the_clock() -> None:
    rotation = layer(ANA, BEN, start="2026-10-24T09:00", zone="Europe/Berlin", every=12, unit=Unit.HOUR)
    shifts = layer_shifts(rotation, utc("2026-10-24T00:00"), utc("2026-10-26T00:00"))
    assert told(shifts) == [
        ("10-24 07:00", "10-24 19:00", (ANA,)),
        ("10-24 19:00", "10-25 07:00", (BEN,)),
        ("10-25 07:00", "10-25 19:00", (ANA,)),
        ("10-25 19:00", "10-26 00:00", (BEN,)),
    ]


def test_hourly_rotations_hand_over_on_the_clock_and_begin_with_the_first_place() -> None:
    rotation = layer(ANA, BEN, start="2026-01-05T14:37", every=8, unit=Unit.HOUR)
    assert told(layer_shifts(rotation, utc("2026-01-05T00:00"), utc("2026-01-06T09:00"))) == [
        ("01-05 14:37", "01-05 17:00", (ANA,)),
        ("01-05 17:00", "01-06 01:00", (BEN,)),
        ("01-06 01:00", "01-06 09:00", (ANA,)),
    ]


def test_a_date_that_a_zone_leaves_out_has_no_shift() -> None:
    # Apia went from 29 December 2011 straight to 31 December.
    rotation = layer(ANA, BEN, CLEO, DAN, start="2011-12-28T09:00", zone="Pacific/Apia")
    assert told(layer_shifts(rotation, utc("2011-12-28T00:00"), utc("2012-01-01T00:00"))) == [
        ("12-28 19:00", "12-29 19:00", (ANA,)),
        ("12-29 19:00", "12-30 19:00", (BEN,)),
        ("12-30 19:00", "12-31 19:00", (DAN,)),
        ("12-31 19:00", "01-01 00:00", (ANA,)),
    ]


def test_a_clock_put_back_over_midnight_does_not_give_a_turn_back() -> None:
    # Until 2011 St John's went from 00:01 back to 23:01 of the day before; the hand-off at midnight had happened.
    rotation = layer(ANA, BEN, start="2010-11-05T00:00", zone="America/St_Johns", at=time(0))
    again_saturday = utc("2010-11-07T03:00")
    assert f"{again_saturday.astimezone(ZoneInfo('America/St_Johns')):%a %H:%M}" == "Sat 23:30"
    assert at([rotation], [], utc("2010-11-07T02:30") - TICK).users == (BEN,)
    assert at([rotation], [], utc("2010-11-07T02:30")).users == (ANA,)
    assert at([rotation], [], again_saturday).users == (ANA,)
    begun_then = replace(rotation, start=again_saturday, effective_from=again_saturday)
    assert told(layer_shifts(begun_then, utc("2010-11-07T00:00"), utc("2010-11-09T00:00"))) == [
        ("11-07 03:00", "11-08 03:30", (ANA,)),
        ("11-08 03:30", "11-09 00:00", (BEN,)),
    ]


def test_a_daily_rotation_has_a_turn_on_the_leap_day() -> None:
    rotation = layer(ANA, BEN, CLEO, start="2028-02-28T09:00")
    assert told(layer_shifts(rotation, utc("2028-02-28T09:00"), utc("2028-03-02T09:00"))) == [
        ("02-28 09:00", "02-29 09:00", (ANA,)),
        ("02-29 09:00", "03-01 09:00", (BEN,)),
        ("03-01 09:00", "03-02 09:00", (CLEO,)),
    ]


@pytest.mark.parametrize(
    ("start", "every", "expected"),
    [
        ("2027-01-31T09:00", 1, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
        ("2028-01-30T09:00", 1, ["2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30", "2028-05-30"]),
        ("2027-01-29T09:00", 1, ["2027-01-29", "2027-02-28", "2027-03-29", "2027-04-29", "2027-05-29"]),
        ("2026-11-30T09:00", 3, ["2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30", "2027-11-30"]),
        ("2026-11-15T09:00", 1, ["2026-11-15", "2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15"]),
    ],
)
def test_a_monthly_handoff_falls_on_the_last_day_of_a_shorter_month(
    start: str, every: int, expected: list[str]
) -> None:
    rotation = layer(ANA, BEN, start=start, unit=Unit.MONTH, every=every)
    shifts = layer_shifts(rotation, utc(start), utc(start) + 400 * DAY)[:5]
    assert [each.start for each in shifts] == [utc(f"{day}T09:00") for day in expected]
    assert [each.users for each in shifts] == [(ANA,), (BEN,), (ANA,), (BEN,), (ANA,)]


@pytest.mark.parametrize(
    ("start", "every", "expected"),
    [
        ("2026-01-05T09:00", 1, ["01-05 09:00", "01-12 09:00", "01-19 09:00"]),
        ("2026-01-07T14:00", 1, ["01-07 14:00", "01-12 09:00", "01-19 09:00"]),
        ("2026-01-05T08:00", 1, ["01-05 08:00", "01-05 09:00", "01-12 09:00"]),
        ("2026-01-05T09:00", 2, ["01-05 09:00", "01-19 09:00", "02-02 09:00"]),
        ("2026-01-07T14:00", 2, ["01-07 14:00", "01-19 09:00", "02-02 09:00"]),
    ],
)
def test_a_start_between_handoffs_belongs_to_the_turn_that_would_be_running(
    start: str, every: int, expected: list[str]
) -> None:
    rotation = layer(ANA, BEN, CLEO, start=start, unit=Unit.WEEK, weekday=0, every=every)
    shifts = layer_shifts(rotation, utc("2026-01-01T00:00"), utc("2026-03-01T00:00"))[:3]
    assert [(f"{each.start:%m-%d %H:%M}", each.users) for each in shifts] == list(
        zip(expected, [(ANA,), (BEN,), (CLEO,)], strict=True)
    )


def test_a_weekly_rotation_without_a_weekday_hands_over_on_that_of_its_start() -> None:
    # 22:00 on Sunday in New York is Monday in UTC.
    rotation = layer(ANA, BEN, start="2026-01-04T22:00", zone="America/New_York", unit=Unit.WEEK, at=time(22))
    shifts = layer_shifts(rotation, utc("2026-01-01T00:00"), utc("2026-01-13T00:00"))
    assert [each.start for each in shifts] == [utc("2026-01-05T03:00"), utc("2026-01-12T03:00")]


def test_a_primary_and_an_offset_secondary_never_name_one_person_twice() -> None:
    team = (ANA, BEN, CLEO, DAN, EVE, FAY)
    week = {
        "start": "2026-01-05T10:00",
        "zone": "Europe/Berlin",
        "unit": Unit.WEEK,
        "weekday": 0,
        "at": time(10),
    }
    primary = layer(*team, **week)  # type: ignore[arg-type]
    secondary = layer(*team[3:], *team[:3], **week)  # type: ignore[arg-type]
    monday = datetime(2026, 1, 5, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    pairs: list[tuple[int, ...]] = []
    for week_number in range(52):
        # Same-zone arithmetic is wall-clock arithmetic, which is what a Monday at ten means.
        begins = monday + timedelta(weeks=week_number)
        pair = at([primary], [], begins).users + at([secondary], [], begins).users
        just_before = at([primary], [], begins.astimezone(UTC) - TICK).users
        assert just_before == ((pairs[-1][0],) if pairs else ())
        pairs.append(pair)
    assert pairs[:6] == [(ANA, DAN), (BEN, EVE), (CLEO, FAY), (DAN, ANA), (EVE, BEN), (FAY, CLEO)]
    assert pairs[6:12] == pairs[:6]


# Half-open boundaries


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (utc("2026-01-05T09:00") - TICK, ()),
        (utc("2026-01-05T09:00"), (ANA,)),
        (utc("2026-01-06T09:00") - TICK, (ANA,)),
        (utc("2026-01-06T09:00"), (BEN,)),
        (utc("2026-01-06T12:00") - TICK, (BEN,)),
        (utc("2026-01-06T12:00"), (CLEO,)),
        (utc("2026-01-06T18:00") - TICK, (CLEO,)),
        (utc("2026-01-06T18:00"), (BEN,)),
        (utc("2026-01-09T00:00") - TICK, (BEN,)),
        (utc("2026-01-09T00:00"), ()),
    ],
)
def test_an_interval_includes_its_start_and_not_its_end(moment: datetime, expected: tuple[int, ...]) -> None:
    rotation = layer(ANA, BEN, until="2026-01-09T00:00")
    cover = override("2026-01-06T12:00", "2026-01-06T18:00", CLEO, replaces=BEN)
    assert at([rotation], [cover], moment).users == expected


def test_an_empty_window_has_no_slices() -> None:
    moment = utc("2026-01-06T09:00")
    assert final([layer(ANA)], [], moment, moment) == ()
    assert final([layer(ANA)], [], moment, moment - TICK) == ()


def test_a_window_in_another_zone_is_answered_in_utc() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    (piece,) = final(
        [layer(ANA)], [], datetime(2026, 7, 1, 2, tzinfo=berlin), datetime(2026, 7, 1, 3, tzinfo=berlin)
    )
    assert (piece.start.isoformat(), piece.end.isoformat()) == (
        "2026-07-01T00:00:00+00:00",
        "2026-07-01T01:00:00+00:00",
    )


# Restrictions


def test_a_restriction_may_cross_midnight_and_does_not_advance_the_rotation() -> None:
    nights = (Restriction(4, time(22), time(6)), Restriction(5, time(22), time(6)))
    rotation = layer(ANA, BEN, start="2026-01-05T09:00", unit=Unit.WEEK, weekday=0, restrictions=nights)
    assert told(layer_shifts(rotation, utc("2026-01-05T00:00"), utc("2026-01-19T00:00"))) == [
        ("01-09 22:00", "01-10 06:00", (ANA,)),
        ("01-10 22:00", "01-11 06:00", (ANA,)),
        ("01-16 22:00", "01-17 06:00", (BEN,)),
        ("01-17 22:00", "01-18 06:00", (BEN,)),
    ]


def test_a_window_that_opens_in_the_middle_of_a_night_shows_the_rest_of_the_night() -> None:
    rotation = layer(ANA, restrictions=(Restriction(None, time(22), time(6)),))
    assert told(layer_shifts(rotation, utc("2026-01-10T01:00"), utc("2026-01-10T23:00"))) == [
        ("01-10 01:00", "01-10 06:00", (ANA,)),
        ("01-10 22:00", "01-10 23:00", (ANA,)),
    ]


def test_a_handoff_inside_a_restriction_splits_it() -> None:
    rotation = layer(
        ANA, BEN, at=time(0), start="2026-01-05T00:00", restrictions=(Restriction(None, time(22), time(6)),)
    )
    assert told(layer_shifts(rotation, utc("2026-01-05T12:00"), utc("2026-01-06T12:00"))) == [
        ("01-05 22:00", "01-06 00:00", (ANA,)),
        ("01-06 00:00", "01-06 06:00", (BEN,)),
    ]


def test_restrictions_that_touch_or_overlap_are_one() -> None:
    hours = (
        Restriction(None, time(8), time(12)),
        Restriction(None, time(12), time(15)),
        Restriction(0, time(14), time(16)),
    )
    rotation = layer(ANA, at=time(0), start="2026-01-05T00:00", restrictions=hours)
    assert told(layer_shifts(rotation, utc("2026-01-05T00:00"), utc("2026-01-07T00:00"))) == [
        ("01-05 08:00", "01-05 16:00", (ANA,)),
        ("01-06 08:00", "01-06 15:00", (ANA,)),
    ]


def test_a_restriction_with_one_time_for_both_ends_lasts_a_day() -> None:
    rotation = layer(
        ANA, at=time(0), start="2026-01-05T00:00", restrictions=(Restriction(2, time(6), time(6)),)
    )
    assert told(layer_shifts(rotation, utc("2026-01-05T00:00"), utc("2026-01-12T00:00"))) == [
        ("01-07 06:00", "01-08 00:00", (ANA,)),
        ("01-08 00:00", "01-08 06:00", (ANA,)),
    ]


def test_a_night_window_is_an_hour_shorter_or_longer_when_the_clock_changes() -> None:
    night = layer(
        ANA,
        zone="Europe/Berlin",
        unit=Unit.WEEK,
        weekday=0,
        restrictions=(Restriction(5, time(22), time(6)),),
    )
    spring = layer_shifts(night, utc("2026-03-28T00:00"), utc("2026-03-30T00:00"))
    autumn = layer_shifts(night, utc("2026-10-24T00:00"), utc("2026-10-26T00:00"))
    assert told(spring) == [("03-28 21:00", "03-29 04:00", (ANA,))]
    assert told(autumn) == [("10-24 20:00", "10-25 05:00", (ANA,))]


# Layers and places


def test_the_last_layer_that_has_somebody_wins() -> None:
    always = layer(ANA, name="Always", at=time(0), start="2026-01-05T00:00")
    nights = layer(BEN, name="Nights", restrictions=(Restriction(None, time(20), time(6)),))
    assert answers(final([always, nights], [], utc("2026-01-06T00:00"), utc("2026-01-07T00:00"))) == [
        ((BEN,), "Nights", None),
        ((ANA,), "Always", None),
        ((BEN,), "Nights", None),
    ]
    assert answers(final([nights, always], [], utc("2026-01-06T00:00"), utc("2026-01-07T00:00"))) == [
        ((ANA,), "Always", None)
    ]


def test_people_in_one_place_are_on_call_together() -> None:
    rotation = layer((CLEO, ANA), BEN)
    assert at([rotation], [], utc("2026-01-05T10:00")).users == (CLEO, ANA)
    assert at([rotation], [], utc("2026-01-05T10:00"), frozenset({ANA, BEN})).users == (ANA,)
    assert at([rotation], [], utc("2026-01-06T10:00")).users == (BEN,)


def test_an_unassigned_turn_falls_through_and_is_a_gap_where_nothing_is_below() -> None:
    backup = layer(DAN, name="Backup")
    rotation = layer(ANA, None)
    window = (utc("2026-01-05T09:00"), utc("2026-01-07T09:00"))
    assert answers(final([backup, rotation], [], *window)) == [
        ((ANA,), "Primary", None),
        ((DAN,), "Backup", None),
    ]
    alone = final([rotation], [], *window)
    assert answers(alone) == [((ANA,), "Primary", None), ((), None, None)]
    assert alone[1].reason == 'layer "Primary" has nobody assigned to this turn'


def test_a_layer_of_inactive_people_falls_through_and_the_reason_says_so() -> None:
    backup, rotation = layer(DAN, name="Backup"), layer(ANA, BEN)
    piece = at([backup, rotation], [], utc("2026-01-05T10:00"), frozenset({BEN, DAN}))
    assert (piece.users, piece.layer) == ((DAN,), "Backup")
    assert piece.reason == 'layer "Backup" (daily, 09:00 UTC); layer "Primary" has nobody active in this turn'
    piece = at([backup, rotation], [], utc("2026-01-05T10:00"), frozenset())
    assert (piece.users, piece.layer) == ((), None)
    assert piece.reason == (
        'layer "Primary" has nobody active in this turn; layer "Backup" has nobody active in this turn'
    )


def test_an_inactive_person_keeps_their_turn_so_that_nobody_else_moves() -> None:
    rotation = layer(ANA, BEN, CLEO)
    shifts = layer_shifts(rotation, utc("2026-01-05T09:00"), utc("2026-01-09T09:00"), frozenset({ANA, CLEO}))
    assert [each.users for each in shifts] == [(ANA,), (), (CLEO,), (ANA,)]


def test_turns_of_one_person_are_one_slice_and_several_shifts() -> None:
    window = (utc("2026-01-05T09:00"), utc("2026-01-08T09:00"))
    assert told(final([layer(ANA)], [], *window)) == [("01-05 09:00", "01-08 09:00", (ANA,))]
    assert [each.users for each in layer_shifts(layer(ANA), *window)] == [(ANA,), (ANA,), (ANA,)]


def test_an_edit_takes_effect_at_its_instant_and_keeps_the_turns_counted() -> None:
    old = layer(ANA, BEN, CLEO, until="2026-01-07T15:00")
    new = layer(ANA, BEN, CLEO, at=time(12), start="2026-01-05T12:00", effective_from="2026-01-07T15:00")
    assert told(final([old, new], [], utc("2026-01-05T00:00"), utc("2026-01-09T00:00"))) == [
        ("01-05 00:00", "01-05 09:00", ()),
        ("01-05 09:00", "01-06 09:00", (ANA,)),
        ("01-06 09:00", "01-07 09:00", (BEN,)),
        ("01-07 09:00", "01-07 15:00", (CLEO,)),
        ("01-07 15:00", "01-08 12:00", (CLEO,)),
        ("01-08 12:00", "01-09 00:00", (ANA,)),
    ]


def test_a_layer_version_that_was_replaced_before_it_began_never_counts() -> None:
    never = layer(ANA, effective_from="2026-01-07T00:00", until="2026-01-07T00:00")
    assert answers(final([never], [], utc("2026-01-05T00:00"), utc("2026-01-09T00:00"))) == [((), None, None)]


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([], "no layer covers this time"),
        ([layer(ANA, start="2027-01-01T09:00")], "no layer covers this time"),
        ([layer()], 'layer "Primary" has no participants'),
    ],
)
def test_a_gap_is_a_slice_with_a_reason(layers: list[Layer], reason: str) -> None:
    window = (utc("2026-01-06T00:00"), utc("2026-01-07T00:00"))
    assert final(layers, [], *window) == (Slice(*window, (), None, None, reason),)


@pytest.mark.parametrize(
    ("rotation", "reason"),
    [
        (
            layer(ANA, zone="Europe/Berlin", unit=Unit.WEEK, weekday=0),
            'layer "Primary" (weekly, Monday 09:00 Europe/Berlin)',
        ),
        (layer(ANA, unit=Unit.WEEK, every=2), 'layer "Primary" (every 2 weeks, Monday 09:00 UTC)'),
        (layer(ANA), 'layer "Primary" (daily, 09:00 UTC)'),
        (layer(ANA, unit=Unit.HOUR), 'layer "Primary" (hourly, counted from 09:00 UTC)'),
        (layer(ANA, unit=Unit.HOUR, every=12), 'layer "Primary" (every 12 hours, counted from 09:00 UTC)'),
        (layer(ANA, unit=Unit.MONTH), 'layer "Primary" (monthly, day 5 at 09:00 UTC)'),
    ],
)
def test_a_reason_names_the_layer_and_its_rule(rotation: Layer, reason: str) -> None:
    assert at([rotation], [], utc("2026-02-01T00:00")).reason == reason


# Overrides


COVERED = ("2026-01-05T12:00", "2026-01-05T18:00")


@pytest.mark.parametrize(
    ("overrides", "users", "decisive"),
    [
        ([override(*COVERED, CLEO)], (ANA, CLEO), 1),
        ([override(*COVERED, CLEO, replaces=ANA)], (CLEO,), 1),
        ([override(*COVERED, replaces=ANA)], (), 1),
        ([override(*COVERED, CLEO, replaces=BEN)], (ANA,), None),
        ([override(*COVERED, replaces=BEN)], (ANA,), None),
        ([override(*COVERED, ANA)], (ANA,), None),
        ([override(*COVERED, ANA, replaces=ANA)], (ANA,), None),
        ([override(*COVERED)], (ANA,), None),
        (
            [override(*COVERED, CLEO, replaces=ANA), override(*COVERED, DAN, replaces=CLEO, number=2)],
            (DAN,),
            2,
        ),
        (
            [override(*COVERED, DAN, replaces=CLEO), override(*COVERED, CLEO, replaces=ANA, number=2)],
            (CLEO,),
            2,
        ),
        ([override(*COVERED, CLEO), override(*COVERED, replaces=CLEO, number=2)], (ANA,), 2),
        ([override(*COVERED, replaces=CLEO), override(*COVERED, CLEO, number=2)], (ANA, CLEO), 2),
        ([override(*COVERED, CLEO), override(*COVERED, CLEO, replaces=ANA, number=2)], (CLEO,), 2),
        (
            [override(*COVERED, CLEO, replaces=ANA), override(*COVERED, DAN, replaces=ANA, number=2)],
            (CLEO,),
            1,
        ),
    ],
)
def test_overrides_add_replace_and_remove_in_the_order_of_their_creation(
    overrides: list[Override], users: tuple[int, ...], decisive: int | None
) -> None:
    for given in (overrides, overrides[::-1]):
        piece = at([layer(ANA)], given, utc("2026-01-05T15:00"))
        assert (piece.users, piece.layer, piece.override) == (users, "Primary", decisive)


def test_an_override_may_take_the_whole_schedule() -> None:
    moment = utc("2026-01-05T15:00")
    group, alone = layer((ANA, BEN)), override(*COVERED, CLEO, everybody=True)
    assert at([group], [alone], moment).users == (CLEO,)
    assert at([], [alone], moment).users == (CLEO,)
    assert at([group], [alone], moment, frozenset({ANA, BEN})).users == (ANA, BEN)
    assert at([group], [override(*COVERED, BEN, everybody=True)], moment).users == (BEN,)
    assert at([group], [override(*COVERED, everybody=True)], moment).users == ()
    assert at([group], [alone, override(*COVERED, DAN, number=2)], moment).users == (CLEO, DAN)
    assert at([group], [override(*COVERED, DAN), replace(alone, id=2, created_order=2)], moment).users == (
        CLEO,
    )


def test_a_replacement_takes_the_place_of_its_person_and_keeps_its_own_if_it_has_one() -> None:
    group = layer((ANA, BEN))
    moment = utc("2026-01-05T15:00")
    assert at([group], [override(*COVERED, CLEO, replaces=ANA)], moment).users == (CLEO, BEN)
    assert at([group], [override(*COVERED, BEN, replaces=ANA)], moment).users == (BEN,)
    assert at([layer((ANA, BEN, CLEO))], [override(*COVERED, CLEO, replaces=ANA)], moment).users == (
        BEN,
        CLEO,
    )


def test_an_override_cuts_the_shift_it_lies_in() -> None:
    window = (utc("2026-01-05T09:00"), utc("2026-01-06T09:00"))
    slices = final([layer(ANA)], [override(*COVERED, CLEO, replaces=ANA)], *window)
    assert told(slices) == [
        ("01-05 09:00", "01-05 12:00", (ANA,)),
        ("01-05 12:00", "01-05 18:00", (CLEO,)),
        ("01-05 18:00", "01-06 09:00", (ANA,)),
    ]
    assert [each.reason for each in slices] == [
        'layer "Primary" (daily, 09:00 UTC)',
        "override until 2026-01-05 18:00 UTC",
        'layer "Primary" (daily, 09:00 UTC)',
    ]


def test_a_replacement_follows_its_person_and_not_the_hours() -> None:
    swap = override("2026-01-05T12:00", "2026-01-07T12:00", CLEO, replaces=BEN)
    assert told(final([layer(ANA, BEN)], [swap], utc("2026-01-05T09:00"), utc("2026-01-08T09:00"))) == [
        ("01-05 09:00", "01-06 09:00", (ANA,)),
        ("01-06 09:00", "01-07 09:00", (CLEO,)),
        ("01-07 09:00", "01-08 09:00", (ANA,)),
    ]


def test_an_override_fills_a_gap() -> None:
    piece = at([], [override(*COVERED, CLEO)], utc("2026-01-05T15:00"))
    assert (piece.users, piece.layer, piece.override) == ((CLEO,), None, 1)


def test_an_override_that_removes_the_last_person_says_so() -> None:
    piece = at([layer(ANA)], [override(*COVERED, replaces=ANA)], utc("2026-01-05T15:00"))
    assert piece.users == ()
    assert piece.reason == "override until 2026-01-05 18:00 UTC leaves nobody on call"


@pytest.mark.parametrize("replaces", [ANA, None])
def test_an_override_by_an_inactive_person_leaves_the_other_on_call_and_says_so(replaces: int | None) -> None:
    cover = override(*COVERED, CLEO, replaces=replaces)
    piece = at([layer(ANA)], [cover], utc("2026-01-05T15:00"), frozenset({ANA}))
    assert (piece.users, piece.override) == ((ANA,), None)
    assert piece.reason == (
        'layer "Primary" (daily, 09:00 UTC); '
        "override until 2026-01-05 18:00 UTC ignored, its person is not active"
    )


def test_an_override_of_an_inactive_person_does_nothing() -> None:
    cover = override(*COVERED, CLEO, replaces=ANA)
    piece = at([layer(ANA)], [cover], utc("2026-01-05T15:00"), frozenset({CLEO}))
    assert (piece.users, piece.override) == ((), None)


# Who is on call now


def test_now_tells_until_when_and_who_is_next() -> None:
    rotation = layer(ANA, BEN, unit=Unit.WEEK, weekday=0)
    found = now([rotation], [], utc("2026-01-07T12:00"), 30 * DAY)
    assert told((found.current,)) == [("01-07 12:00", "01-12 09:00", (ANA,))]
    assert found.until == utc("2026-01-12T09:00")
    assert found.following is not None
    assert told((found.following,)) == [("01-12 09:00", "01-19 09:00", (BEN,))]


def test_now_looks_past_a_change_of_the_rule_that_changes_nobody() -> None:
    days = layer(ANA, name="Days", restrictions=(Restriction(None, time(8), time(20)),))
    always = layer(ANA, BEN, name="Always", unit=Unit.WEEK, weekday=0)
    found = now([always, days], [], utc("2026-01-06T12:00"), 30 * DAY)
    assert (found.current.layer, found.until) == ("Days", utc("2026-01-12T20:00"))
    assert found.following is not None
    assert found.following.users == (BEN,)


def test_now_finds_a_change_far_away_and_none_beyond_the_horizon() -> None:
    rotation = layer(ANA, BEN, unit=Unit.MONTH)
    assert now([rotation], [], utc("2026-01-06T00:00"), 60 * DAY).until == utc("2026-02-05T09:00")
    found = now([rotation], [], utc("2026-01-06T00:00"), 20 * DAY)
    assert (found.until, found.following) == (None, None)
    assert (found.current.users, found.current.end) == ((ANA,), utc("2026-01-26T00:00"))


def test_now_says_when_a_gap_ends() -> None:
    found = now([layer(ANA)], [], utc("2026-01-05T00:00"), DAY)
    assert (found.current.users, found.until) == ((), utc("2026-01-05T09:00"))


# Who is beside it


WEEKS = layer(ANA, BEN, CLEO, unit=Unit.WEEK, weekday=0)


@pytest.mark.parametrize(
    ("rotation", "overrides", "instant", "before", "after"),
    [
        (WEEKS, [], "2026-01-14T12:00", (ANA,), (CLEO,)),
        # exactly at the hand-off the new turn has begun
        (WEEKS, [], "2026-01-12T09:00", (ANA,), (CLEO,)),
        (WEEKS, [], "2026-01-12T08:59", (), (BEN,)),
        # the turn is one however many rules it is made of: an override for the same person changes nothing
        (WEEKS, [override("2026-01-14T00:00", "2026-01-15T00:00", BEN)], "2026-01-14T12:00", (ANA,), (CLEO,)),
        (WEEKS, [override("2026-01-14T00:00", "2026-01-15T00:00", DAN, everybody=True)], "2026-01-14T12:00", (BEN,), (BEN,)),
        # a gap is passed over, on both sides and from within
        (layer(ANA, None, BEN), [], "2026-01-05T12:00", (), (BEN,)),
        (layer(ANA, None, BEN), [], "2026-01-06T12:00", (ANA,), (BEN,)),
        # a month away it is found as well
        (layer(ANA, BEN, unit=Unit.MONTH), [], "2026-02-20T12:00", (ANA,), (ANA,)),
        (layer(ANA), [], "2026-01-06T12:00", (), ()),
        (layer((ANA, BEN), (BEN, CLEO)), [], "2026-01-06T12:00", (ANA, BEN), (ANA, BEN)),
    ],
)  # fmt: skip
def test_who_else_had_it_before_and_has_it_next(
    rotation: Layer,
    overrides: list[Override],
    instant: str,
    before: tuple[int, ...],
    after: tuple[int, ...],
) -> None:
    for earlier, expected in ((True, before), (False, after)):
        found = beside([rotation], overrides, utc(instant), 120 * DAY, before=earlier)
        assert found.users == expected
        assert bool(found.users) != found.reason.startswith("nobody else ha")


# What is refused


NAIVE = datetime(2026, 1, 5, 9)  # noqa: DTZ001


@pytest.mark.parametrize(
    "build",
    [
        lambda: Handoff(0, Unit.DAY, NINE),
        lambda: Handoff(1, Unit.DAY, time(9, tzinfo=UTC)),
        lambda: Handoff(1, Unit.DAY, time(2, 30, fold=1)),
        lambda: Handoff(1, Unit.WEEK, NINE, 7),
        lambda: Restriction(-1, NINE, time(17)),
        lambda: Restriction(None, NINE, time(17, tzinfo=UTC)),
        lambda: Override(1, NAIVE, utc("2026-01-06T00:00"), ANA, None, 1),
        lambda: Override(1, utc("2026-01-05T00:00"), NAIVE, ANA, None, 1),
        lambda: Layer("A", "UTC", NAIVE, utc("2026-01-05T00:00"), None, Handoff(1, Unit.DAY, NINE), ()),
        lambda: Layer("A", "UTC", utc("2026-01-05T00:00"), NAIVE, None, Handoff(1, Unit.DAY, NINE), ()),
        lambda: Layer("A", "UTC", utc("2026-01-05T00:00"), utc("2026-01-05T00:00"), NAIVE, Handoff(1, Unit.DAY, NINE), ()),
        lambda: Override(1, utc("2026-01-05T00:00"), utc("2026-01-06T00:00"), ANA, BEN, 1, replaces_everybody=True),
        lambda: at([], [], NAIVE),
        lambda: final([], [], NAIVE, utc("2026-01-06T00:00")),
        lambda: layer_shifts(layer(ANA), utc("2026-01-05T00:00"), NAIVE),
        lambda: now([], [], utc("2026-01-05T00:00"), timedelta()),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(Malformed):
        build()


# Speed


def test_twenty_layers_cost_twice_as_much_for_two_years_as_for_one() -> None:
    zones = ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
    hours = (
        (),
        (Restriction(None, time(9), time(21)),),
        tuple(Restriction(weekday, time(9), time(17)) for weekday in range(5)),
    )
    layers = [
        layer(ANA, BEN, CLEO, DAN, name=f"{number}", zone=zones[number % 3], restrictions=hours[number // 7])
        for number in range(20)
    ]
    start = utc("2026-11-16T00:00")
    overrides = [
        Override(number, start + 3 * number * DAY, start + (3 * number + 1) * DAY, EVE, None, number)
        for number in range(100)
    ]
    calls = []
    for years in (1, 2):
        profile = Profile()
        end = start + years * 365 * DAY
        slices = profile.runcall(final, layers, overrides, start, end, frozenset({ANA, BEN, CLEO, DAN, EVE}))
        assert len(slices) > 365 * years
        calls.append(sum(entry.callcount for entry in profile.getstats()))
    assert calls[1] < 2.2 * calls[0]
