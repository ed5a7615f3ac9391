"""The palette in a real browser: by keys alone, without leaving what one does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def tab(browser: Browser, live_stack: Stack) -> Iterator[Page]:
    made = places.context(browser, live_stack, size="desktop", theme="light")
    page = made.new_page()
    page.goto("/incidents/")
    yield page
    made.close()


def test_keys_alone_open_find_and_go(tab: Page) -> None:
    field, options = tab.locator("#palette input"), tab.locator("#palette [role=option]")
    tab.keyboard.press("Control+k")
    expect(field).to_be_focused()
    tab.keyboard.type("page paym")
    expect(options.first).to_contain_text("Page Payments")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert Axe().run(tab).response["violations"] == []
    tab.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", options.nth(1).get_attribute("id") or "")
    tab.keyboard.press("Escape")
    expect(tab.locator("#palette")).to_be_hidden()
    # Enter straight after the last letter waits for what belongs to it, and goes there.
    tab.keyboard.press("Control+k")
    field.fill("")
    tab.keyboard.type("INC-4")
    tab.keyboard.press("Enter")
    tab.wait_for_url(re.compile(r"/incidents/(INC-)?4/"))
