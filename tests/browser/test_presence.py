"""Who has a room open, in two browsers: one comes, one loses its connection without a word, one leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import places

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def test_people_in_a_room_see_one_another_come_and_go(browser: Browser, live_stack: Stack) -> None:
    ((number,),) = live_stack.rows(
        "select number from incidents_incident where title like 'Search results%%'"
    )
    other = next(login["email"] for login in live_stack.logins if login["email"] != "admin@example.com")
    mine = places.context(browser, live_stack, size="desktop", theme="light")
    theirs = places.context(browser, live_stack, size="phone", theme="dark", who=other)
    room = mine.new_page()
    room.goto(f"/incidents/INC-{number}/")
    count = room.locator("#here [data-here-count]")
    expect(count).to_have_text("1 here now", timeout=20_000)
    phone = theirs.new_page()
    phone.goto(f"/incidents/INC-{number}/")
    expect(count).to_have_text("2 here now", timeout=20_000)
    expect(phone.locator("#here [data-here-count]")).to_have_text("2 here now", timeout=20_000)
    room.locator("#here summary").click()
    expect(room.locator("#here li")).to_have_count(2)
    expect(room.locator("#here .avs .av")).to_have_count(2)
    found = Axe().run(room, "#here")
    assert found.response["violations"] == []
    wide = phone.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    theirs.set_offline(True)  # nothing is said to the server; the browser can keep its seat no more
    expect(count).to_have_text("1 here now", timeout=60_000)
    theirs.set_offline(False)
    expect(count).to_have_text("2 here now", timeout=60_000)
    phone.close()
    expect(count).to_have_text("1 here now", timeout=30_000)
    theirs.close()
    mine.close()
