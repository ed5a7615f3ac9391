from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client, RequestFactory

from core.accounts import client, rules, throttle
from core.accounts.models import Bucket, User
from core.accounts.rules import EVERYBODY, NETWORK, PAIR, Limit
from tests import cast

if TYPE_CHECKING:
    from pytest_django import Settings

WAITS = [
    # level, seconds since the last failure, seconds to wait
    (0, 0, 0),
    (4, 0, 0),
    (5, 0, 2),
    (5, 1.5, 0.5),
    (5, 2, 0),
    (6, 0, 4),
    (9, 0, 32),
    (10, 0, 60),
    (500, 0, 60),
    (500, 59, 1),
    (500, 60, 0),
]


@pytest.mark.parametrize(("level", "elapsed", "seconds"), WAITS)
def test_the_wait_doubles_and_has_an_end(level: float, elapsed: float, seconds: float) -> None:
    limit = Limit(free=5, leak_seconds=10_000_000, longest=60)
    assert rules.wait(limit, level=level, elapsed=elapsed) == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("limit", [PAIR, NETWORK, EVERYBODY])
def test_nobody_waits_longer_than_a_minute_and_all_is_forgotten_in_time(limit: Limit) -> None:
    assert rules.wait(limit, level=10_000, elapsed=0) <= 60
    assert rules.level_now(limit, level=limit.free, elapsed=limit.free * limit.leak_seconds) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        (None, "unknown"),
    ],
)
def test_a_network_is_one_sender(address: str | None, network: str) -> None:
    assert rules.network(address) == network


ADDRESSES = [
    # proxies of ours, X-Forwarded-For, REMOTE_ADDR, the client
    (0, None, "198.51.100.1", "198.51.100.1"),
    (0, "203.0.113.1", "198.51.100.1", "198.51.100.1"),
    (1, "203.0.113.1", "10.0.0.1", "203.0.113.1"),
    (1, "6.6.6.6, 203.0.113.1", "10.0.0.1", "203.0.113.1"),
    (2, "6.6.6.6, 203.0.113.1, 10.0.0.2", "10.0.0.1", "203.0.113.1"),
    (2, "203.0.113.1", "10.0.0.1", "10.0.0.1"),
    (1, "nonsense", "10.0.0.1", None),
    (1, "", "10.0.0.1", "10.0.0.1"),
    (0, None, "::ffff:203.0.113.1", "203.0.113.1"),
    (0, None, "", None),
]


@pytest.mark.parametrize(("proxies", "forwarded", "remote", "found"), ADDRESSES)
def test_the_clients_address_is_what_our_outermost_proxy_saw(
    settings: Settings, proxies: int, forwarded: str | None, remote: str, found: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert client.address(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)) == found


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_time_count_as_well() -> None:
    let_in: list[bool] = []

    def guess() -> None:
        try:
            throttle.take("alice@example.com", address="203.0.113.9")
            let_in.append(True)
        except throttle.TooManyAttempts:
            let_in.append(False)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(let_in) == [False] * 7 + [True] * 5


@pytest.mark.django_db
def test_a_spray_over_many_accounts_from_one_network_has_to_wait() -> None:
    for n in range(NETWORK.free):
        throttle.take(f"p{n}@example.com", address="2001:db8::1")
    with pytest.raises(throttle.TooManyAttempts):
        throttle.take("another@example.com", address="2001:db8::2")
    throttle.take("another@example.com", address="203.0.113.9")


@pytest.mark.django_db
def test_the_buckets_name_nobody() -> None:
    throttle.take("alice@example.com", address="203.0.113.9")
    assert not Bucket.objects.filter(key__contains="alice").exists()


@pytest.mark.django_db
def test_the_command_of_django_makes_an_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", cast.PASSWORD)
    call_command("createsuperuser", "--noinput", email="Root@Example.com", name="Root", verbosity=0)
    root = User.objects.get()
    assert (root.email, root.role, root.is_staff, root.is_superuser) == (
        "root@example.com",
        "admin",
        True,
        True,
    )
    browser = Client()
    browser.post("/accounts/login/", {"login": "root@example.com", "password": cast.PASSWORD})
    assert browser.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_the_admin_site_asks_for_the_password_again_and_lets_in_admins_alone() -> None:
    ada, mona = cast.ada(), cast.mona()
    browser = Client()
    browser.post("/accounts/login/", {"login": ada.email, "password": cast.PASSWORD})
    session: Any = browser.session
    session["proved_at"] -= 12 * 3600 + 1
    session.save()
    answer = browser.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/reauthenticate/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    browser.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    assert browser.get("/admin/accounts/user/").status_code == 200
    other = Client()
    other.post("/accounts/login/", {"login": mona.email, "password": cast.PASSWORD})
    assert other.get("/admin/", follow=True).status_code == 403
