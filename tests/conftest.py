from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from playwright.sync_api import sync_playwright

from config import env
from core.events import nudge
from tests import cast, databases, programs
from tests.core.channels.servers import gateway
from tests.peers import Smtp, WebhookSink
from tests.running import Stack
from tests.twilio import SID, TOKEN, Twilio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from pytest_django import Settings

    from core.accounts.models import User

_LEFT_OUT: list[str] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a program that is not here; in CI that is a failure."""
    lacking = programs.missing()
    without = [item for item in items if any(item.get_closest_marker(program.marker) for program in lacking)]
    if not without:
        return
    files = ", ".join(sorted({item.nodeid.partition("::")[0] for item in without}))
    line = f"Left out for want of programs: {files}. To run them: {programs.command(lacking)}"
    if os.environ.get("CI"):
        raise pytest.UsageError(f"{line}. In CI nothing is left out.")
    items[:] = [item for item in items if item not in without]
    config.hook.pytest_deselected(items=without)
    _LEFT_OUT[:] = [line]


def pytest_unconfigure() -> None:
    """Say it last, where it is read."""
    for line in _LEFT_OUT:
        sys.stdout.write(f"{line}\n")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """pytest-django's, and the database begins as a copy."""
    connection.settings_dict["TEST"]["TEMPLATE"] = databases.migrated()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """pytest-django's, and then the doorbell is taken down: its connection would keep the database from being dropped.

    To drop it waits for the disk, longer than a request would.
    """
    yield
    nudge.take_down()
    connection.settings_dict["OPTIONS"] = {**connection.settings_dict["OPTIONS"], "options": ""}


@pytest.fixture
def alice() -> User:
    return cast.alice()


@pytest.fixture
def bob() -> User:
    return cast.bob()


@pytest.fixture
def carol() -> User:
    return cast.carol()


@pytest.fixture
def mona() -> User:
    return cast.mona()


@pytest.fixture
def ada() -> User:
    return cast.ada()


@pytest.fixture
def smtp(settings: Settings) -> Iterator[Smtp]:
    """A mail server that the product in this process sends to."""
    server = Smtp().start()
    settings.EMAIL_URL, settings.MAIL = server.url, env.mail(server.url)
    yield server
    server.stop()


@pytest.fixture
def webhook_sink() -> Iterator[WebhookSink]:
    """An HTTP server that records what it is sent."""
    server = WebhookSink().start()
    yield server
    server.stop()


@pytest.fixture
def twilio(settings: Settings) -> Iterator[Twilio]:
    """A stand-in for Twilio that the product in this process sends texts and calls by."""
    server = Twilio().start()
    settings.TWILIO_URL, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = server.url, SID, TOKEN
    settings.TWILIO_SMS_FROM = settings.TWILIO_VOICE_FROM = "+15005550006"
    yield server
    server.stop()


@pytest.fixture
def carrier(settings: Settings) -> Iterator[gateway.Gateway]:
    """A stand-in for a gateway that the product in this process sends texts and calls by."""
    server = gateway.Gateway().start()
    gateway.lead_to(server, settings)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real product with the sample company, shared by journeys and browser tests."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Each test makes its own contexts, as `browser.new_context(base_url=...)`."""
    # Playwright keeps an event loop in this thread, by which Django would refuse the test's own queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=programs.CHROMIUM)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
