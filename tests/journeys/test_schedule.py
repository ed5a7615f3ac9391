"""A manager builds a schedule that follows the sun, looks at the weeks of the clock changes, makes a gap and fills it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.timeout(120)]

HOME = "/on-call/round-the-clock/"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date()
NEXT_DAY = f"{HOME}?view=day&zone=utc&from={TOMORROW}"


@pytest.fixture
def page(browser: Browser, live_stack: Stack) -> Iterator[Page]:
    made = places.context(browser, live_stack, size="desktop", theme="light")
    yield made.new_page()
    made.close()


def columns(page: Page) -> list[float]:
    """How wide each day is drawn."""
    return [
        box["width"] for day in page.locator(".cal-head .day").all() for box in [day.bounding_box()] if box
    ]


def test_follow_the_sun_is_built_seen_over_the_clock_changes_and_its_gap_filled(page: Page) -> None:
    # Build it.
    page.goto("/on-call/new/")
    page.get_by_role("link", name="Follow the sun").click()
    page.get_by_label("Name", exact=True).fill("Round the clock")
    page.get_by_label("Address").fill("round-the-clock")
    page.get_by_label("Time zone of its hand-offs", exact=True).select_option("Europe/Berlin")
    for number in range(3):
        page.locator(f"#id_layers-{number}-person_0").select_option(index=number + 2)
    page.get_by_role("button", name="Add schedule").click()
    page.wait_for_url(f"**{HOME}")

    # Both weeks of the year in which Berlin's clock changes: hours to scale, and nobody missing.
    for day, hours in (("2027-03-28", 23), ("2027-10-31", 25)):
        page.goto(f"{HOME}?view=week&zone=schedule&from={day}")
        expect(page.locator(".cal-head .day").last).to_contain_text(f"{hours} h, DST")
        *others, sunday = columns(page)
        assert sunday / others[0] == pytest.approx(hours / 24, abs=0.01)
        expect(page.locator(".gapnote")).to_have_count(0)

    # A second person joins the last rotation and is moved before the first one, by keyboard.
    page.get_by_role("link", name="Change rotations").click()
    first, second = page.locator("#id_layers-2-person_0"), page.locator("#id_layers-2-person_1")
    order = [first.input_value(), second.locator("option").nth(6).get_attribute("value") or ""]
    second.select_option(order[1])
    page.locator("#id_layers-2-every").press("Enter")
    expect(page.locator("#preview")).to_be_visible()
    page.locator("#turn-2-1-up").press("Enter")
    expect(page.locator("#turn-2-0-down")).to_be_focused()
    expect(page.locator("#say")).to_contain_text("has turn 1 of 2.")
    assert [first.input_value(), second.input_value()] == order[::-1]
    page.goto(HOME)

    # The Americas begin later: the preview says what that opens, before anything is saved.
    page.get_by_role("link", name="Change rotations").click()
    page.locator("#id_layers-0-from_0").fill("13:00")
    page.get_by_role("button", name="Show what changes").click()
    expect(page.locator("#preview")).to_contain_text("Nobody would be on call")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**{HOME}")

    # The gap is found on the calendar, with its cause, and covered.
    page.goto(NEXT_DAY)
    expect(page.locator(".gapnote")).to_contain_text("Europe ends")
    expect(page.locator(".gapnote")).to_contain_text("Americas begins")
    page.get_by_role("link", name="Cover once").click()
    page.get_by_label("Who covers").select_option(index=1)
    page.get_by_role("button", name="Put them on call").click()
    page.wait_for_url(f"**{HOME}")
    page.goto(NEXT_DAY)
    expect(page.locator(".cal-final .over-s")).to_have_count(1)
    expect(page.locator(".gapnote")).to_have_count(0)

    # By keyboard from shift to shift, and into one.
    page.locator(".cal-final a.shift").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".cal-final a.shift").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why")).to_be_visible()

    # With the mouse over the last line, from 06:00 to noon.
    page.goto(NEXT_DAY)
    track = page.locator(".cal-final .track").bounding_box()
    assert track is not None
    page.mouse.move(track["x"] + track["width"] * 0.255, track["y"] + 10)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.495, track["y"] + 10, steps=4)
    page.mouse.up()
    form = page.get_by_role("dialog", name="Override")
    expect(form.get_by_label("Who covers")).to_be_focused()
    assert form.get_by_label("From").input_value() == f"{TOMORROW}T06:00"
    assert form.get_by_label("Until").input_value() == f"{TOMORROW}T12:00"
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)

    # By keyboard on a shift; what is wrong is said in the form, and once it is right the calendar shows it.
    page.locator(".cal-final a.shift").last.focus()
    page.keyboard.press("o")
    until = form.get_by_label("Until").input_value()
    form.get_by_label("Who covers").select_option(index=1)
    form.get_by_label("Until").fill("2020-01-01T12:00")
    form.get_by_role("button", name="Put them on call").click()
    expect(form).to_contain_text("It has to end after it starts.")
    expect(form.get_by_label("Until")).to_be_focused()
    form.get_by_label("Until").fill(until)
    form.get_by_role("button", name="Put them on call").click()
    expect(form).to_have_count(0, timeout=15_000)
    expect(page.locator(".cal-final .over-s")).to_have_count(2, timeout=15_000)
