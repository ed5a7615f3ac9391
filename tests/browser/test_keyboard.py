"""An incident from its declaration to its end without a mouse, and the list of shortcuts as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
FARTHEST = 200
HERE = "(selector) => document.activeElement?.matches(selector) ?? false"


@pytest.fixture
def page(browser: Browser, live_stack: Stack) -> Iterator[Page]:
    made = places.context(browser, live_stack, size="desktop", theme="light")
    yield made.new_page()
    made.close()


def reach(page: Page, selector: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(FARTHEST):
        if page.evaluate(HERE, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab leads nowhere to {selector}")


def shortcuts(page: Page) -> dict[str, str]:
    """What the list says, opened and closed by the keyboard."""
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    rows = page.locator("#keys [data-keys-list] > div").all()
    found = {" ".join(row.locator("dt").inner_text().split()): row.locator("dd").inner_text() for row in rows}
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    return found


def test_an_incident_is_declared_told_of_and_resolved_by_the_keyboard(page: Page) -> None:
    page.goto("/incidents/")
    assert shortcuts(page)["D"] == "Declare an incident"
    page.keyboard.press("d")
    page.wait_for_url("**/incidents/declare/")
    page.keyboard.type("Vouchers are refused at checkout")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/incidents/INC-*/")
    assert {"U", "P", "S", "T"} <= set(shortcuts(page))
    page.keyboard.press("u")
    page.wait_for_url("**?write=internal#write")
    reach(page, "#write textarea")
    page.keyboard.type("Customers cannot redeem vouchers; everything else can be paid.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#log")).to_contain_text("Customers cannot redeem vouchers")
    reach(page, "#room-menu summary")
    page.keyboard.press("Enter")
    reach(page, "#room-menu a[href$='/edit/resolve/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/resolve/")
    reach(page, "[name=reason]")
    page.keyboard.type("The voucher service was started again")
    reach(page, "[name=despite]")
    page.keyboard.type("Seen to work by three people")
    reach(page, ".closing button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/INC-*/")
    expect(page.locator("#room-head .steps li.done").last).to_have_text("Resolved")
    expect(page.locator("#log")).to_contain_text("The voucher service was started again")
    assert "U" not in shortcuts(page)  # nothing is listed that is not there any more
