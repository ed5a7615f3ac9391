from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.accounts import mail
from core.accounts.models import Session, User
from core.events.models import Event
from core.outbox.models import Message
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
RESET = "/accounts/password/reset/"
NEW = "four kettles under snow"


def signed_in(user: User, password: str = cast.PASSWORD) -> Client:
    client = Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": password})
    assert answer.status_code == 302
    return client


def link_to(user: User) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/\S+)", mail.render(Message.objects.get(user=user)).text)
    assert found is not None
    return found[1]


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(client: Client) -> None:
    alice = cast.alice()
    elsewhere = signed_in(alice)
    answer = client.post(RESET, {"email": "ALICE@example.com"})
    assert answer["Location"] == "/accounts/password/reset/done/"
    link = link_to(alice)
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 200
    answer = client.post(link, {"password": NEW})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302
    assert Client().get(link).status_code == 404
    signed_in(alice, NEW)
    assert Event.objects.get(name="user.password_changed").payload == {"user_id": alice.pk, "by_link": True}


def test_the_link_starts_with_the_configured_address_whatever_the_host_header_says(client: Client) -> None:
    alice = cast.alice()
    client.post(
        RESET, {"email": alice.email}, headers={"Host": "localhost", "X-Forwarded-Host": "evil.example"}
    )
    text = mail.render(Message.objects.get()).text
    assert "http://127.0.0.1:8000/accounts/password/reset/" in text
    assert "evil" not in text
    assert "localhost" not in text


def test_a_host_that_is_not_ours_is_refused(client: Client) -> None:
    cast.alice()
    answer = client.post(RESET, {"email": "alice@example.com"}, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert not Message.objects.exists()


def test_the_link_is_in_no_table(client: Client) -> None:
    alice = cast.alice()
    client.post(RESET, {"email": alice.email})
    token = link_to(alice).strip("/").rpartition("/")[2]
    with connection.cursor() as cursor:
        cursor.execute("select m::text from outbox_message m union all select e::text from events_event e")
        assert all(token not in row for (row,) in cursor.fetchall())


@pytest.mark.parametrize("email", ["nobody@example.com", "gone@example.com"])
def test_an_address_without_an_account_gets_the_same_answer_and_no_mail(client: Client, email: str) -> None:
    gone = cast.person("Gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    answer = client.post(RESET, {"email": email})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/reset/done/")
    assert not Message.objects.exists()


def test_nobody_is_flooded_with_mails(client: Client) -> None:
    alice = cast.alice()
    for _ in range(6):
        assert client.post(RESET, {"email": alice.email}).status_code == 302
    assert Message.objects.count() == 3


def test_the_link_ends_after_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = cast.alice()
    early = timezone.now() - timedelta(hours=1, minutes=1)
    monkeypatch.setattr(
        "django.contrib.auth.tokens.PasswordResetTokenGenerator._now", lambda _: early.replace(tzinfo=None)
    )
    client.post(RESET, {"email": alice.email})
    link = link_to(alice)
    monkeypatch.undo()
    assert client.get(link).status_code == 404


def test_the_page_of_a_link_tells_no_other_page_its_address(client: Client) -> None:
    alice = cast.alice()
    client.post(RESET, {"email": alice.email})
    answer = client.get(link_to(alice))
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("short", "too short"),
        ("1qaz2wsx3edc4rfv", "too common"),
        ("alice@example.com", "too similar"),
        ("847362940175", "entirely numeric"),
    ],
)
def test_a_weak_password_is_refused(client: Client, password: str, complaint: str) -> None:
    alice = cast.alice()
    client.post(RESET, {"email": alice.email})
    answer = client.post(link_to(alice), {"password": password})
    assert answer.status_code == 422
    assert complaint in answer.content.decode()


def test_a_mail_to_somebody_switched_off_meanwhile_is_held_back(client: Client) -> None:
    alice = cast.alice()
    client.post(RESET, {"email": alice.email})
    message = Message.objects.get()
    assert mail.guard([message]) == {}
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert mail.guard([message]) == {message.pk: "the account is switched off"}


def test_changing_the_password_signs_out_every_other_browser() -> None:
    alice = cast.alice()
    here, elsewhere = signed_in(alice), signed_in(alice)
    answer = here.post("/me/password/", {"old": cast.PASSWORD, "password": NEW})
    assert answer["Location"] == "/me/"
    assert here.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302
    assert Session.objects.filter(user=alice).count() == 1
    assert Event.objects.get(name="user.password_changed").actor_id == alice.pk


def test_changing_the_password_needs_the_old_one() -> None:
    alice = cast.alice()
    client = signed_in(alice)
    answer = client.post("/me/password/", {"old": "wrong", "password": NEW})
    assert answer.status_code == 422
    assert "This is not your password." in answer.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)


def test_guessing_the_old_password_is_throttled() -> None:
    client = signed_in(cast.alice())
    for _ in range(5):
        client.post("/me/password/", {"old": "wrong", "password": NEW})
    answer = client.post("/me/password/", {"old": cast.PASSWORD, "password": NEW})
    assert "Too many attempts" in answer.content.decode()


def test_after_twelve_hours_the_password_is_asked_again() -> None:
    client = signed_in(cast.alice())
    assert client.get("/me/tokens/").status_code == 200
    session = client.session
    session["proved_at"] -= 12 * 3600 + 1
    session.save()
    answer = client.get("/me/tokens/")
    assert answer["Location"] == "/accounts/reauthenticate/?next=%2Fme%2Ftokens%2F"
    assert client.post("/me/tokens/", {"name": "x", "scopes": ["read"]}).status_code == 302
    refused = client.post("/accounts/reauthenticate/", {"password": "wrong", "next": "/me/tokens/"})
    assert refused.status_code == 422
    key = client.cookies["session"].value
    answer = client.post("/accounts/reauthenticate/", {"password": cast.PASSWORD, "next": "/me/tokens/"})
    assert answer["Location"] == "/me/tokens/"
    assert client.get("/me/tokens/").status_code == 200
    assert key


def test_a_person_ends_their_own_sessions_and_nobody_elses() -> None:
    alice, bob = cast.alice(), cast.bob()
    here, there, his = signed_in(alice), signed_in(alice), signed_in(bob)
    bobs = Session.objects.get(user=bob)
    here.post(f"/me/sessions/{bobs.session_key}/end/")
    assert his.get("/me/").status_code == 200
    other = Session.objects.filter(user=alice).exclude(session_key=here.session.row_key).get()  # type: ignore[attr-defined]
    assert here.get(f"/me/sessions/{other.session_key}/end/").status_code == 405
    here.post(f"/me/sessions/{other.session_key}/end/")
    assert there.get("/me/").status_code == 302
    third = signed_in(alice)
    here.post("/me/sessions/end-others/")
    assert third.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200


def test_the_profile_shows_and_changes_name_and_zone() -> None:
    alice = cast.alice()
    client = signed_in(alice)
    page = client.get("/me/").content.decode()
    assert "alice@example.com" in page
    assert "This browser" in page
    answer = client.post("/me/", {"name": "Alice Ng", "time_zone": "Asia/Kolkata"})
    assert answer["Location"] == "/me/"
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Alice Ng", "Asia/Kolkata")
    answer = client.post("/me/", {"name": "", "time_zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert answer.content.decode().count("aria-invalid") == 2


def test_the_profile_page_asks_a_bounded_number_of_questions(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    alice = cast.alice()
    client = signed_in(alice)
    for _ in range(5):
        signed_in(alice)
    with django_assert_max_num_queries(12):
        client.get("/me/")
