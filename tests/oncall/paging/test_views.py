from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from core.accounts.sign_in import PROVED
from core.channels import secrets as seals
from core.outbox.models import Message
from oncall.paging import operations
from oncall.paging.models import ContactMethod, NotificationRule, Page
from tests import cast

if TYPE_CHECKING:
    from pytest_django import Settings

    from core.accounts.models import User
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db
HOME = "/me/notifications/"


@pytest.fixture
def alice() -> User:
    user = cast.alice()
    operations.ensure_default(user)
    return user


@pytest.fixture
def own(alice: User) -> Client:
    return signed_in(alice)


def signed_in(user: User, *, proved: float = 0) -> Client:
    """A browser in which this person gave their password `proved` seconds ago."""
    client = Client()
    client.force_login(user)
    session = client.session
    session[PROVED] = time.time() - proved
    session.save()
    return client


def test_the_page_says_how_i_am_reached(own: Client, smtp: Smtp) -> None:
    html = own.get(HOME).content.decode()
    for text in ("alice@example.com", "High urgency", "Low urgency", "Send me a test page", "Never tested."):
        assert text in html
    assert "Pages may not reach you" not in html


def test_without_a_method_it_says_what_happens_and_offers_the_first_step() -> None:
    client = signed_in(cast.bob())
    html = client.get(HOME).content.decode()
    assert "pages go to your sign-in e-mail bob@example.com" in html
    client.post(f"{HOME}methods/sign-in/")
    assert ContactMethod.objects.get().address == "bob@example.com"


def test_a_method_is_added_and_verified(own: Client, alice: User) -> None:
    answer = own.post(f"{HOME}methods/", {"channel": "email", "address": "a@home.example", "label": "Home"})
    assert answer.status_code == 302
    method = ContactMethod.objects.get(label="Home")
    assert "Not verified" in own.get(HOME).content.decode()
    wrong = own.post(f"{HOME}methods/{method.pk}/verify/", {f"code-{method.pk}-code": "nope"})
    assert wrong.status_code == 422
    assert "This is not the code that was sent" in wrong.content.decode()
    code = Message.objects.get().content["subject"].split()[0]
    assert own.post(f"{HOME}methods/{method.pk}/verify/", {f"code-{method.pk}-code": code}).status_code == 302
    method.refresh_from_db()
    assert method.verified_at is not None


def test_the_secret_of_a_webhook_is_shown_in_one_answer_alone(own: Client) -> None:
    answer = own.post(f"{HOME}methods/", {"channel": "webhook", "address": "http://127.0.0.1:9/hook"})
    assert answer.status_code == 201
    assert "it is not shown again" in answer.content.decode()
    assert "it is not shown again" not in own.get(HOME).content.decode()


def test_the_token_of_a_service_is_kept_sealed_and_shown_to_nobody(own: Client, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = ["127.0.0.0/8"]
    given = {"channel": "gotify", "address": "http://127.0.0.1:9/", "secret": "AbCdEf.12"}
    answer = own.post(f"{HOME}methods/", given)
    assert answer.status_code == 302
    assert "AbCdEf.12" not in own.get(HOME).content.decode()
    method = ContactMethod.objects.get(channel="gotify")
    assert method.secret.startswith("sealed:")
    assert seals.unseal(method.secret) == "AbCdEf.12"


@pytest.mark.parametrize(
    ("secret", "said"), [("", "Gotify needs a token"), ("a b", "no spaces"), ("ä", "outside ASCII")]
)
def test_a_bad_token_comes_back_with_what_is_wrong(own: Client, secret: str, said: str) -> None:
    given = {"channel": "gotify", "address": "https://gotify.example/", "secret": secret}
    answer = own.post(f"{HOME}methods/", given)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert 'id="id_secret_err"' in html
    assert not ContactMethod.objects.filter(channel="gotify").exists()


def test_what_to_enter_stands_there_for_every_channel_on_offer(own: Client, settings: Settings) -> None:
    settings.PUSHOVER_TOKEN, settings.MATRIX_TOKEN = "set", ""
    html = own.get(HOME).content.decode()
    assert "Your user key: 30 letters and digits" in html
    assert "The internal ID of a room" not in html


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"channel": "email", "address": "nonsense"}, "Enter an e-mail address like"),
        ({"channel": "email", "address": ""}, "Enter an e-mail address, a phone number or a URL."),
        ({"channel": "email", "address": "alice@example.com"}, "You have this contact method already."),
        ({"channel": "fax", "address": "1"}, "Select a valid choice"),
    ],
)
def test_a_bad_address_comes_back_with_what_is_wrong(own: Client, given: dict[str, str], said: str) -> None:
    answer = own.post(f"{HOME}methods/", given)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert said in html
    assert f'value="{given["address"]}"' in html or not given["address"]
    assert ContactMethod.objects.count() == 1


def test_a_method_is_turned_off_and_on_and_removed(own: Client) -> None:
    method = ContactMethod.objects.get()
    for enabled in (False, True):
        own.post(f"{HOME}methods/{method.pk}/switch/")
        method.refresh_from_db()
        assert method.is_enabled is enabled
    own.post(f"{HOME}methods/{method.pk}/remove/")
    assert ContactMethod.objects.count() == 0


def test_rules_are_added_and_removed(own: Client) -> None:
    method = ContactMethod.objects.get()
    given = {"urgency": "high", "method": method.pk, "delay_seconds": "300"}
    assert own.post(f"{HOME}rules/", given).status_code == 302
    assert own.post(f"{HOME}rules/", given).status_code == 422
    assert own.post(f"{HOME}rules/", {"urgency": "high", "delay_seconds": "7"}).status_code == 422
    rule = NotificationRule.objects.get(delay_seconds=300)
    own.post(f"{HOME}rules/{rule.pk}/remove/")
    assert not NotificationRule.objects.filter(delay_seconds=300).exists()


def test_a_test_page_is_sent_and_shown(own: Client, alice: User) -> None:
    own.post(f"{HOME}test/")
    page = Page.objects.get()
    assert (page.user, page.escalation) == (alice, None)
    assert "On its way since" in own.get(f"{HOME}-/test/").content.decode()
    html = own.post(f"{HOME}test/", follow=True).content.decode()
    assert "A test page is on its way already" in html


WRITES: list[tuple[str, dict[str, Any]]] = [
    ("methods/", {"channel": "email", "address": "x@home.example"}),
    ("methods/sign-in/", {}),
    ("methods/{method}/switch/", {}),
    ("methods/{method}/remove/", {}),
    ("rules/", {"urgency": "high", "method": "{method}", "delay_seconds": "300"}),
    ("rules/{rule}/remove/", {}),
]


@pytest.mark.parametrize(("path", "given"), WRITES)
def test_a_change_wants_the_password_of_the_last_twelve_hours(
    alice: User, path: str, given: dict[str, Any]
) -> None:
    before = list(ContactMethod.objects.values()), list(NotificationRule.objects.values())
    method, rule = ContactMethod.objects.get(), NotificationRule.objects.all()[0]
    address = HOME + path.format(method=method.pk, rule=rule.pk)
    answer = signed_in(alice, proved=13 * 3600).post(address, given)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert (list(ContactMethod.objects.values()), list(NotificationRule.objects.values())) == before


@pytest.mark.parametrize(
    "path", [*(path for path, _ in WRITES), "test/", "methods/{method}/verify/", "methods/{method}/code/"]
)
def test_each_write_is_a_post_and_nobody_elses(own: Client, path: str) -> None:
    method, rule = ContactMethod.objects.get(), NotificationRule.objects.all()[0]
    address = HOME + path.format(method=method.pk, rule=rule.pk)
    assert own.get(address).status_code == 405
    assert Client().post(address).status_code == 302
    before = list(ContactMethod.objects.values()), list(NotificationRule.objects.values())
    if "{" in path:
        assert signed_in(cast.mallory()).post(address, {"code": "x"}).status_code == 404
    assert (list(ContactMethod.objects.values()), list(NotificationRule.objects.values())) == before


def test_many_methods_take_no_more_queries_than_one(
    own: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    for n in range(10):
        method = ContactMethod.objects.create(
            user=alice, channel="email", address=f"a{n}@x.example", verified_at="2026-01-01T00:00Z"
        )
        NotificationRule.objects.create(user=alice, urgency="high", method=method, delay_seconds=60)
    own.get(HOME)
    with django_assert_max_num_queries(18):
        own.get(HOME)
