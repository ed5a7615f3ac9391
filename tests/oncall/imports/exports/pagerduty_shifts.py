"""PagerDuty's schedules of shifts, in the shape of its REST API v3."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from tests.oncall.imports.rendering import NEW_YORK, WINDOW, at, spans, text


def member(key: str | None) -> dict[str, Any]:
    return {"type": "user_member", "user_id": key} if key else {"type": "empty_member"}


def pd_event(
    name: str, start: str, end: str, rule: str, *people: str | None, each: int = 0
) -> dict[str, Any]:
    kind = "rotating" if each else "every"
    strategy = {"type": f"{kind}_member_assignment_strategy", "members": [member(key) for key in people]}
    return {
        "id": f"E{name.upper()}",
        "type": "schedule_event",
        "name": name,
        "start_time": {"date_time": start, "time_zone": "America/New_York"},
        "end_time": {"date_time": end, "time_zone": "America/New_York"},
        "effective_since": "2026-01-05T14:00:00Z",
        "effective_until": None,
        "recurrence": [rule],
        "assignment_strategy": strategy | ({"shifts_per_member": each} if each else {}),
    }


def pagerduty_v3() -> str:
    """Alice, nobody and Carol take turns by the working day; Mona and Ada have weekends together.

    Bob covers Carol for two days, and Vera is on call as well for an afternoon.
    """
    cover, extra = (at(11, 2, 0), at(11, 4, 0)), (at(11, 6, 18), at(11, 6, 22))

    def who(moment: datetime) -> set[str]:
        local = moment.astimezone(NEW_YORK)
        found = {"vera"} if extra[0] <= moment < extra[1] else set()
        if local.weekday() >= 5:
            return found | {"mona", "ada"}
        if not 9 <= local.hour < 17:
            return found
        weeks, day = divmod((local.date() - date(2026, 1, 5)).days, 7)
        turns: list[str | None] = ["alice", None, "carol"]
        person = turns[(weeks * 5 + day) % 3]
        if person == "carol" and cover[0] <= moment < cover[1]:
            person = "bob"
        return found | ({person} if person else set())

    events = [
        pd_event(
            "Days",
            "2026-01-05T09:00:00-05:00",
            "2026-01-05T17:00:00-05:00",
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            *("alice", None, "carol"),
            each=1,
        ),
        pd_event(
            "Weekend",
            "2026-01-10T00:00:00-05:00",
            "2026-01-12T00:00:00-05:00",
            "RRULE:FREQ=WEEKLY;BYDAY=SA",
            *("mona", "ada"),
        ),
    ]
    assignments = [
        {
            "type": "computed_shift_assignment",
            "start_time": start,
            "end_time": end,
            "member": member(person),
            "source": {"type": "schedule_rotation", "rotation_id": "ROT1"},
        }
        for person, start, end in spans(who)
    ]
    schedule = {
        "schedule": {
            "id": "PV3",
            "type": "schedule_v3",
            "name": "Engineering On-Call",
            "time_zone": "America/New_York",
            "self": "https://api.pagerduty.com/v3/schedules/PV3",
            "rotations": [
                {"id": f"ROT{number}", "type": "schedule_rotation", "events": [event]}
                for number, event in enumerate(events, start=1)
            ],
            "final_schedule": {
                "type": "final_schedule",
                "rendered_coverage_percentage": 62.5,
                "computed_shift_assignments": assignments,
            },
        }
    }
    override = {
        "id": "OV1",
        "type": "override_shift",
        "rotation_id": "ROT1",
        "start_time": text(cover[0]),
        "end_time": text(cover[1]),
        "overridden_member": member("carol"),
        "overriding_member": member("bob"),
    }
    shift = {
        "id": "CS1",
        "type": "custom_shift",
        "start_time": text(extra[0]),
        "end_time": text(extra[1]),
        "assignments": [{"id": "A1", "type": "shift_assignment", "member": member("vera")}],
    }
    users = [
        {"id": one, "type": "user", "name": one.title(), "email": f"{one}@example.com"}
        for one in ("alice", "bob", "carol", "mona", "ada", "vera")
    ]
    path = "https://api.pagerduty.com/v3/schedules/PV3"
    return json.dumps(
        {
            f"{path}?{WINDOW}&include[]=final_schedule": schedule,
            f"{path}/overrides?{WINDOW}": {"overrides": [override], "limit": 100, "offset": 0, "more": False},
            f"{path}/custom_shifts?{WINDOW}": {"custom_shifts": [shift], "limit": 100, "more": False},
            "https://api.pagerduty.com/users": {"users": users, "limit": 25, "offset": 0, "more": False},
        }
    )
