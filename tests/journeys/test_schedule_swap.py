"""Somebody asks on a phone who takes a shift, and somebody else takes it with one tap, without signing in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import places

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.peers import Mail
    from tests.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.timeout(120)]
ASKS = "Priya Raman asks: who takes a shift in Payments primary?"


def test_a_shift_is_given_away_and_taken_on_a_phone(live_stack: Stack, browser: Browser) -> None:
    live_stack.smtp.inbox.clear()
    hers = places.context(browser, live_stack, size="phone", theme="light", who="priya@example.com")
    page = hers.new_page()
    page.goto("/on-call/")
    page.get_by_role("link", name="Swaps").click()
    page.get_by_role("link", name="Payments primary").click()
    # The last of them: who is on call today is nothing that other journeys should find changed.
    shift = page.get_by_role("checkbox").last
    shift.check()
    page.get_by_label("Reason").fill("My sister marries")
    page.get_by_role("button", name="Ask who takes it").click()
    expect(page.get_by_text("Asked. Until somebody takes it, nothing changes.")).to_be_visible()

    def asked(mails: list[Mail]) -> list[Mail]:
        return [mail for mail in mails if mail.subject == ASKS]

    mails = asked(live_stack.smtp.inbox.wait(until=lambda got: len(asked(got)) == 3, seconds=15))
    links = {mail.recipients[0]: _cover(mail) for mail in mails}
    assert set(links) == {"tomas@example.com", "marta@example.com", "noah@example.com"}

    his = places.context(browser, live_stack, size="phone", theme="dark", who=None)
    phone = his.new_page()
    phone.goto(links["tomas@example.com"])
    expect(phone.get_by_role("heading", name="Can you take this shift of Priya Raman?")).to_be_visible()
    expect(phone.get_by_text("My sister marries")).to_be_visible()
    phone.get_by_role("button", name="Take it").tap()
    expect(phone.get_by_role("heading", name="It is yours. Thank you.")).to_be_visible()
    phone.goto(links["marta@example.com"])
    expect(phone.get_by_role("heading", name="Tomás Rivera takes it")).to_be_visible()
    assert phone.get_by_role("button").count() == 0, "of two who tap, one has it"

    # Her page follows by itself, and the calendar says why.
    expect(page.get_by_role("heading", name="Tomás Rivera for Priya Raman")).to_be_visible()
    ((start,),) = live_stack.rows(
        "select s.start from oncall_swapshift s join oncall_swap w on w.id = s.swap_id"
        " where w.status = 'taken' and w.reason = 'My sister marries'"
    )
    page.goto(f"/on-call/payments/-/shift/?at={start:%Y-%m-%dT%H:%MZ}")
    expect(page.get_by_role("heading", name="Tomás Rivera")).to_be_visible()
    expect(page.get_by_text("by Tomás Rivera for Priya Raman until").first).to_be_visible()
    hers.close()
    his.close()


def _cover(mail: Mail) -> str:
    found = re.search(r"https?://\S+/cover/\S+", mail.text)
    assert found is not None, mail.text
    return found.group()
