"""Web Push without its vendors: our own push service, and Chromium's service worker by its developer tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import waiting
from tests.browser import places
from tests.browsers import Browser as Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Worker

    from tests.peers import WebhookSink
    from tests.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
SUBSCRIBE = """([endpoint, p256dh, auth]) => {
  const form = document.querySelector("form[data-push-key]");
  Object.assign(form.elements.endpoint, {value: endpoint});
  Object.assign(form.elements.p256dh, {value: p256dh});
  Object.assign(form.elements.auth, {value: auth});
  form.submit();
}"""
SHOWN = """async () => (await self.registration.getNotifications()).map((one) => (
  {title: one.title, body: one.body, actions: one.actions.map((action) => action.title)}))"""
PRESS = """async (action) => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", {notification, action}));
}"""


@pytest.fixture
def subscriber() -> Subscriber:
    return Subscriber()


@pytest.fixture
def phone(
    browser: Browser, live_stack: Stack, webhook_sink: WebhookSink, subscriber: Subscriber
) -> Iterator[Page]:
    """Somebody's browser, subscribed at our push service, on the page that says how they are reached."""
    made = places.context(browser, live_stack, size="phone", theme="light")
    made.grant_permissions(["notifications"])
    page = made.new_page()
    page.goto("/me/notifications/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.evaluate(SUBSCRIBE, [webhook_sink.url, subscriber.p256dh, subscriber.auth])
    page.get_by_text("Pages can come to this browser.").wait_for()
    yield page
    made.close()


def deliver(page: Page, told: dict[str, Any], origin: str) -> Worker:
    """Let a push message reach the service worker as if the browser had taken it from the service."""
    tools = page.context.new_cdp_session(page)
    found: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.wait_for_timeout(300)
    message = {"origin": origin, "registrationId": found[-1], "data": json.dumps(told)}
    tools.send("ServiceWorker.deliverPushMessage", message)
    return page.context.service_workers[0]


def until(look: Any, wanted: Any) -> None:
    """Look until it is so, at most five seconds."""
    waiting.until(lambda: look() == wanted, seconds=5, what=lambda: f"{look()} is not {wanted}")


def test_a_page_is_acknowledged_on_the_notification(
    phone: Page, live_stack: Stack, webhook_sink: WebhookSink, subscriber: Subscriber
) -> None:
    phone.get_by_role("button", name="Send me a test page").click()
    told = subscriber.read(webhook_sink.wait(1)[0])
    assert told["title"] == "Test page from Watchbill. Nothing is wrong"
    worker = deliver(phone, told, live_stack.url)
    until(
        lambda: worker.evaluate(SHOWN),
        [{"title": told["title"], "body": told["body"], "actions": ["Acknowledge", "Escalate"]}],
    )
    worker.evaluate(PRESS, "acknowledge")
    until(
        lambda: live_stack.rows("select status from oncall_page order by id desc limit 1"),
        [("acknowledged",)],
    )
    until(
        lambda: worker.evaluate(SHOWN),
        [{"title": "You have it", "body": "Nobody else will be asked.", "actions": []}],
    )
    phone.get_by_text("It reached you.").wait_for()
