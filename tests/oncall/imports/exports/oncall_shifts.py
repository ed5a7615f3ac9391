"""Grafana OnCall's schedules, in the shape of its API v1."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from tests.oncall.imports.rendering import END, NEW_YORK, NOW, at, spans, text


def oc_page(*results: dict[str, Any]) -> dict[str, Any]:
    return {
        "count": len(results),
        "next": None,
        "previous": None,
        "results": list(results),
        "current_page_number": 1,
        "page_size": 50,
        "total_pages": 1,
    }


def oc_shift(key: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": key,
        "name": key.title(),
        "type": kind,
        "team_id": None,
        "time_zone": None,
        "level": 0,
        **fields,
    }


def grafana_oncall(*more: dict[str, Any]) -> str:
    """Alice with Bob, then Carol, by the working week in level 1; Mona below at any hour, Ada above each second Sunday.

    Vera overrides a day, and takes Carol's duty of one week.
    """
    override, swap = (at(11, 3, 14), at(11, 4, 2)), (at(11, 16, 0), at(11, 21, 0))

    def who(moment: datetime) -> set[str]:
        if override[0] <= moment < override[1]:
            return {"vera"}
        local = moment.astimezone(NEW_YORK)
        weeks = (local.date() - date(2026, 1, 5)).days // 7
        if local.weekday() == 6 and weeks % 2 == 0 and 10 <= local.hour < 13:
            return {"ada"}
        if local.weekday() < 5 and 9 <= local.hour < 17:
            group = [{"alice", "bob"}, {"carol"}][weeks % 2]
            taken = swap[0] <= moment < swap[1]
            return {"vera" if taken and one == "carol" else one for one in group}
        return {"mona"}

    week = ["MO", "TU", "WE", "TH", "FR"]
    shifts = [
        oc_shift(
            "weekly",
            "rolling_users",
            level=1,
            start="2026-01-05T09:00:00",
            duration=28800,
            frequency="weekly",
            interval=1,
            week_start="MO",
            by_day=week,
            rolling_users=[["carol"], ["alice", "bob"]],
            start_rotation_from_user_index=1,
        ),
        oc_shift(
            "always",
            "recurrent_event",
            start="2026-01-05T00:00:00",
            duration=86400,
            frequency="daily",
            interval=1,
            users=["mona"],
        ),
        oc_shift(
            "sundays",
            "recurrent_event",
            level=2,
            start="2026-01-11T10:00:00",
            duration=10800,
            frequency="weekly",
            interval=2,
            week_start="MO",
            by_day=["SU"],
            users=["ada"],
        ),
        oc_shift(
            "cover", "override", time_zone="UTC", start="2026-11-03T14:00:00", duration=43200, users=["vera"]
        ),
        *more,
    ]
    schedule = {
        "id": "SBM7DV7BKFUYU",
        "name": "Demo schedule",
        "type": "calendar",
        "team_id": None,
        "time_zone": "America/New_York",
        "on_call_now": [],
        "shifts": [shift["id"] for shift in shifts],
        "ical_url_overrides": None,
        "slack": {"channel_id": None, "user_group_id": None},
    }
    swaps = {
        "id": "SSRG1TDNBMJQ1NC",
        "schedule": "SBM7DV7BKFUYU",
        "swap_start": text(swap[0]),
        "swap_end": text(swap[1]),
        "beneficiary": "carol",
        "benefactor": "vera",
        "status": "taken",
    }
    users: list[dict[str, Any]] = [
        {"id": one, "email": f"{one}@example.com", "slack": [], "username": one}
        for one in ("alice", "bob", "carol", "mona", "ada", "vera")
    ]
    final = [
        {
            "user_pk": person,
            "user_email": f"{person}@example.com",
            "user_username": person,
            "shift_start": start,
            "shift_end": end,
        }
        for person, start, end in spans(who)
    ]
    dates = f"start_date={NOW:%Y-%m-%d}&end_date={END:%Y-%m-%d}"
    return json.dumps(
        {
            "/api/v1/schedules/": oc_page(schedule),
            "/api/v1/on_call_shifts/?schedule_id=SBM7DV7BKFUYU": oc_page(*shifts),
            "/api/v1/users/": oc_page(*users),
            "/api/v1/shift_swaps/": oc_page(swaps),
            f"/api/v1/schedules/SBM7DV7BKFUYU/final_shifts?{dates}": oc_page(*final),
        }
    )
