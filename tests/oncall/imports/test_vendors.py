"""Each tool's export against what the tool rendered, over 90 days in which the clock goes back. No database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from oncall.imports.parsers.reading import read
from oncall.imports.rules import comparing, report
from oncall.imports.rules.source import Person, SourceSchedule, Vendor
from tests.oncall.imports import exports
from tests.oncall.imports.rendering import END, NEW_YORK, NOW, at, spans, turn

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTES = 90 * 24 * 60


def compared(schedule: SourceSchedule) -> comparing.Comparison:
    """The next 90 days by the reading that fits best."""
    assert schedule.rendered is not None
    reading, _ = comparing.best(schedule.readings, schedule.rendered)
    return comparing.compare(reading, schedule.rendered, NOW, END)


def told(schedule: SourceSchedule, *strangers: Person) -> list[tuple[str, str, int | None]]:
    """The lines of the report that are not simply kept: grade, rule, minutes."""
    reading, chosen = comparing.best(schedule.readings, schedule.rendered)
    found = report.lines(schedule, reading, chosen=chosen, comparison=compared(schedule), strangers=strangers)
    return [(line.grade, line.rule, line.minutes) for line in found if line.grade != "kept"]


@pytest.mark.parametrize(
    ("export", "vendor"),
    [
        (exports.pagerduty, Vendor.PAGERDUTY),
        (exports.pagerduty_v3, Vendor.PAGERDUTY),
        (exports.opsgenie, Vendor.OPSGENIE),
        (exports.grafana_oncall, Vendor.GRAFANA_ONCALL),
    ],
    ids=["pagerduty layers", "pagerduty shifts", "opsgenie", "grafana oncall"],
)
def test_an_export_with_windows_overrides_and_a_change_of_clocks_differs_in_no_minute(
    export: Callable[[], str], vendor: Vendor
) -> None:
    found = read(export())

    assert found.vendor is vendor
    assert found.remarks == ()
    (schedule,) = found.schedules
    assert (compared(schedule).compared, compared(schedule).different) == (MINUTES, 0)
    assert told(schedule) == []


def test_people_are_known_by_the_addresses_of_the_list_of_users() -> None:
    assert read(exports.pagerduty()).people["alice"] == Person("alice", "Alice Example", "alice@example.com")
    assert read(exports.opsgenie()).people["ada@example.com"] == Person(
        "ada@example.com", "", "ada@example.com"
    )
    assert read(exports.grafana_oncall()).people["bob"].email == "bob@example.com"


# ------------------------------------------------------------------------------------------------- PagerDuty, layers


def test_what_pagerduty_rendered_decides_which_layer_is_on_top() -> None:
    first, second = read(exports.pagerduty()), json.loads(exports.pagerduty())
    layers = next(iter(second.values()))["schedule"]["schedule_layers"]
    layers.reverse()

    (as_documented,), (turned_round,) = first.schedules, read(json.dumps(second)).schedules

    assert comparing.best(as_documented.readings, as_documented.rendered)[0].said.startswith("the first")
    assert comparing.best(turned_round.readings, turned_round.rendered)[0].said.startswith("the last")
    assert compared(turned_round).different == 0


@pytest.mark.parametrize("by_the_clock", [True, False])
def test_what_pagerduty_rendered_decides_what_turns_of_twelve_hours_do_when_the_clock_goes_back(
    *,
    by_the_clock: bool,
) -> None:
    people = ["alice", "bob", "carol"]
    begin = datetime(2026, 1, 5, 14, tzinfo=UTC)  # 09:00 in New York

    def who(moment: datetime) -> set[str]:
        if by_the_clock:
            local = moment.astimezone(NEW_YORK).replace(tzinfo=None)
            return {people[(local - datetime(2026, 1, 5, 9)) // timedelta(hours=12) % 3]}  # noqa: DTZ001 - by the clock
        return {people[(moment - begin) // timedelta(hours=12) % 3]}

    layer = exports.pd_layer(
        name="Twelve hours",
        rotation_virtual_start="2026-01-05T09:00:00-05:00",
        rotation_turn_length_seconds=43200,
        users=people,
    )
    (schedule,) = read(exports.pd_capture(exports.pd_schedule([layer], who), *people)).schedules

    reading, chosen = comparing.best(schedule.readings, schedule.rendered)
    assert chosen
    assert ("by the clock" in reading.said) is by_the_clock
    assert compared(schedule).different == 0


def test_a_turn_of_an_odd_length_is_left_out_and_its_minutes_are_counted() -> None:
    def who(moment: datetime) -> set[str]:
        return {"carol"} if at(11, 2, 0) <= moment < at(11, 3, 0) else {"alice"}

    weekly = exports.pd_layer(
        name="Weekly",
        rotation_virtual_start="2026-01-05T09:00:00-05:00",
        rotation_turn_length_seconds=604800,
        users=["alice"],
    )
    odd = weekly | exports.pd_layer(
        name="Odd",
        rotation_virtual_start="2026-01-05T09:00:00-05:00",
        rotation_turn_length_seconds=3605,
        users=["carol"],
        start="2026-11-02T00:00:00Z",
        end="2026-11-03T00:00:00Z",
    )
    (schedule,) = read(exports.pd_capture(exports.pd_schedule([odd, weekly], who), "alice")).schedules

    assert told(schedule) == [("left_out", "Odd", 24 * 60)]


def test_a_layer_that_ended_counts_until_then() -> None:
    def who(moment: datetime) -> set[str]:
        return {"alice"} if moment < at(11, 15, 5) else set()

    layer = exports.pd_layer(
        name="Until November",
        rotation_virtual_start="2026-01-05T09:00:00-05:00",
        rotation_turn_length_seconds=86400,
        users=["alice"],
        end="2026-11-15T00:00:00-05:00",
    )
    (schedule,) = read(exports.pd_capture(exports.pd_schedule([layer], who), "alice")).schedules

    assert compared(schedule).different == 0


def test_an_hour_that_pagerduty_gives_to_somebody_else_is_seen_to_the_minute() -> None:
    whole = json.loads(exports.pagerduty())
    entries = next(iter(whole.values()))["schedule"]["final_schedule"]["rendered_schedule_entries"]
    next(each for each in entries if each["user"]["id"] == "vera")["end"] = "2026-11-01T09:59:30Z"

    (schedule,) = read(json.dumps(whole)).schedules

    assert compared(schedule).different == 1
    assert compared(schedule).stretches[0].here == {"vera"}


def test_restrictions_told_in_another_zone_are_remarked() -> None:
    whole = json.loads(exports.pagerduty())
    address = next(iter(whole))
    asked = {f"{address}&time_zone=UTC": whole.pop(address), **whole}

    (schedule,) = read(json.dumps(asked)).schedules

    assert len(schedule.remarks) == 1
    assert "time_zone=UTC" in schedule.remarks[0]


def test_without_its_address_an_answer_is_compared_over_what_it_spans() -> None:
    body = next(iter(json.loads(exports.pagerduty()).values()))

    (schedule,) = read(json.dumps(body)).schedules

    assert schedule.rendered is not None
    assert (schedule.rendered.start, schedule.rendered.end) == (NOW, END)


# ------------------------------------------------------------------------------------------------- PagerDuty, shifts


def test_a_date_taken_out_of_a_shift_is_named_with_its_minutes() -> None:
    whole = json.loads(exports.pagerduty_v3())
    schedule = next(iter(whole.values()))["schedule"]
    event = schedule["rotations"][1]["events"][0]
    event["recurrence"].append("EXDATE:20261114T000000")
    rendered = schedule["final_schedule"]["computed_shift_assignments"]
    schedule["final_schedule"]["computed_shift_assignments"] = [
        each for each in rendered if not each["start_time"].startswith("2026-11-14")
    ]

    (found,) = read(json.dumps(whole)).schedules

    # On that weekend we have two people on call and PagerDuty has nobody.
    assert compared(found).different == 2 * 24 * 60
    assert told(found) == [("left_out", "Weekend, EXDATE:20261114T000000", 2 * 24 * 60)]


@pytest.mark.parametrize("since", [False, True])
def test_what_pagerduty_rendered_decides_from_where_members_are_counted(*, since: bool) -> None:
    people = ["alice", "bob", "carol"]
    counted_from = date(2026, 2, 3) if since else date(2026, 1, 5)

    def who(moment: datetime) -> set[str]:
        return {people[turn(moment, NEW_YORK, counted_from, 9) // 2 % 3]}

    event = exports.pd_event(
        "Daily",
        "2026-01-05T09:00:00-05:00",
        "2026-01-06T09:00:00-05:00",
        "RRULE:FREQ=DAILY",
        *people,
        each=2,
    )
    event["effective_since"] = "2026-02-03T03:00:00Z"
    whole = json.loads(exports.pagerduty_v3())
    address = next(iter(whole))
    schedule = whole[address]["schedule"]
    schedule["rotations"] = [{"id": "ROT1", "type": "schedule_rotation", "events": [event]}]
    schedule["final_schedule"]["computed_shift_assignments"] = [
        {
            "type": "computed_shift_assignment",
            "start_time": start,
            "end_time": end,
            "member": exports.member(person),
            "source": {"type": "schedule_rotation", "rotation_id": "ROT1"},
        }
        for person, start, end in spans(who)
    ]

    (found,) = read(json.dumps({address: whole[address]})).schedules

    assert compared(found).different == 0


# ------------------------------------------------------------------------------------------ Opsgenie, Grafana OnCall


def test_a_team_in_a_rotation_of_opsgenie_is_a_place_of_nobody_and_is_named() -> None:
    whole = json.loads(exports.opsgenie())
    rotations = next(iter(whole.values()))["data"][0]["rotations"]
    rotations[1]["participants"][1] = {"type": "team", "id": "team-1", "name": "Platform"}
    periods = list(whole.values())[2]["data"]["finalTimeline"]["rotations"][0]["periods"]
    periods.append(
        {
            "startDate": "2026-12-01T09:00:00Z",
            "endDate": "2026-12-01T10:00:00Z",
            "type": "default",
            "recipient": {"id": "team-1", "type": "team", "name": "Platform"},
        }
    )

    (schedule,) = read(json.dumps(whole)).schedules

    assert told(schedule) == [("left_out", "Nights", 60)]


def test_a_schedule_that_is_switched_off_there_says_so() -> None:
    (schedule,) = read(exports.opsgenie(enabled=False)).schedules

    assert schedule.remarks == ("It is switched off there.",)


def test_a_monthly_shift_of_grafana_oncall_is_left_out_and_its_minutes_are_counted() -> None:
    monthly = exports.oc_shift(
        "first of the month",
        "recurrent_event",
        level=5,
        start="2026-01-01T00:00:00",
        duration=86400,
        frequency="monthly",
        by_monthday=[1],
        users=["frank"],
    )
    whole = json.loads(exports.grafana_oncall(monthly))
    final = list(whole.values())[4]["results"]
    final.append(
        {
            "user_pk": "frank",
            "user_email": "frank@example.com",
            "user_username": "frank",
            "shift_start": "2026-12-01T05:00:00Z",
            "shift_end": "2026-12-02T05:00:00Z",
        }
    )

    (schedule,) = read(json.dumps(whole)).schedules

    assert told(schedule) == [("left_out", "First Of The Month", 24 * 60)]


def test_a_calendar_of_grafana_oncall_is_left_out_with_every_minute_that_differs() -> None:
    whole = json.loads(exports.grafana_oncall())
    schedule = next(iter(whole.values()))["results"][0]
    schedule |= {"type": "ical", "ical_url_primary": "https://example.com/a.ics", "shifts": []}

    (found,) = read(json.dumps(whole)).schedules

    assert told(found) == [("left_out", "ical_url_primary", compared(found).different)]
    assert compared(found).different > 0


def test_a_list_that_goes_on_elsewhere_is_remarked() -> None:
    whole = json.loads(exports.grafana_oncall())
    whole["/api/v1/users/"] |= {"next": "https://example.com/api/v1/users/?page=2", "total_pages": 2}

    assert read(json.dumps(whole)).remarks == (
        "/api/v1/users has more than the file holds: ask for its other pages as well.",
    )


def test_somebody_whom_nobody_here_is_has_their_minutes_counted() -> None:
    found = read(exports.pagerduty())
    (schedule,) = found.schedules
    reading, _ = comparing.best(schedule.readings, schedule.rendered)
    assert schedule.rendered is not None

    against = comparing.compare(reading, schedule.rendered, NOW, END, known=lambda key: key != "vera")
    lines = report.lines(
        schedule,
        reading,
        chosen=True,
        comparison=against,
        strangers=[found.person("vera")],
    )

    assert against.different == 6 * 60
    assert all(stretch.here == frozenset() for stretch in against.stretches)
    assert [(line.rule, line.minutes) for line in lines if line.grade == "changed"] == [
        ("Vera Example <vera@example.com>", 6 * 60)
    ]
