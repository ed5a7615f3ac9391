"""What every channel does alike, whatever the service."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.channels import registry
from core.channels.registry import Delivery, Permanent, Sent, Temporary, Unknown
from tests.core.channels import services
from tests.core.channels.conftest import CODE, PAGE
from tests.core.channels.services import TOKEN, Service

if TYPE_CHECKING:
    from pytest_django import Settings

    from core.channels.registry import Content


@dataclass(frozen=True, slots=True)
class Case:
    """A channel, its service, the address there, and whether the service knows a second try by itself."""

    kind: str
    service: type[Service]
    address: str
    repeats: bool
    by_operator: bool = False


CASES = [
    Case("ntfy", services.Ntfy, "{url}/oncall-alice", repeats=True),
    Case("gotify", services.Gotify, "{url}/push", repeats=False),
    Case("pushover", services.Pushover, services.Pushover.KEY, repeats=False, by_operator=True),
    Case("teams", services.Teams, f"{{url}}{services.Teams.PATH}?api-version=1&sig={TOKEN}", repeats=False),
    Case(
        "google_chat",
        services.GoogleChat,
        f"{{url}}{services.GoogleChat.PATH}?key=k3y&token={TOKEN}",
        repeats=False,
    ),
    Case("matrix", services.Matrix, services.Matrix.ROOM, repeats=True, by_operator=True),
]


@pytest.fixture(params=CASES, ids=lambda case: case.kind)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def service(case: Case, serve: Callable[[type[Service]], Service]) -> Service:
    return serve(case.service)


def send(
    case: Case,
    service: Service,
    content: Content = PAGE,
    *,
    secret: str = TOKEN,
    resent: bool = False,
    timeout: float = 20,
) -> Sent:
    address = registry.get(case.kind).check_address(case.address.format(url=service.url))
    delivery = Delivery("page-1-0", address, secret, content, resent=resent, timeout=timeout)
    return registry.get(case.kind).send(delivery)


def test_a_page_arrives_with_its_words_and_its_link(case: Case, service: Service) -> None:
    send(case, service)
    said = str(service.calls[-1].said)
    assert "Ack in 5:00 or Bob is woken." in said
    assert "Since 02" in said
    assert "https://w.example/p/x/" in said


def test_a_code_arrives(case: Case, service: Service) -> None:
    send(case, service, CODE)
    assert "abcde" in str(service.calls[-1].said)


def test_a_resend_says_so(case: Case, service: Service) -> None:
    send(case, service, resent=True)
    assert "(resent)" in str(service.calls[-1].said).replace("\\", "")


def test_it_may_be_taken_later(case: Case, service: Service) -> None:
    service.refuse(429, {"Retry-After": "30"})
    with pytest.raises(Temporary, match="HTTP 429") as refused:
        send(case, service)
    assert refused.value.retry_after == 30
    service.refuse(503)
    with pytest.raises(Temporary, match="HTTP 503"):
        send(case, service)


def test_a_wrong_token_is_refused_for_good(case: Case, service: Service, settings: Settings) -> None:
    settings.PUSHOVER_TOKEN = settings.MATRIX_TOKEN = "wrong"
    wrong = Case(case.kind, case.service, case.address.replace(TOKEN, "wrong"), case.repeats)
    with pytest.raises(Permanent, match="HTTP 401"):
        send(wrong, service, secret="wrong")
    assert service.calls == []


def test_whoever_hangs_may_have_taken_it(case: Case, service: Service) -> None:
    service.hang()
    with pytest.raises(Temporary if case.repeats else Unknown, match="no answer within"):
        send(case, service, timeout=0.5)


def test_a_service_that_is_away_is_tried_again(case: Case, service: Service) -> None:
    service.stop()
    with pytest.raises(Temporary, match="no connection"):
        send(case, service)


def test_a_private_address_is_not_called(case: Case, service: Service, settings: Settings) -> None:
    address = registry.get(case.kind).check_address(case.address.format(url=service.url))
    settings.PRIVATE_TARGETS = []
    with pytest.raises(Permanent, match="Port"):
        registry.get(case.kind).send(Delivery("page-1-0", address, TOKEN, PAGE))
    if not case.by_operator:
        with pytest.raises(ValueError, match="Port"):
            registry.get(case.kind).check_address(address)


def test_nothing_secret_is_logged_or_shown_to_others(
    case: Case, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.refuse(500)
    with pytest.raises(Temporary) as refused:
        send(case, service)
    hint = registry.get(case.kind).hint(case.address.format(url=service.url))
    secrets = {TOKEN, "oncall-alice", services.Pushover.KEY, services.Matrix.ROOM, "/p/x/"}
    assert not [secret for secret in secrets if secret in caplog.text + str(refused.value) + hint]


def test_people_are_told_what_to_enter(case: Case) -> None:
    assert registry.get(case.kind).asks.endswith(".")
    with pytest.raises(ValueError, match=r"Enter|web address"):
        registry.get(case.kind).check_address("nonsense and more")


def test_it_is_offered_once_it_is_set_up(case: Case, settings: Settings) -> None:
    settings.PUSHOVER_TOKEN = settings.MATRIX_TOKEN = ""
    kinds = [channel.kind for channel in registry.offered()]
    assert (case.kind in kinds) is not case.by_operator
    if case.by_operator:
        with pytest.raises(Permanent, match="not configured"):
            registry.get(case.kind).send(Delivery("page-1-0", "x", "", PAGE))
