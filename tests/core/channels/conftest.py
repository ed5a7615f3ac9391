from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest

from core.channels.registry import Content
from core.net import http
from tests.core.channels.services import TOKEN, Service

if TYPE_CHECKING:
    from pytest_django import Settings

T = TypeVar("T", bound=Service)

PAGE = Content(
    "SEV1 Payments: <b>5xx</b>. Ack in 5:00 or Bob is woken.",
    "5xx above 5%\n\nHigh urgency.\nSince 02:41 CET.\n\n@all *see* [here](https://evil.example/)\n\n"
    "Open, acknowledge or pass on: https://w.example/p/x/",
    url="https://w.example/p/x/",
    data={"type": "page", "urgency": "high"},
    thread="alert-7",
    code="471100",
    token="x",
)
CODE = Content(
    "abcde is your code for pages from Watchbill",
    "Enter this code to receive pages here: abcde\n\nhttps://w.example/me/notifications/\n\nIt is good for a day.",
    data={"code": "abcde"},
)


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    http.hang_up()


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[type[T]], T]]:
    """Start a stand-in for a service; the product's own accounts lead to it."""
    started: list[Service] = []

    def start(kind: type[T]) -> T:
        service = kind()
        service.start()
        started.append(service)
        settings.PUSHOVER_URL, settings.PUSHOVER_TOKEN = service.url, TOKEN
        settings.MATRIX_URL, settings.MATRIX_TOKEN = service.url, TOKEN
        return service

    yield start
    for service in started:
        service.stop()
