"""Forty minutes of an incident: whoever was woken has a phone, two others have a screen each, and nobody reloads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import places
from tests.journeys import passing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.peers import Mail
    from tests.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.timeout(300)]

TITLE = "Checkout answers with errors"
QUESTION = "How full is the connection pool, in 5 minutes?"
ANSWER = "400 of 400, all held by the version of 02:10"
HYPOTHESIS = "The deploy of 02:10 keeps connections open: the pool is full."
PUBLIC = "About 1 in 3 card payments fails. Paying by invoice works."
TOLD = "This is resolved. It lasted 4"
SOON = 20_000
"""Milliseconds in which a change has reached a screen on a busy machine."""


def test_an_incident_of_forty_minutes_on_two_screens_and_a_phone(live_stack: Stack, browser: Browser) -> None:
    stack = live_stack
    stack.smtp.inbox.clear()
    alert = {
        "title": TITLE, "severity": "critical", "dedup_key": "forty-minutes", "labels": {"service": "payments-api"},
    }  # fmt: skip
    mail = places.send(stack, alert)
    (woken,) = mail.recipients
    boss, expert = [each for each in stack.logins if each["role"] == "responder" and each["email"] != woken][
        :2
    ]
    phone = _open(browser, stack, woken, size="phone", path=places.page_link(mail))
    desk = _open(browser, stack, boss["email"], size="desktop", path="/incidents/")

    # Minute 0: acknowledged and declared on the phone; the board shows it, and the desk goes to the room from there.
    phone.get_by_role("button", name="Acknowledge", exact=True).click()
    phone.get_by_role("button", name="Declare incident").click()
    strip = desk.locator("article.strip", has_text=TITLE)
    expect(strip).to_be_visible(timeout=SOON)
    number = stack.rows("select number from incidents_incident where title = %s", TITLE)[0][0]
    room = f"/incidents/INC-{number}/"
    strip.get_by_role("link").first.click()
    desk.wait_for_url(f"**{room}")
    other = _open(browser, stack, expert["email"], size="desktop", path=room)

    # Minute 2: command goes from the phone to the desk; the other screen sees who commands.
    passing.minutes(stack, 2)
    phone.goto(room)
    phone.get_by_label("More actions").click()
    phone.get_by_role("link", name="Hand over command").click()
    phone.get_by_label("Who?").select_option(label=boss["name"])
    phone.get_by_role("button", name="Offer command").click()
    _stays(phone, other)
    expect(desk.locator("#offered")).to_be_visible(timeout=SOON)
    desk.get_by_role("link", name="Read the briefing").click()
    desk.get_by_role("button", name="Accept command").click()
    desk.wait_for_url(f"**{room}")
    _stays(desk)
    for screen in (other, phone):
        expect(screen.locator("ul.roles li").first).to_contain_text(boss["name"], timeout=SOON)

    # Minute 4: a question in a note is a task on the other screen, and the answer comes back.
    passing.minutes(stack, 2)
    first = expert["email"].partition("@")[0]
    desk.get_by_label("What happened?").fill(f"@{first} {QUESTION}")
    desk.get_by_role("button", name="Add to the timeline").click()
    asked = other.locator("#tasks").get_by_role("link", name=QUESTION)
    expect(asked).to_be_visible(timeout=SOON)
    asked.click()
    other.get_by_label("What came of it?").fill(ANSWER)
    other.get_by_role("button", name="Done", exact=True).click()
    expect(desk.locator("#timeline")).to_contain_text(ANSWER, timeout=SOON)

    # What is being typed stays when the room changes around it: the hypothesis reaches the phone.
    desk.get_by_label("What happened?").fill("half a thought")
    desk.locator("#picture-hypothesis").get_by_role("link", name="Write it").click()
    said = desk.get_by_role("dialog")
    said.get_by_role("textbox").fill(HYPOTHESIS)
    said.get_by_role("button", name="Save").click()
    expect(phone.locator("#picture-hypothesis")).to_contain_text(HYPOTHESIS, timeout=SOON)
    expect(desk.get_by_label("What happened?")).to_have_value("half a thought")

    # Minute 8: customers read what they experience, and no word of what it is called here.
    passing.minutes(stack, 4)
    desk.goto(f"{room}?write=public#write")
    desk.get_by_label("Public update").fill(PUBLIC)
    desk.get_by_label("Card payments").select_option("partial_outage")
    desk.get_by_role("button", name="Preview as customers see it").click()
    desk.get_by_role("button", name=re.compile("^Publish")).click()
    anybody = browser.new_context(base_url=stack.url, java_script_enabled=False).new_page()
    stack.until(lambda: PUBLIC in _read(anybody), seconds=10, what="the update on the status page")
    assert TITLE not in _read(anybody)
    _stays(desk)

    # Minute 20: nothing was said for twelve minutes, and the room says so by itself.
    passing.minutes(stack, 12)
    silent = desk.get_by_role("region", name="The commander is silent")
    expect(silent).to_be_visible(timeout=SOON)

    # Minute 28: the expert rolls back, which is on the phone at once.
    passing.minutes(stack, 8)
    other.goto(room)
    other.get_by_role("button", name="Try it: Roll back to the last version").click()
    expect(phone.locator("#mitigations")).to_contain_text("Under way", timeout=SOON)

    # Minute 38: the next update is due and late. One press is an update, and the clock starts anew.
    passing.minutes(stack, 10)
    late = phone.locator("header.room").get_by_text("Update overdue")
    expect(late).to_be_visible(timeout=SOON)
    desk.goto(f"{room}?write=internal#write")
    desk.get_by_role("button", name=re.compile("^No news")).click()
    expect(late).to_be_hidden(timeout=SOON)
    expect(silent).to_have_count(0, timeout=SOON)
    _stays(desk)

    # It worked; the stage goes on, and the board of the phone's owner says it too.
    other.get_by_role("button", name="It worked").click()
    expect(desk.locator("#timeline")).to_contain_text("Roll back to the last version: worked", timeout=SOON)
    _stays(other)
    desk.locator("body").press("s")
    desk.get_by_role("dialog").get_by_label("Monitoring").check()
    desk.get_by_role("dialog").get_by_role("button", name="Change stage").click()
    expect(phone.locator("header.room [aria-current=step]")).to_have_text("Monitoring", timeout=SOON)

    # Minute 40: not stable for long enough, so it takes a reason; then it is over everywhere.
    passing.minutes(stack, 2)
    desk.goto(f"{room}edit/resolve/")
    for tick in desk.locator("input[name=confirmed]").all():
        tick.check()
    desk.get_by_label("Why now, in spite").fill("The cause is known and taken back.")
    desk.get_by_role("button", name=re.compile("^Resolve the incident")).click()
    desk.wait_for_url(f"**{room}**")
    for screen in (phone, other):
        expect(screen.locator("header.room").get_by_role("link", name="Reopen")).to_be_visible(timeout=SOON)
        assert screen.evaluate("() => window.neverReloaded") is True
    stack.until(lambda: TOLD in _read(anybody, "history/"), seconds=10, what="the end on the status page")
    lasted = "select resolved_at - declared_at from incidents_incident where number = %s"
    assert 40 <= stack.rows(lasted, number)[0][0].total_seconds() / 60 < 45
    # Whoever was woken was woken once.
    assert len([each for each in stack.smtp.inbox.all() if _pages(each, woken)]) == 1
    for page in (phone, desk, other, anybody):
        page.context.close()


def _open(browser: Browser, stack: Stack, who: str, *, size: str, path: str) -> Page:
    page = places.context(browser, stack, size=size, theme="dark", who=who).new_page()
    page.goto(path)
    return page


def _stays(*screens: Page) -> None:
    """From here on these are not loaded again."""
    for screen in screens:
        screen.evaluate("() => { window.neverReloaded = true }")


def _pages(mail: Mail, who: str) -> bool:
    return mail.recipients == [who] and "/p/" in mail.text and TITLE in mail.subject


def _read(page: Page, path: str = "") -> str:
    page.goto(f"/status/alder-pay/{path}")
    return page.inner_text("body")
