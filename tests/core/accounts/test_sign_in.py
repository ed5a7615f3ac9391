from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F
from django.urls import reverse

from core.accounts.models import Bucket, Session, User
from core.accounts.sessions import digest
from core.events.models import Event
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client: Client, user: User, password: str = cast.PASSWORD, **extra: str) -> object:
    return client.post(LOGIN, {"login": user.email, "password": password, **extra})


def test_a_stranger_is_led_to_the_sign_in_page_and_back(client: Client) -> None:
    cast.alice()
    answer = client.get("/people/?q=bob")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=%2Fpeople%2F%3Fq%3Dbob")
    answer = client.post(
        LOGIN,
        {"login": "alice@example.com", "password": cast.PASSWORD, "next": "/people/?q=bob"},
    )
    assert (answer.status_code, answer["Location"]) == (302, "/people/?q=bob")
    assert client.get("/people/").status_code == 200


def test_a_fragment_asked_for_by_htmx_sends_the_whole_page_to_sign_in(client: Client) -> None:
    answer = client.get(
        "/people/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/teams/?a=1"}
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fteams%2F%3Fa%3D1"


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(client: Client) -> None:
    answer = client.post("/me/", {"name": "x"}, headers={"Referer": "http://testserver/me/"})
    assert answer["Location"] == "/accounts/login/?next=%2Fme%2F"
    answer = client.post("/me/", {"name": "x"}, headers={"Referer": "http://evil.example/me/"})
    assert answer["Location"] == "/accounts/login/?next=%2F"


def test_signing_in_is_recorded_with_the_address(client: Client) -> None:
    alice = cast.alice()
    client.post(LOGIN, {"login": alice.email, "password": cast.PASSWORD}, REMOTE_ADDR="203.0.113.9")
    event = Event.objects.get(name="user.signed_in")
    assert (event.subject_id, event.actor_id, event.address) == (alice.pk, alice.pk, "203.0.113.9")
    session = Session.objects.get(user=alice)
    assert session.address == "203.0.113.9"


def test_the_e_mail_is_not_case_sensitive(client: Client) -> None:
    cast.alice()
    answer = client.post(LOGIN, {"login": " Alice@Example.COM ", "password": cast.PASSWORD})
    assert answer.status_code == 302


def test_the_session_key_changes_at_sign_in_and_the_table_holds_only_its_hash(client: Client) -> None:
    alice = cast.alice()
    client.session["planted"] = "by somebody else"
    planted = client.session
    planted["a"] = 1
    planted.save()
    client.cookies["session"] = str(planted.session_key)
    sign_in(client, alice)
    key = client.cookies["session"].value
    assert key != planted.session_key
    assert Session.objects.get(user=alice).session_key == digest(key)
    assert not Session.objects.filter(session_key=key).exists()
    assert not Session.objects.filter(session_key=planted.session_key).exists()


@pytest.mark.parametrize(
    ("email", "password"),
    [("alice@example.com", "wrong"), ("nobody@example.com", cast.PASSWORD), ("gone@example.com", "wrong")],
)
def test_wrong_password_unknown_address_and_switched_off_account_look_the_same(
    client: Client, email: str, password: str
) -> None:
    cast.alice()
    gone = cast.person("Gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    answer = client.post(LOGIN, {"login": email, "password": password})
    text = re.sub(r'value="[^"]*"|data-now="[^"]*"', "", answer.content.decode())
    assert answer.status_code == 422
    assert "This e-mail and password do not fit together." in text
    plain = client.post(LOGIN, {"login": "someone@example.com", "password": "other"}).content.decode()
    assert text == re.sub(r'value="[^"]*"|data-now="[^"]*"', "", plain)
    assert not Event.objects.filter(name="user.signed_in").exists()


def test_unknown_addresses_cost_as_much_as_known_ones(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.alice()
    hashed: list[str] = []
    for name in ("check_password", "set_password"):
        original = getattr(User, name)

        def counted(self: User, password: str, original: object = original, name: str = name) -> object:
            hashed.append(name)
            return original(self, password)  # type: ignore[operator]

        monkeypatch.setattr(User, name, counted)
    client.post(LOGIN, {"login": "alice@example.com", "password": "wrong"})
    known = len(hashed)
    client.post(LOGIN, {"login": "nobody@example.com", "password": "wrong"})
    assert (known, len(hashed)) == (1, 2)


def test_a_switched_off_account_is_told_so_only_with_its_password(client: Client) -> None:
    gone = cast.person("Gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    answer = sign_in(client, gone)
    assert answer["Location"] == "/accounts/inactive/"  # type: ignore[index]
    assert client.get("/accounts/inactive/").status_code == 200
    assert client.get("/me/").status_code == 302


def test_the_browsers_zone_is_taken_the_first_time_only(client: Client) -> None:
    alice = cast.alice()
    sign_in(client, alice, zone="Europe/Lisbon")
    alice.refresh_from_db()
    assert alice.time_zone == "Europe/Lisbon"
    client.post("/accounts/logout/")
    sign_in(client, alice, zone="Asia/Tokyo")
    alice.refresh_from_db()
    assert alice.time_zone == "Europe/Lisbon"


def test_an_invented_zone_is_not_taken(client: Client) -> None:
    alice = cast.alice()
    sign_in(client, alice, zone="../../etc/passwd")
    alice.refresh_from_db()
    assert alice.time_zone == "UTC"


def test_signing_out_ends_the_session_and_needs_a_post(client: Client) -> None:
    alice = cast.alice()
    sign_in(client, alice)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert not Session.objects.filter(user=alice).exists()
    assert client.get("/me/").status_code == 302


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "http:evil.example",
        "javascript:alert(1)",
        "\x00//evil.example",
        "http://testserver.evil.example/",
    ],
)
def test_signing_in_leads_nowhere_else(client: Client, wanted: str) -> None:
    cast.alice()
    answer = client.post(LOGIN, {"login": "alice@example.com", "password": cast.PASSWORD, "next": wanted})
    assert answer["Location"] == "/"


def test_the_sixth_failure_has_to_wait_and_the_wait_grows(client: Client) -> None:
    alice = cast.alice()
    for _ in range(5):
        assert "do not fit" in sign_in(client, alice, "wrong").content.decode()  # type: ignore[attr-defined]
    refused = sign_in(client, alice)
    assert "Too many attempts. Try again in 2 seconds." in refused.content.decode()  # type: ignore[attr-defined]
    _age("pair", 3)
    assert "do not fit" in sign_in(client, alice, "wrong").content.decode()  # type: ignore[attr-defined]
    refused = sign_in(client, alice)
    assert "Try again in 4 seconds." in refused.content.decode()  # type: ignore[attr-defined]
    _age("pair", 5)
    assert sign_in(client, alice)["Location"] == "/"  # type: ignore[index]
    assert Bucket.objects.get(key__startswith="pair|").level == 0


def test_another_network_is_not_kept_out(client: Client) -> None:
    alice = cast.alice()
    for _ in range(6):
        sign_in(client, alice, "wrong")
    answer = client.post(LOGIN, {"login": alice.email, "password": cast.PASSWORD}, REMOTE_ADDR="198.51.100.7")
    assert answer["Location"] == "/"


def test_an_unknown_address_waits_in_the_same_way(client: Client) -> None:
    for _ in range(5):
        client.post(LOGIN, {"login": "nobody@example.com", "password": "wrong"})
    refused = client.post(LOGIN, {"login": "nobody@example.com", "password": "wrong"})
    assert "Too many attempts. Try again in 2 seconds." in refused.content.decode()


def test_who_came_from_here_before_is_not_kept_out_by_strangers(client: Client) -> None:
    alice, bob = cast.alice(), cast.bob()
    sign_in(client, alice)
    client.post("/accounts/logout/")
    Bucket.objects.filter(key="everybody").update(level=5000)
    assert "Too many attempts" in sign_in(client, bob).content.decode()  # type: ignore[attr-defined]
    assert sign_in(client, alice)["Location"] == "/"  # type: ignore[index]


def test_a_forged_forwarded_address_changes_nothing(client: Client) -> None:
    alice = cast.alice()
    for n in range(5):
        client.post(
            LOGIN,
            {"login": alice.email, "password": "wrong"},
            headers={"X-Forwarded-For": f"10.0.0.{n}"},
        )
    assert "Too many attempts" in sign_in(client, alice).content.decode()  # type: ignore[attr-defined]


def test_the_address_is_taken_from_the_right_behind_our_own_proxy(client: Client, settings: object) -> None:
    settings.TRUSTED_PROXIES = 1  # type: ignore[attr-defined]
    alice = cast.alice()
    client.post(
        LOGIN,
        {"login": alice.email, "password": cast.PASSWORD},
        headers={"X-Forwarded-For": "192.0.2.1, 203.0.113.9"},
    )
    assert Session.objects.get(user=alice).address == "203.0.113.9"


def test_a_visit_moves_the_end_of_the_session_at_most_every_ten_minutes(
    client: Client, django_assert_num_queries: object
) -> None:
    alice = cast.alice()
    sign_in(client, alice)
    before = Session.objects.get(user=alice).seen_at
    client.get("/me/")
    assert Session.objects.get(user=alice).seen_at == before
    session = client.session
    session["seen_at"] -= 601
    session.save()
    stale = Session.objects.get(user=alice).seen_at
    answer = client.get("/me/")
    assert Session.objects.get(user=alice).seen_at > stale
    assert answer.cookies["session"]["max-age"] == 30 * 86400


def test_every_name_allauth_leads_to_is_ours() -> None:
    assert reverse("account_login") == LOGIN
    assert reverse("account_reauthenticate") == "/accounts/reauthenticate/"


def _age(prefix: str, seconds: int) -> None:
    Bucket.objects.filter(key__startswith=prefix).update(
        updated_at=F("updated_at") - timedelta(seconds=seconds)
    )
