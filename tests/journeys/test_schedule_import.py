"""A schedule moves house: its export is imported in a browser, and then no minute of 90 days differs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser import places

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.timeout(300)]

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
# Their ids there, in the order of their turns; Noah has another address there, by which nobody here knows him.
ADDRESSES = {"PPRIYA": "priya@example.com", "PTOMAS": "tomas@example.com", "PNOAH": "noah@old.example.com"}
HERE = {**ADDRESSES, "PNOAH": "noah@example.com"}


def turns(since: datetime, until: datetime) -> list[tuple[datetime, datetime, str]]:
    """Worked out by hand: a turn a day, handed over at 09:00 by Berlin's clock, whatever that clock does."""
    ids, first = list(ADDRESSES), datetime(2026, 1, 5, tzinfo=UTC).date()
    begins = [
        datetime.combine((since + DAY * day).date(), time(9), BERLIN).astimezone(UTC)
        for day in range(-1, (until - since).days + 2)
    ]
    return [
        (max(start, since), min(end, until), ids[(start.astimezone(BERLIN).date() - first).days % 3])
        for start, end in zip(begins, [*begins[1:], until], strict=True)
        if start < until and since < end
    ]


def export(since: datetime, until: datetime) -> dict[str, Any]:
    """What PagerDuty's API answers about such a schedule and its people."""
    layer = {
        "name": "Nights",
        "start": "2026-01-05T09:00:00+01:00",
        "end": None,
        "rotation_virtual_start": "2026-01-05T09:00:00+01:00",
        "rotation_turn_length_seconds": 86_400,
        "users": [{"user": {"id": key}} for key in ADDRESSES],
        "restrictions": [],
    }
    rendered = [
        {"start": start.isoformat(), "end": end.isoformat(), "user": {"id": key}}
        for start, end, key in turns(since, until)
    ]
    schedule = {
        "id": "PNIGHTS",
        "name": "Night watch",
        "time_zone": "Europe/Berlin",
        "schedule_layers": [layer],
        "final_schedule": {"rendered_schedule_entries": rendered},
    }
    asked = urlencode({"since": since.isoformat(), "until": until.isoformat()})
    users = [{"id": key, "name": key[1:].title(), "email": email} for key, email in ADDRESSES.items()]
    return {f"/schedules/PNIGHTS?{asked}": {"schedule": schedule}, "/users?limit=100": {"users": users}}


def test_an_export_is_imported_and_no_minute_differs(
    live_stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    midnight = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    since, until = midnight - DAY, midnight + 93 * DAY
    file = tmp_path / "export.json"
    file.write_text(json.dumps(export(since, until)))
    context = places.context(browser, live_stack, size="desktop", theme="light")
    page = context.new_page()

    # The plan says what becomes of it, and whom nobody here knows.
    page.goto("/on-call/")
    page.get_by_role("link", name="Import", exact=True).click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_text("This is a plan. Nothing has changed yet.")).to_be_visible()
    expect(page.get_by_text("Nobody here has this address")).to_be_visible()
    expect(page.get_by_text("0 minutes differ", exact=True)).to_have_count(0)
    assert live_stack.rows("select count(*) from oncall_schedule where name = 'Night watch'") == [(0,)]

    # Once it knows who he is, no minute of the next 90 days differs.
    page.get_by_label("Noah <noah@old.example.com>").fill(HERE["PNOAH"])
    page.get_by_role("button", name="Plan anew").click()
    expect(page.get_by_text("0 minutes differ", exact=True)).to_be_visible()
    expect(page.get_by_text("0 of 129600 minutes differ")).to_be_visible()

    # Confirmed, it is a schedule, and whoever had a shift there has it here.
    page.get_by_role("button", name="Import this").click()
    expect(page.get_by_text("Imported. The schedules count from now on.")).to_be_visible()
    page.get_by_role("link", name="Open its calendar").click()
    expect(page.get_by_role("heading", name="Night watch")).to_be_visible()
    (made,) = live_stack.rows("select min(effective_from) from oncall_scheduleversion v"
                              " join oncall_schedule s on s.id = v.schedule_id where s.name = 'Night watch'")  # fmt: skip
    asked = urlencode({"from": (made[0] + DAY).isoformat(), "to": (until - DAY).isoformat()})
    answer = page.request.get(f"/api/v1/schedules/night-watch/shifts/?{asked}")
    assert answer.status == 200, answer.text()
    people = {str(pk): email for pk, email in live_stack.rows("select id, email from accounts_user")}
    assert {
        (datetime.fromisoformat(each["start"]), *(people[user] for user in each["users"]))
        for each in answer.json()[1:]
    } == {
        (start, HERE[key])
        for start, _, key in turns(made[0] + DAY, until - DAY)[1:]
    }  # fmt: skip
    context.close()
