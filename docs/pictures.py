"""The pictures of the documentation, taken from the running product: `make pictures`.

It starts the product with the sample company on servers of its own, sends a real alert, and looks at every screen
at two sizes in both themes. The files go to docs/images/.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright

from core.stack.embedded import Postgres
from tests import plugin, programs  # noqa: F401 - the plugin starts the servers
from tests.browser import places
from tests.running import Stack

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Take every picture anew."""
    IMAGES.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="watchbill-pictures-"))
    # A server as people run it, and the product watching itself: its health is in the pictures too.
    stack = Stack(folder, postgres=Postgres(folder / "database"), env={"SELF_WATCH": "true"}).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=programs.CHROMIUM)
            screens = places.places(stack, places.alarm(stack))
            for size in places.SIZES:
                for theme in places.THEMES:
                    people = places.context(browser, stack, size=size, theme=theme)
                    anybody = places.context(browser, stack, size=size, theme=theme, who=None)
                    for place in screens:
                        page = (people if place.signed_in else anybody).new_page()
                        page.goto(place.path)
                        page.wait_for_load_state("load")
                        page.wait_for_timeout(300)
                        page.screenshot(path=IMAGES / f"{place.name}-{size}-{theme}.png")
                        page.close()
            browser.close()
    finally:
        stack.stop()


if __name__ == "__main__":
    main()
