"""Every screen in both themes and both sizes: axe, the content security policy, the console, and no sideways scrolling.

`make test` looks at each theme and each size once, `make proof` at all four together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import places

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def screens(live_stack: Stack) -> list[places.Place]:
    return places.places(live_stack, places.alarm(live_stack))


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        ("desktop", "light"),
        ("phone", "dark"),
        pytest.param("desktop", "dark", marks=pytest.mark.full),
        pytest.param("phone", "light", marks=pytest.mark.full),
    ],
)
def test_every_screen_is_accessible_quiet_and_fits(
    browser: Browser, live_stack: Stack, screens: list[places.Place], size: str, theme: str
) -> None:
    people = places.context(browser, live_stack, size=size, theme=theme)
    anybody = places.context(browser, live_stack, size=size, theme=theme, who=None)
    found: list[str] = []
    for place in screens:
        page = (people if place.signed_in else anybody).new_page()
        found += [f"{place.name} ({place.path}): {problem}" for problem in _problems(page, place.path)]
        page.close()
    people.close()
    anybody.close()
    assert found == []


def _problems(page: Page, path: str) -> list[str]:
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: noise.append(str(error)))
    answer = page.goto(path)
    page.wait_for_load_state("load")
    status = answer.status if answer else 0
    if status != 200:
        return [f"answered {status}"]
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    sideways = [f"{wide} px wider than the window"] if wide > 0 else []
    violations = [
        f"{one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in Axe().run(page).response["violations"]
        if one["impact"] in SERIOUS
    ]
    return [*noise, *sideways, *violations]
