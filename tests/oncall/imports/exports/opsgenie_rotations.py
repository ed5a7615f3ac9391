"""Opsgenie's schedules, in the shape of its API v2."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from tests.oncall.imports.rendering import BERLIN, END, NOW, at, spans, text, turn


def og_user(name: str) -> dict[str, str]:
    return {"type": "user", "id": f"id-{name}", "username": f"{name}@example.com"}


def opsgenie(**fields: Any) -> str:
    """Days by the week and nights by two days, Berlin; two rotations, of which the nights have a turn of nobody.

    Vera covers the days for a week, and Mona everything on the night in which the clock goes back.
    """
    days, night = (at(11, 2, 7), at(11, 9, 7)), (at(10, 24, 22), at(10, 25, 6))

    def who(moment: datetime) -> set[str]:
        if night[0] <= moment < night[1]:
            return {"mona@example.com"}
        local = moment.astimezone(BERLIN)
        if local.weekday() < 5 and 8 <= local.hour < 18:
            if days[0] <= moment < days[1]:
                return {"vera@example.com"}
            person = ["alice", "bob"][turn(moment, BERLIN, date(2026, 1, 5), 8, 7) % 2]
            return {f"{person}@example.com"}
        if local.hour >= 18 or local.hour < 8:
            turns = ["carol", None, "ada"]
            name = turns[turn(moment, BERLIN, date(2026, 1, 5), 18, 2) % 3]
            return {f"{name}@example.com"} if name else set()
        return set()

    schedule = {
        "id": "og-1",
        "name": "Platform_schedule",
        "description": "Who gets paged for the platform",
        "timezone": "Europe/Berlin",
        "enabled": True,
        "ownerTeam": {"id": "team-1", "name": "Platform"},
        "rotations": [
            {
                "id": "rot-days",
                "name": "Days",
                "startDate": "2026-01-05T07:00:00Z",
                "type": "weekly",
                "length": 1,
                "participants": [og_user("alice"), og_user("bob")],
                "timeRestriction": {
                    "type": "weekday-and-time-of-day",
                    "restrictions": [
                        {
                            "startDay": day,
                            "startHour": 8,
                            "startMin": 0,
                            "endDay": day,
                            "endHour": 18,
                            "endMin": 0,
                        }
                        for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
                    ],
                },
            },
            {
                "id": "rot-nights",
                "name": "Nights",
                "startDate": "2026-01-05T17:00:00Z",
                "type": "daily",
                "length": 2,
                "participants": [og_user("carol"), {"type": "none"}, og_user("ada")],
                "timeRestriction": {
                    "type": "time-of-day",
                    "restriction": {"startHour": 18, "startMin": 0, "endHour": 8, "endMin": 0},
                },
            },
        ],
    } | fields
    parent = {"id": "og-1", "name": "Platform_schedule", "enabled": True}
    overrides = [
        {
            "_parent": parent,
            "alias": "days-week",
            "user": og_user("vera"),
            "startDate": text(days[0]),
            "endDate": text(days[1]),
            "rotations": [{"id": "rot-days", "name": "Days"}],
        },
        {
            "_parent": parent,
            "alias": "night",
            "user": og_user("mona"),
            "startDate": text(night[0]),
            "endDate": text(night[1]),
        },
    ]
    periods = [
        {
            "startDate": start,
            "endDate": end,
            "type": "default",
            "recipient": {"id": f"id-{name.split('@')[0]}", "type": "user", "name": name},
        }
        for name, start, end in spans(who)
    ]
    timeline = {
        "_parent": parent,
        "startDate": text(NOW),
        "endDate": text(END),
        "finalTimeline": {
            "rotations": [{"id": "rot-days", "name": "Days", "order": 1.0, "periods": periods}]
        },
    }
    told = {"took": 0.1, "requestId": "r"}
    return json.dumps(
        {
            "/v2/schedules?expand=rotation": {"data": [schedule], "expandable": ["rotation"], **told},
            "/v2/schedules/og-1/overrides": {"data": overrides, **told},
            f"/v2/schedules/og-1/timeline?date={text(NOW)}&interval=90&intervalUnit=days": {
                "data": timeline,
                "expandable": ["base", "forwarding", "override"],
                **told,
            },
        }
    )
