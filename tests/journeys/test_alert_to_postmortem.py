"""One alert, all the way: a real Prometheus sees a metric break, and at the end there is a postmortem draft."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser import places
from tests.journeys.monitoring import Monitoring, source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.peers import Mail
    from tests.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.prometheus, pytest.mark.timeout(300)]

# The sample company's "Payments primary": weekly turns in this order, handed over on Mondays at 09:00 in Berlin,
# the first one twelve weeks before the Monday on which the company was made.
TURNS = ["priya", "tomas", "marta", "noah"]
WATCHER = "samir@example.com"
TITLE = "Card payments fail at the checkout"
WORDS = "About 3 in 10 card payments fail. We are rolling back the change that caused it."


def on_call(stack: Stack, *, at: datetime) -> str:
    """Worked out by hand: whole weeks of Berlin's wall clock since the first turn, modulo four people."""
    made = stack.rows("select min(created_at) from oncall_schedule")[0][0]
    monday = made.date() - timedelta(days=made.weekday() + 84)
    first = datetime(monday.year, monday.month, monday.day, 9)  # noqa: DTZ001 - wall-clock arithmetic on purpose
    wall = at.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    return f"{TURNS[(wall - first) // timedelta(days=7) % 4]}@example.com"


@pytest.fixture
def monitoring(live_stack: Stack, tmp_path: Path) -> Iterator[Monitoring]:
    """Prometheus and Alertmanager, pointed at a source of the running product made for them."""
    running = Monitoring(tmp_path, url=source(live_stack)).start()
    yield running
    running.stop()


def test_an_alert_goes_all_the_way_to_a_postmortem(
    live_stack: Stack, browser: Browser, monitoring: Monitoring
) -> None:
    live_stack.smtp.inbox.clear()
    watcher = places.context(browser, live_stack, size="desktop", theme="light", who=WATCHER)
    board = watcher.new_page()
    board.goto("/incidents/")
    board.evaluate("() => { window.neverReloaded = true }")

    # The metric breaks; the person on call gets an e-mail within two seconds of Alertmanager's post.
    monitoring.metric.value = 0.31
    mail = _mail(live_stack)
    (taken,) = live_stack.rows("select received_at from oncall_signal order by id desc limit 1")
    assert mail.recipients == [on_call(live_stack, at=taken[0])]
    assert mail.at - taken[0].timestamp() < 2
    assert live_stack.rows("select count(*), max(count) from oncall_alert where title = %s", TITLE) == [
        (1, 1)
    ]

    # The link opens on a phone; opening it changes nothing; Acknowledge stops the second level.
    who = mail.recipients[0]
    phone_context = places.context(browser, live_stack, size="phone", theme="dark", who=who)
    phone = phone_context.new_page()
    phone.goto(places.page_link(mail))
    expect(phone.get_by_role("heading", name=TITLE)).to_be_visible()
    assert _alert(live_stack)["status"] == "triggered"
    phone.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(phone.get_by_text("You have it")).to_be_visible()
    assert _alert(live_stack)["status"] == "acknowledged"
    assert live_stack.rows(
        "select e.status, e.next_at from oncall_escalation e join oncall_alert a on a.id = e.alert_id where a.title = %s",
        TITLE,
    ) == [("acknowledged", None)]

    # It is declared; a second browser sees it on the board without reloading.
    phone.get_by_role("button", name="Declare incident").click()
    expect(phone.get_by_text(re.compile(r"INC-\d+")).first).to_be_visible()
    strip = board.locator("article.strip", has_text=TITLE)
    expect(strip).to_be_visible(timeout=5000)
    number = live_stack.rows("select number from incidents_incident where title = %s", TITLE)[0][0]

    # A public update is previewed, published, and reaches an anonymous browser.
    room = phone_context.new_page()
    room.set_viewport_size({"width": 1440, "height": 900})
    room.goto(f"/incidents/INC-{number}/?write=public")
    room.get_by_label("Public update").fill(WORDS)
    room.get_by_label("Stage").first.select_option("identified")
    room.get_by_label("Card payments").select_option("partial_outage")
    room.get_by_role("button", name="Preview as customers see it").click()
    expect(room.get_by_text("as customers will see it")).to_be_visible()
    room.get_by_role("button", name=re.compile("^Publish")).click()
    expect(strip).to_contain_text("Identified", timeout=5000)
    anybody = browser.new_context(base_url=live_stack.url, java_script_enabled=False)
    customer = anybody.new_page()
    live_stack.until(lambda: WORDS in _read(customer), seconds=10, what="the update on the status page")
    assert TITLE not in _read(customer)
    assert anybody.cookies() == []

    # The metric heals, the alert resolves, the incident is resolved, and the board lets it go.
    monitoring.metric.value = 0.004
    live_stack.until(
        lambda: _alert(live_stack)["status"] == "resolved", seconds=30, what="the alert resolved"
    )
    room.goto(f"/incidents/INC-{number}/edit/resolve/")
    for tick in room.locator("input[name=confirmed]").all():
        tick.check()
    room.get_by_label("Why now, in spite").fill("The rate was watched together.")
    room.get_by_role("button", name=re.compile("^Resolve")).click()
    expect(strip).to_have_count(0, timeout=5000)
    assert board.evaluate("() => window.neverReloaded") is True

    # The postmortem draft holds the true timeline.
    live_stack.until(
        lambda: bool(live_stack.rows("select 1 from postmortems_postmortem p join incidents_incident i"
                                     " on i.id = p.incident_id where i.number = %s", number)),
        seconds=10,
        what="the postmortem draft",
    )  # fmt: skip
    room.goto(f"/postmortems/INC-{number}/")
    story = [line.strip() for line in room.locator("#timeline ~ ol .what").all_inner_texts()]
    true = live_stack.rows(
        "select t.text from incidents_timelineentry t join incidents_incident i on i.id = t.incident_id"
        " where i.number = %s order by t.at, t.id",
        number,
    )
    written = [row[0] for row in true]
    assert [line for line in written if line in story] == story
    told = " / ".join(story)
    order = [told.index(word) for word in (TITLE, WORDS[:20])]
    assert order == sorted(order)
    for context in (watcher, phone_context, anybody):
        context.close()


def _mail(stack: Stack) -> Mail:
    """The page about this alert, once it has come."""
    mails = stack.smtp.inbox.wait(until=lambda found: any(TITLE in mail.text for mail in found), seconds=30)
    return next(mail for mail in mails if TITLE in mail.text)


def _alert(stack: Stack) -> dict[str, Any]:
    rows = stack.rows("select status, count from oncall_alert where title = %s", TITLE)
    assert len(rows) == 1
    return dict(zip(("status", "count"), rows[0], strict=True))


def _read(page: Page) -> str:
    page.goto("/status/alder-pay/")
    return page.inner_text("body")
