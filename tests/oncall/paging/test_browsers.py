from __future__ import annotations

import pytest
from django.test import Client

from core.channels import secrets
from core.channels.push import vapid
from core.outbox.models import Message
from oncall.paging import addresses
from oncall.paging.models import ContactMethod, NotificationRule
from tests import cast
from tests.browsers import Browser

pytestmark = pytest.mark.django_db
HOME = "/me/notifications/"
ENDPOINT = "https://push.example/send/abc"


@pytest.fixture
def own() -> Client:
    return cast.sign_in(Client(), cast.alice())


def subscription(**changes: str) -> dict[str, str]:
    browser = Browser()
    given = {"endpoint": ENDPOINT, "p256dh": browser.p256dh, "auth": browser.auth, "label": "My phone"}
    return given | changes


def test_a_browser_becomes_a_verified_method_with_sealed_keys(own: Client) -> None:
    assert f'data-push-key="{vapid.public_key()}"' in own.get(HOME).content.decode()
    given = subscription()
    assert own.post(f"{HOME}methods/browser/", given).status_code == 302
    method = ContactMethod.objects.get()
    assert (method.channel, addresses.plain(method.address), method.label) == ("push", ENDPOINT, "My phone")
    assert ENDPOINT not in method.address
    assert method.verified_at is not None
    assert given["auth"] not in method.secret
    assert given["auth"] in secrets.unseal(method.secret)
    assert NotificationRule.objects.filter(method=method).count() == 2
    assert Message.objects.count() == 0
    html = own.get(HOME).content.decode()
    assert "My phone" in html
    assert "push.example/•••" in html
    assert ENDPOINT not in html


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": ""},
        {"endpoint": "nonsense"},
        {"endpoint": "https://10.0.0.1/push"},
        {"endpoint": "https://push.example/" + "x" * 500},
        {"p256dh": "AAAA"},
        {"p256dh": "ü"},
        {"auth": "AAAA"},
    ],
)
def test_what_is_no_subscription_is_refused_with_words(own: Client, wrong: dict[str, str]) -> None:
    answer = own.post(f"{HOME}methods/browser/", subscription(**wrong))
    assert answer.status_code == 422
    assert "This browser gave no subscription." in answer.content.decode()
    assert not ContactMethod.objects.exists()


def test_the_same_browser_is_added_once(own: Client) -> None:
    own.post(f"{HOME}methods/browser/", subscription())
    answer = own.post(f"{HOME}methods/browser/", subscription())
    assert answer.status_code == 422
    assert "You have this contact method already." in answer.content.decode()
    assert ContactMethod.objects.count() == 1


def test_a_browser_cannot_be_typed(own: Client) -> None:
    answer = own.post(f"{HOME}methods/", {"channel": "push", "address": ENDPOINT})
    assert answer.status_code == 422
    assert own.get(f"{HOME}methods/browser/").status_code == 405


def test_without_a_key_there_is_no_button(own: Client, settings: object) -> None:
    settings.VAPID_PRIVATE_KEY = ""  # type: ignore[attr-defined]
    assert "Notify this browser" not in own.get(HOME).content.decode()


def test_the_worker_lies_at_the_root() -> None:
    answer = Client().get("/sw.js")
    assert answer["Content-Type"] == "text/javascript"
    assert "notificationclick" in answer.content.decode()
