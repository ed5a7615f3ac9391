"""Who is erased goes on as a pseudonym alone: what they did stays true, who they were stands nowhere (X-63)."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.accounts.models import Role, User
from core.events.models import Event
from core.outbox.models import Message
from core.people.directory import operations as directory
from core.people.erasure import operations, rules
from core.people.erasure.sweeping import Word, replace
from incidents.lifecycle import operations as lifecycle
from incidents.models import AudienceList, AudienceMember, PrivateRead, Subscription, TimelineEntry, Told
from incidents.subscriptions import operations as subscriptions
from incidents.updates import operations as updates
from oncall.models import Absence, ContactMethod, Signal
from tests import cast

if TYPE_CHECKING:
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
WHY = "They asked for it in writing"


def admin() -> User:
    """Give Ada, whom other things of the story may have brought along already."""
    return User.objects.filter(email="ada@example.com").first() or cast.ada()


def rows_with(*words: str) -> dict[str, int]:
    """In how many rows of which tables one of these stands, however it is spelled there."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        likes = [f"%{word}%" for word in words] + [f"%{word.encode().hex()}%" for word in words]
        for table in tables:
            cursor.execute(f'select count(*) from "{table}" as t where t::text ilike any(%s)', [likes])
            row = cursor.fetchone()
            if row and row[0]:
                found[table] = row[0]
    return found


def worked(bob: User, alice: User) -> Incident:
    """An incident in which somebody did much, and is named by others."""
    incident = cast.incident(by=bob)
    lifecycle.add_entry(
        incident, kind="note", text="Bob Example restarts it, ask bob@Example.com", actor=alice
    )
    lifecycle.add_entry(incident, kind="decision", text="Roll back", actor=bob, data={"by": "Bob Example"})
    lifecycle.add_entry(incident, kind="note", text="Bobby Example and Bob Examples stay", actor=alice)
    cast.attachment(incident, by=bob, name="of Bob Example.log", content=b"user=bob@example.com\n")
    cast.task("Ask Bob Example", of=incident, by=alice, assignee=bob)
    subscriptions.subscribe(incident, actor=bob)
    updates.publish(incident, audience="internal", text="Bob Example is on it", actor=bob)
    source, _ = cast.source("generic")
    body = b'{"title": "x", "who": "Bob Example", "mail": "bob@example.com"}'
    Signal.objects.create(integration=source, kind="generic", body=body, state="processed")
    at = timezone.now()
    Absence.objects.create(user=bob, start=at, end=at + timedelta(days=1), note="Hospital")
    cast.caller(bob).post(f"/api/v1/incidents/{incident}/timeline/", {"kind": "note", "text": "Hi"},
                          format="json", HTTP_IDEMPOTENCY_KEY="once")  # fmt: skip
    cast.sign_in(Client(), bob)
    return incident


def test_who_they_were_stands_in_no_table_any_more(alice: User, bob: User) -> None:
    incident, ada = worked(bob, alice), admin()
    before = rows_with("bob example", "bob@example.com")
    assert {"accounts_user", "incidents_timelineentry", "incidents_storedfile", "incidents_attachment",
            "outbox_message", "oncall_signal"} <= set(before)  # fmt: skip
    directory.deactivate(bob, actor=ada)
    gone = operations.erase(bob, reason=WHY, actor=ada)
    left = rows_with("bob example", "bob@example.com")
    assert left == {"incidents_timelineentry": 1}  # Bob Examples, who is another
    assert gone.name.startswith("Person ")
    assert (gone.email, gone.is_active, gone.role) == (
        f"person-{gone.name[7:]}@erased.invalid",
        False,
        Role.VIEWER,
    )
    texts = set(incident.timeline.values_list("text", flat=True))
    assert f"{gone.name} restarts it, ask {gone.email}" in texts
    assert "Bobby Example and Bob Examples stay" in texts
    decision = TimelineEntry.objects.get(incident=incident, kind="decision")
    assert (decision.actor, decision.data) == (gone, {"by": gone.name})
    for model in (ContactMethod, Absence, Subscription):
        assert not model._default_manager.filter(user=bob.pk).exists()
    assert not gone.sessions.exists()
    assert not gone.api_tokens.exists()
    fact = Event.objects.get(name="user.erased")
    assert (fact.payload["pseudonym"], fact.payload["reason"], fact.actor) == (gone.name, WHY, ada)
    with pytest.raises(directory.Gone):
        directory.reactivate(gone, actor=ada)
    again = operations.erase(gone, reason=WHY, actor=ada)
    assert (again.name, Event.objects.filter(name="user.erased").count()) == (gone.name, 1)
    with pytest.raises(Exception, match="timeline_append_only"):
        TimelineEntry.objects.filter(pk=decision.pk).update(text="x")


def test_it_needs_an_admin_an_account_that_is_off_and_a_reason(alice: User, bob: User) -> None:
    ada = admin()
    with pytest.raises(PermissionDenied):
        operations.erase(bob, reason=WHY, actor=alice)
    with pytest.raises(operations.CannotErase, match="Switch the account off first"):
        operations.erase(bob, reason=WHY, actor=ada)
    directory.deactivate(bob, actor=ada)
    for reason, why in (("Left", "Say why"), ("bob example asked for it", "itself names them")):
        with pytest.raises(operations.CannotErase, match=why):
            operations.erase(bob, reason=reason, actor=ada)
    with pytest.raises(operations.CannotErase, match="at least 4"):
        operations.erase(bob, reason=WHY, also=["Bo"], actor=ada)
    bob.refresh_from_db()
    assert bob.name == "Bob Example"


def test_a_name_that_others_have_too_is_left_in_texts(alice: User, bob: User) -> None:
    ada, twin = admin(), cast.person("Twin")
    User.objects.filter(pk=twin.pk).update(name="Bob Example")
    incident = cast.incident(by=alice)
    lifecycle.add_entry(incident, kind="note", text="Bob Example, called Bobcat, +49 170 1234", actor=alice)
    directory.deactivate(bob, actor=ada)
    gone = operations.erase(bob, reason=WHY, also=["Bobcat", "+49 170 1234"], actor=ada)
    assert incident.timeline.filter(text=f"Bob Example, called {gone.name}, {gone.name}").exists()
    twin.refresh_from_db()
    assert twin.name == "Bob Example"


@pytest.mark.parametrize("text", ["Al (QA) O'Neil", "a.b+c@example.com", "Zoë \\ Müller"])
def test_no_sign_in_a_name_means_something_else(text: str, alice: User) -> None:
    incident = cast.incident(by=alice)
    lifecycle.add_entry(incident, kind="note", text=f"({text})", data={"said": text}, actor=alice)
    with connection.cursor() as cursor:
        cursor.execute(
            "select %s ~ %s, %s ~ %s", [f"({text})", rules.pattern(text), f"x{text}y", rules.pattern(text)]
        )
        assert cursor.fetchone() == (True, False)
    assert replace([Word(text, "Person 7f3a")]) == 1
    entry = incident.timeline.get(kind="note")
    assert (entry.text, entry.data) == ("(Person 7f3a)", {"said": "Person 7f3a"})


def test_what_programs_go_by_stays_whatever_is_named_beside(alice: User, bob: User) -> None:
    ada = admin()
    User.objects.filter(pk=alice.pk).update(time_zone="Europe/Berlin")
    schedule = cast.always(alice, name="Berlin")
    incident = cast.incident("Logins fail in Berlin", by=alice, severity="SEV1")
    lifecycle.add_entry(incident, kind="note", text="Ask Berlin. See Europe/Berlin.", actor=alice)
    directory.deactivate(bob, actor=ada)
    for word in ("resolved", "sev1", "SEV1", "payments-api"):
        with pytest.raises(operations.CannotErase, match="programs go by"):
            operations.erase(bob, reason=WHY, also=[word], actor=ada)
    gone = operations.erase(bob, reason=WHY, also=["Berlin"], actor=ada)
    schedule.refresh_from_db()
    alice.refresh_from_db()
    assert (schedule.name, alice.time_zone) == ("Berlin", "Europe/Berlin")
    assert incident.timeline.filter(text=f"Ask {gone.name}. See Europe/Berlin.").exists()


def test_how_many_private_incidents_mail_somebody_is_told_to_nobody(alice: User, bob: User) -> None:
    hidden = cast.incident(by=alice, private=True)
    lifecycle.invite(hidden, user=bob, actor=alice)
    client = cast.sign_in(Client(), admin())
    before = client.get(f"/people/{bob.pk}/erase/").content.decode().split("<main")[1].split("<aside")[0]
    subscriptions.subscribe(hidden, actor=bob)
    assert (
        client.get(f"/people/{bob.pk}/erase/").content.decode().split("<main")[1].split("<aside")[0] == before
    )


def test_an_address_outside_is_erased_and_gets_nothing_more(alice: User) -> None:
    ada, incident = admin(), cast.incident(by=alice)
    subscriptions.subscribe(incident, email="Press@customer.example", actor=alice)
    support = AudienceList.objects.get(slug="support")
    AudienceMember.objects.create(audience=support, email="press@customer.example")
    updates.publish(incident, audience="internal", text="We are on it", actor=alice)
    assert Told.objects.filter(name__iexact="press@customer.example").exists()
    instead = operations.erase_address("press@customer.example", reason=WHY, actor=ada)
    assert rows_with("press@customer.example") == {}
    assert Told.objects.filter(name=instead).exists()
    assert not Subscription.objects.exists()
    assert Message.objects.filter(address=instead).exists()
    # Whether an address stands anywhere is told to nobody.
    assert operations.erase_address("nobody@nowhere.example", reason=WHY, actor=admin()).endswith(
        "@erased.invalid"
    )
    with pytest.raises(operations.CannotErase, match="of an account"):
        operations.erase_address("ALICE@example.com", reason=WHY, actor=ada)


def test_the_screen_says_what_goes_and_asks_before(alice: User, bob: User) -> None:
    worked(bob, alice)
    ada = admin()
    client = cast.sign_in(Client(), ada)
    page = client.get(f"/people/{bob.pk}/erase/").content.decode()
    assert "The account is still on." in page
    form = {"reason": WHY, "also": "Bobcat\r\n\r\nThe Bobster", "sure": "on"}
    refused = client.post(f"/people/{bob.pk}/erase/", form)
    assert refused.status_code == 422
    assert "Switch the account off first" in refused.content.decode()
    directory.deactivate(bob, actor=ada)
    page = client.get(f"/people/{bob.pk}/erase/").content.decode()
    assert "Absences" in page
    wrong = client.post(f"/people/{bob.pk}/erase/", {**form, "sure": ""})
    assert wrong.status_code == 422
    assert "The Bobster" in wrong.content.decode()
    assert client.post(f"/people/{bob.pk}/erase/", form).status_code == 302
    page = client.get(f"/people/{bob.pk}/").content.decode()
    assert "Erased" in page
    assert "Switch account on" not in page
    assert client.get(f"/people/{bob.pk}/erase/").status_code == 404
    address = {"email": "alice@example.com", "reason": WHY, "sure": "on"}
    refused = client.post("/people/erase-address/", address)
    assert (refused.status_code, "of an account" in refused.content.decode()) == (422, True)
    address["email"] = "x@nowhere.example"
    assert client.post("/people/erase-address/", address).status_code == 302
    client.force_login(alice)
    assert client.get(f"/people/{bob.pk}/erase/").status_code == 403
    assert client.get("/people/erase-address/").status_code == 403


def test_programs_erase_and_export(alice: User, bob: User) -> None:
    worked(bob, alice)
    ada = admin()
    program = cast.caller(ada, scopes=["read", "write", "admin"])
    found = program.post(f"/api/v1/users/{bob.pk}/export/", {}, format="json").json()
    assert found["account"]["email"] == "bob@example.com"
    assert "incidents.TimelineEntry" in found["kept"]
    early = program.post(f"/api/v1/users/{bob.pk}/erase/", {"reason": WHY}, format="json")
    assert early.status_code == 409
    directory.deactivate(bob, actor=ada)
    made = program.post(f"/api/v1/users/{bob.pk}/erase/", {"reason": WHY, "also": ["Bobcat"]}, format="json")
    assert made.json()["name"].startswith("Person ")
    for path in (f"{bob.pk}/erase/", f"{bob.pk}/export/", "erase-address/"):
        body = {"reason": WHY, "email": "a@b.example"}
        assert cast.caller(alice).post(f"/api/v1/users/{path}", body, format="json").status_code == 403


def test_the_command_says_first_and_does_it_with_yes(alice: User, bob: User) -> None:
    ada, out = admin(), StringIO()
    directory.deactivate(bob, actor=ada)
    call_command("erase_person", "bob@example.com", by="ada@example.com", stdout=out)
    assert "Nothing was changed." in out.getvalue()
    with pytest.raises(CommandError, match="Say why"):
        call_command("erase_person", "bob@example.com", by="ada@example.com", yes=True)
    call_command("erase_person", "bob@example.com", by="ada@example.com", yes=True, reason=WHY, stdout=out)
    assert "Done: what they did stands under Person " in out.getvalue()


def exported(client: Client, user: User) -> dict[str, Any]:
    answer = client.post(f"/people/{user.pk}/export/")
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="person-{user.pk}.json"'
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_everybody_saves_what_is_kept_about_them_without_what_opens_anything(alice: User, bob: User) -> None:
    worked(bob, alice)
    found = exported(cast.sign_in(Client(), bob), bob)
    kept = found["kept"]
    assert [row["note"] for row in kept["oncall.Absence"]["rows"]] == ["Hospital"]
    assert {
        "incidents.Incident",
        "incidents.Task",
        "accounts.Session",
        "events.Event",
        "outbox.Message",
    } <= set(kept)
    assert "password" not in found["account"]
    assert set(kept["accounts.Session"]["rows"][0]) == {
        "expire_date",
        "user_id",
        "address",
        "agent",
        "created_at",
        "seen_at",
    }
    assert "token_hash" not in kept["tokens.ApiToken"]["rows"][0]
    assert Event.objects.get(name="user.exported").payload == {"user_id": bob.pk}
    client = cast.sign_in(Client(), alice)
    assert client.post(f"/people/{bob.pk}/export/").status_code == 404


def test_an_export_tells_an_admin_nothing_of_a_private_incident(alice: User, bob: User) -> None:
    hidden = cast.incident("Breach canarybird", by=alice, private=True)
    lifecycle.invite(hidden, user=bob, actor=alice)
    lifecycle.add_entry(hidden, kind="note", text="canarybird", actor=bob)
    cast.task("canarybird", of=hidden, by=alice, assignee=bob)
    subscriptions.subscribe(hidden, actor=bob)
    updates.publish(hidden, audience="internal", text="canarybird", actor=bob)
    before = exported(cast.sign_in(Client(), admin()), bob)["kept"]
    assert "canarybird" not in json.dumps(before)
    ids = {hidden.pk, *hidden.tasks.values_list("pk", flat=True)}
    for name, kind in before.items():
        for row in kind["rows"]:
            assert row.get("incident_id") not in ids, name
    assert not PrivateRead.objects.filter(way="export").exists()
    mine = exported(cast.sign_in(Client(), bob), bob)["kept"]
    assert "canarybird" in json.dumps(mine)
    assert PrivateRead.objects.get(way="export").user == bob
