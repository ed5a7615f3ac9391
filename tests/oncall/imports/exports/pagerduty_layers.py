"""PagerDuty's schedules of layers, in the shape of its REST API v2."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from tests.oncall.imports.rendering import NEW_YORK, WINDOW, at, spans, text, turn

if TYPE_CHECKING:
    from collections.abc import Callable


def pd_user(key: str) -> dict[str, Any]:
    """A reference to a user, as PagerDuty writes it."""
    return {
        "id": key,
        "type": "user_reference",
        "summary": key.title(),
        "self": f"https://api.pagerduty.com/users/{key}",
        "html_url": f"https://acme.pagerduty.com/users/{key}",
    }


def pd_entry(person: str, start: str, end: str) -> dict[str, Any]:
    return {"start": start, "end": end, "user": pd_user(person)}


def pd_layer(**fields: Any) -> dict[str, Any]:
    return {
        "id": f"P{fields['name'].replace(' ', '').upper()}",
        "start": "2026-01-01T00:00:00-05:00",
        "end": None,
        "restrictions": [],
        "rendered_schedule_entries": [],
        "rendered_coverage_percentage": 100.0,
        **fields,
        "users": [{"user": pd_user(key)} for key in fields["users"]],
    }


def pd_schedule(
    layers: list[dict[str, Any]], who: Callable[[datetime], set[str]], **fields: Any
) -> dict[str, Any]:
    return {
        "schedule": {
            "id": "PL5FQHC",
            "type": "schedule",
            "summary": "Primary On-Call",
            "self": "https://api.pagerduty.com/schedules/PL5FQHC",
            "html_url": "https://acme.pagerduty.com/schedules/PL5FQHC",
            "name": "Primary On-Call",
            "time_zone": "America/New_York",
            "description": "Who has the pager",
            "escalation_policies": [],
            "users": [],
            "teams": [],
            "schedule_layers": layers,
            "overrides_subschedule": {"name": "Overrides", "rendered_schedule_entries": []},
            "final_schedule": {
                "name": "Final Schedule",
                "rendered_coverage_percentage": 100.0,
                "rendered_schedule_entries": [pd_entry(*span) for span in spans(who)],
            },
            **fields,
        }
    }


def pd_capture(schedule: dict[str, Any], *people: str) -> str:
    """The file: two answers, each under the address that was asked."""
    key = schedule["schedule"]["id"]
    users = [
        {"id": one, "type": "user", "name": f"{one.title()} Example", "email": f"{one}@example.com"}
        for one in people
    ]
    return json.dumps(
        {
            f"/schedules/{key}?{WINDOW}": schedule,
            "/users?limit=100": {"users": users, "limit": 100, "offset": 0, "more": False, "total": None},
        }
    )


OVERRIDE = (at(11, 1, 4), at(11, 1, 10))  # over the night in which New York's clock goes back


def pagerduty() -> str:
    """Alice, Bob and Carol by the week; Mona and Ada by the day at weekends; Vera instead over the night of the change."""

    def who(moment: datetime) -> set[str]:
        if OVERRIDE[0] <= moment < OVERRIDE[1]:
            return {"vera"}
        local = moment.astimezone(NEW_YORK)
        into_week = local.weekday() * 24 + local.hour
        if into_week >= 4 * 24 + 17 or into_week < 9:
            return {["mona", "ada"][turn(moment, NEW_YORK, date(2026, 1, 2), 17) % 2]}
        return {["alice", "bob", "carol"][turn(moment, NEW_YORK, date(2026, 1, 5), 9, 7) % 3]}

    layers = [
        pd_layer(
            name="Weekends",
            rotation_virtual_start="2026-01-02T17:00:00-05:00",
            rotation_turn_length_seconds=86400,
            users=["mona", "ada"],
            restrictions=[
                {
                    "type": "weekly_restriction",
                    "start_day_of_week": 5,
                    "start_time_of_day": "17:00:00",
                    "duration_seconds": 64 * 3600,
                }
            ],
        ),
        pd_layer(
            name="Weekly",
            rotation_virtual_start="2026-01-05T09:00:00-05:00",
            rotation_turn_length_seconds=604800,
            users=["alice", "bob", "carol"],
        ),
    ]
    override = pd_entry("vera", *map(text, OVERRIDE)) | {"id": "PO1"}
    overrides = {"name": "Overrides", "rendered_schedule_entries": [override]}
    schedule = pd_schedule(layers, who, overrides_subschedule=overrides)
    return pd_capture(schedule, "alice", "bob", "carol", "mona", "ada", "vera")
