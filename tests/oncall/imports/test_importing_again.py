"""A second import of a schedule: what changed there, what changed here, and what a file does not tell of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied

from core.accounts.models import Role, User
from oncall.imports import operations
from oncall.models import Override, Schedule
from oncall.schedules import operations as schedules
from tests import cast
from tests.oncall.imports import exports
from tests.oncall.imports.carrying_out import duty, imported, rows, who
from tests.oncall.imports.rendering import NOW, at

if TYPE_CHECKING:
    import time_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("october")]


def other(text: str) -> str:
    """The export after an edit there: Carol has left the weeks, and Bob has the override."""
    whole = json.loads(text)
    schedule = next(iter(whole.values()))["schedule"]
    schedule["schedule_layers"][1]["users"].pop()
    schedule["overrides_subschedule"]["rendered_schedule_entries"][0]["user"] = exports.pd_user("bob")
    schedule["final_schedule"]["rendered_schedule_entries"] = []
    return json.dumps(whole)


@pytest.mark.usefixtures("vera")
def test_what_changed_there_counts_from_the_second_import_on(
    october: time_machine.Traveller, people: dict[str, User]
) -> None:
    imported(exports.pagerduty())
    schedule = Schedule.objects.get()
    october.move_to(at(10, 20, 12))
    past = duty(NOW, at(10, 20, 12))
    own = schedules.add_override(
        schedule, start=at(12, 24, 0), end=at(12, 25, 0), user=people["ada"], actor=None
    )

    (plan,) = imported(other(exports.pagerduty())).report

    assert plan["action"] == "update"
    assert Schedule.objects.get() == schedule
    assert duty(NOW, at(10, 20, 12)) == past
    assert who(at(11, 1, 5)) == {"bob"}
    assert Override.objects.filter(cancelled_at=None).count() == 2
    assert not any(person == "carol" for person, _, _ in duty(at(10, 20, 12), at(12, 31, 0)))
    own.refresh_from_db()
    assert own.cancelled_at is None


@pytest.mark.usefixtures("vera")
def test_an_override_beyond_the_days_that_a_file_tells_of_stays() -> None:
    imported(exports.pagerduty())
    whole = json.loads(exports.pagerduty())
    schedule = next(iter(whole.values()))["schedule"]
    schedule["overrides_subschedule"]["rendered_schedule_entries"] = []
    address = next(iter(whole))
    shorter = {address.replace("until=2027-01-08", "until=2026-10-20"): whole.pop(address), **whole}
    before = rows()

    assert [plan["action"] for plan in imported(json.dumps(shorter)).report] == ["same"]
    assert rows() == before


@pytest.mark.usefixtures("vera")
def test_who_does_not_manage_the_team_of_a_schedule_does_not_change_it_by_an_import() -> None:
    imported(exports.pagerduty())
    Schedule.objects.update(team=cast.team("Elsewhere"))
    started = operations.plan(other(exports.pagerduty()), actor=None)
    before = rows()

    with pytest.raises(PermissionDenied):
        operations.confirm(started, actor=cast.person("Manager", role=Role.MANAGER, team=cast.team()))

    assert rows() == before


@pytest.mark.usefixtures("vera")
def test_what_was_edited_here_since_is_left_alone(
    october: time_machine.Traveller, people: dict[str, User]
) -> None:
    imported(exports.pagerduty())
    october.move_to(at(10, 20, 12))
    schedules.save_layers(
        Schedule.objects.get(),
        layers=[
            schedules.LayerSpec(name="Mine", start=NOW, handoff_at=NOW.time(), participants=[[people["ada"]]])
        ],
        actor=None,
    )
    before = rows()

    (plan,) = imported(other(exports.pagerduty())).report

    assert plan["action"] == "edited"
    assert rows() == before
