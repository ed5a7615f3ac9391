"""From a file to schedules: the plan, what confirming it does, and what a second import does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.accounts.models import User
from core.events import housekeeping
from oncall.imports import operations
from oncall.imports.models import ImportedFrom, ScheduleImport
from oncall.imports.parsers.reading import read
from oncall.models import Schedule
from oncall.schedules import operations as schedules
from oncall.schedules.models import ScheduleVersion
from tests import cast
from tests.oncall.imports import exports
from tests.oncall.imports.carrying_out import duty, imported, rows, who
from tests.oncall.imports.rendering import END, NEW_YORK, NOW, at

if TYPE_CHECKING:
    from datetime import datetime

    import time_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("october")]


# ----------------------------------------------------------------------------------------------------------- the plan


@pytest.mark.usefixtures("vera")
def test_a_plan_changes_no_schedule() -> None:
    before = rows()

    started = operations.plan(exports.pagerduty(), actor=None)

    assert rows() == before
    (plan,) = started.report
    assert (plan["action"], plan["schedule"]["slug"], plan["unknown"]) == ("create", "primary-on-call", [])
    assert (plan["comparison"]["minutes"], plan["comparison"]["different"]) == (90 * 24 * 60, 0)
    assert [(line["grade"], line["rule"]) for line in plan["lines"]] == [
        ("kept", "Weekly"),
        ("kept", "Weekends"),
        ("kept", "Overrides"),
        ("kept", "Read as"),
    ]


def test_a_file_that_is_no_export_is_refused_with_the_reason() -> None:
    with pytest.raises(operations.NotAnExport, match="is not JSON"):
        operations.plan("no", actor=None)
    assert not ScheduleImport.objects.exists()


def test_a_file_that_renders_less_than_90_days_says_how_much_was_compared(vera: User) -> None:
    whole = json.loads(exports.pagerduty())
    address = next(iter(whole))
    shorter = {address.replace("until=2027-01-08", "until=2026-11-09"): whole.pop(address), **whole}

    (plan,) = operations.plan(json.dumps(shorter), actor=vera).report

    assert plan["comparison"]["minutes"] == 30 * 24 * 60
    assert "compared for 30 of 90 days" in plan["lines"][-1]["sentence"]


def test_a_list_that_goes_on_elsewhere_is_in_the_plan(vera: User) -> None:
    text = exports.pagerduty().replace('"more": false', '"more": true')

    (plan,) = operations.plan(text, actor=vera).report

    assert [line["rule"] for line in plan["lines"] if line["grade"] == "changed"] == ["Note"]
    assert "/users has more than the file holds" in plan["lines"][-1]["sentence"]


def test_a_file_without_rendered_shifts_says_that_nothing_was_compared(vera: User) -> None:
    body = next(iter(json.loads(exports.pagerduty()).values()))
    body["schedule"]["final_schedule"] = None

    (plan,) = operations.plan(json.dumps(body), actor=vera).report

    assert plan["comparison"] is None
    assert "was not compared" in plan["lines"][-1]["sentence"]


# --------------------------------------------------------------------------------------------------------- confirming


def test_the_imported_schedule_pages_who_the_other_tool_would(vera: User) -> None:
    imported(exports.pagerduty())

    assert who(at(10, 12, 12)) == {"mona"}  # Monday 08:00 in New York: the weekend lasts until 09:00
    assert who(at(10, 12, 14)) == {"bob"}
    assert who(at(10, 17, 14)) == {"ada"}
    assert who(at(11, 1, 5)) == {vera.email.split("@")[0]}
    schedule = Schedule.objects.get()
    assert (schedule.name, schedule.slug, schedule.time_zone, schedule.description) == (
        "Primary On-Call",
        "primary-on-call",
        "America/New_York",
        "Who has the pager",
    )


@pytest.mark.usefixtures("vera")
@pytest.mark.parametrize("export", ["pagerduty", "pagerduty_v3", "opsgenie", "grafana_oncall"])
def test_over_90_days_the_imported_schedule_is_what_the_tool_rendered_to_the_second(export: str) -> None:
    text = getattr(exports, export)()
    (source,) = read(text).schedules
    assert source.rendered is not None

    started = imported(text)

    assert started.report[0]["comparison"]["different"] == 0
    assert duty(NOW, END) == {
        (span.person.split("@")[0], span.start, span.end) for span in source.rendered.spans
    }
    assert [plan["action"] for plan in imported(text).report] == ["same"]


@pytest.mark.usefixtures("vera")
def test_a_layer_that_ends_later_is_a_planned_version() -> None:
    whole = json.loads(exports.pagerduty())
    layers = next(iter(whole.values()))["schedule"]["schedule_layers"]
    layers[0]["end"] = "2026-12-01T00:00:00Z"
    layers[1]["start"] = "2026-10-20T00:00:00Z"
    text = json.dumps(whole)

    imported(text)

    assert who(at(10, 13, 14)) == set()
    assert who(at(10, 20, 14)) == {"carol"}
    assert who(at(11, 28, 14)) == {"ada"}
    assert who(at(12, 5, 14)) == {"carol"}
    assert ScheduleVersion.objects.filter(effective_from__gt=NOW).count() == 2
    before = rows()
    assert [plan["action"] for plan in imported(text).report] == ["same"]
    assert rows() == before


@pytest.mark.usefixtures("vera")
def test_an_import_says_nothing_about_the_time_before_it() -> None:
    imported(exports.pagerduty())

    assert who(NOW - timedelta(minutes=1)) == set()
    assert who(NOW) != set()


@pytest.mark.usefixtures("vera")
def test_a_second_import_changes_nothing() -> None:
    imported(exports.pagerduty())
    before = rows()

    again = imported(exports.pagerduty())

    assert [plan["action"] for plan in again.report] == ["same"]
    assert rows() == before


@pytest.mark.usefixtures("vera")
def test_a_second_import_changes_nothing_after_an_override_is_over(
    october: time_machine.Traveller,
) -> None:
    imported(exports.pagerduty())
    before = rows()
    october.move_to(at(11, 2, 0))

    assert [plan["action"] for plan in imported(exports.pagerduty()).report] == ["same"]
    assert rows() == before


@pytest.mark.usefixtures("vera")
def test_a_schedule_of_the_same_name_stays_as_it_is() -> None:
    mine = schedules.create(name="primary on-call", slug="primary-on-call", time_zone="UTC", actor=None)
    before = Schedule.objects.filter(pk=mine.pk).values().get()

    imported(exports.pagerduty())

    assert Schedule.objects.filter(pk=mine.pk).values().get() == before
    made = ImportedFrom.objects.get().schedule
    assert (made.name, made.slug) == ("Primary On-Call (PagerDuty)", "primary-on-call-pagerduty")


@pytest.mark.usefixtures("people")
def test_a_schedule_that_is_called_as_another_page_has_an_address_beside_it() -> None:
    named = json.dumps(exports.pagerduty()).replace("Primary On-Call", "New")

    imported(json.loads(named))

    made = ImportedFrom.objects.get().schedule
    assert (made.name, made.slug) == ("New", "new-2")


@pytest.mark.usefixtures("people")
def test_somebody_without_an_account_is_nobody_and_never_another_person() -> None:
    # A Vera Example works here, with another address.
    User.objects.create_user("v.example@example.com", name="Vera Example")

    (plan,) = imported(exports.pagerduty()).report

    assert plan["unknown"] == [{"key": "vera", "said": "Vera Example <vera@example.com>"}]
    assert plan["comparison"]["different"] == 6 * 60
    assert who(at(11, 1, 5)) == set()


@pytest.mark.usefixtures("people")
def test_somebody_whose_account_is_closed_is_nobody() -> None:
    cast.person("Vera")
    User.objects.filter(email="vera@example.com").update(is_active=False)

    (plan,) = operations.plan(exports.pagerduty(), actor=None).report

    assert [each["key"] for each in plan["unknown"]] == ["vera"]


@pytest.mark.usefixtures("people")
def test_a_rotation_in_whose_windows_nobody_but_strangers_has_a_turn_is_one_of_nobody() -> None:
    def saturdays(moment: datetime) -> set[str]:
        return {"vera"} if moment.astimezone(NEW_YORK).weekday() == 5 else set()

    layer = exports.pd_layer(
        name="Saturdays",
        rotation_virtual_start="2026-01-05T00:00:00-05:00",
        rotation_turn_length_seconds=86400,
        users=[*["alice"] * 5, "vera", "alice"],
        restrictions=[
            {
                "type": "weekly_restriction",
                "start_day_of_week": 6,
                "start_time_of_day": "00:00:00",
                "duration_seconds": 86400,
            }
        ],
    )
    text = exports.pd_capture(exports.pd_schedule([layer], saturdays), "alice", "vera")

    (plan,) = imported(text).report
    assert [each["key"] for each in plan["unknown"]] == ["vera"]
    assert who(at(10, 17, 12)) == set()

    cast.person("Vera")
    assert [plan["action"] for plan in imported(text).report] == ["update"]
    assert who(at(10, 17, 12)) == {"vera"}


def test_saying_who_somebody_is_plans_anew(people: dict[str, User]) -> None:
    started = operations.plan(exports.pagerduty(), actor=None)

    of_no_file = {"vera\x00": people["bob"].email}
    operations.name_people(started, {"vera": people["bob"].email.upper()} | of_no_file)
    operations.confirm(started, actor=None)

    started.refresh_from_db()
    assert started.people.keys() == {"vera"}
    assert started.report[0]["unknown"] == []
    assert who(at(11, 1, 5)) == {"bob"}


@pytest.mark.usefixtures("vera")
def test_a_plan_is_carried_out_once_and_its_file_is_forgotten() -> None:
    started = imported(exports.pagerduty())

    assert started.export == ""
    with pytest.raises(operations.AlreadyImported):
        operations.confirm(started, actor=None)
    with pytest.raises(operations.AlreadyImported):
        operations.name_people(started, {})


@pytest.mark.usefixtures("vera")
def test_of_a_file_all_schedules_are_made_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    first = next(iter(json.loads(exports.pagerduty()).values()))
    second = json.loads(json.dumps(first))
    second["schedule"] |= {"id": "PSECOND", "name": "Secondary"}
    started = operations.plan(json.dumps([first, second]), actor=None)
    before = rows()
    made = schedules.create

    def fails_at_the_second(**fields: Any) -> Schedule:
        if fields["name"] == "Secondary":
            raise RuntimeError
        return made(**fields)

    monkeypatch.setattr(schedules, "create", fails_at_the_second)
    with pytest.raises(RuntimeError):
        operations.confirm(started, actor=None)

    assert rows() == before


def test_a_plan_that_nobody_confirms_is_forgotten_after_a_week(october: time_machine.Traveller) -> None:
    operations.plan(exports.opsgenie(), actor=None)
    ScheduleImport.objects.update(created_at=timezone.now() - timedelta(days=800))

    housekeeping.run()

    assert not ScheduleImport.objects.exists()


@pytest.mark.usefixtures("vera")
def test_a_plan_reads_the_database_as_often_for_many_schedules_as_for_one() -> None:
    first = next(iter(json.loads(exports.pagerduty()).values()))
    many = []
    for number in range(5):
        many.append(json.loads(json.dumps(first)))
        many[-1]["schedule"] |= {"id": f"P{number}", "name": f"Schedule {number}"}

    with CaptureQueriesContext(connection) as one:
        operations.plan(json.dumps(first), actor=None)
    with CaptureQueriesContext(connection) as several:
        operations.plan(json.dumps(many), actor=None)

    assert len(several) == len(one)
