from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from core.events import bus, housekeeping
from core.events.models import Event
from core.people.directory import operations as people
from oncall.feeds import operations, queries, views
from oncall.feeds.models import FeedAddress, Kind, PublishedSchedule, PublishedShift
from oncall.schedules import operations as schedules
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
HOME, API = "/me/calendars/", "/api/v1/users/me/calendars/"


@pytest.fixture
def nights(alice: User, bob: User) -> Schedule:
    """Alice and Bob take weekly turns since last year."""
    return made("Nights", [alice], [bob], team=True)


def made(name: str, *places: list[User], team: bool = False) -> Schedule:
    spec = schedules.LayerSpec(
        name="Primary",
        start=datetime(2025, 1, 6, 8, tzinfo=UTC),
        handoff_at=time(9),
        weekday=0,
        participants=places,
    )
    return schedules.create(
        name=name,
        slug=name.lower(),
        time_zone="Europe/Berlin",
        team=cast.team() if team else None,
        layers=[spec],
        actor=None,
    )


def address(user: User, **what: Any) -> str:
    """A new secret address, as a path."""
    made, secret = operations.add(user, **what)
    return queries.urls(made, secret)[0].removeprefix("http://127.0.0.1:8000")


def read(path: str, **headers: str) -> Any:
    # From a network of its own: what is counted is kept in Redis, which all tests share.
    return Client(REMOTE_ADDR="203.0.113.58").get(path, headers=headers)


def titles(path: str) -> set[str]:
    lines = read(path).content.decode().replace("\r\n ", "").split("\r\n")
    return {line.removeprefix("SUMMARY:") for line in lines if line.startswith("SUMMARY:")}


def events(path: str) -> dict[str, list[str]]:
    """The lines of each event by its UID."""
    text = read(path).content.decode().replace("\r\n ", "")
    blocks = [block.split("END:VEVENT")[0].split("\r\n") for block in text.split("BEGIN:VEVENT")[1:]]
    return {next(line for line in block if line.startswith("UID:")): block for block in blocks}


def test_a_person_s_calendar_shows_their_shifts_and_nobody_else_s(
    alice: User, bob: User, nights: Schedule
) -> None:
    made("Days", [bob])
    assert titles(address(alice)) == {"On call: Nights"}
    assert titles(address(bob)) == {"On call: Nights", "On call: Days"}
    assert titles(address(cast.carol())) == set()


def test_the_calendar_of_a_schedule_and_of_a_team_names_everybody(
    alice: User, bob: User, nights: Schedule
) -> None:
    made("Days", [bob])
    both = {"Alice Example: Nights", "Bob Example: Nights"}
    vera = cast.vera()
    assert titles(address(vera, schedule=nights)) == both
    assert titles(address(vera, team=nights.team)) == both
    text = read(address(alice, schedule=nights)).content.decode()
    assert "TZID:Europe/Berlin" in text
    assert "X-WR-CALNAME:On call: Nights" in text


def test_it_shows_the_shifts_of_the_resolver(alice: User, nights: Schedule) -> None:
    now = timezone.now()
    given = queries.told(FeedAddress(user=alice, schedule=nights, kind=Kind.CALENDAR), now=now)
    from oncall.schedules import queries as resolver  # noqa: PLC0415

    end = now + timedelta(days=90)
    (one,) = resolver.resolve([nights.pk], start=now, end=end).values()
    for piece in one.final(now, end):
        then = [e.shift.user for e in given.entries if e.shift.start <= piece.start < e.shift.end]
        assert tuple(then) == piece.users


def test_an_edit_is_read_at_once_and_keeps_what_calendars_know(
    alice: User, bob: User, nights: Schedule
) -> None:
    path = address(alice)
    bus.deliver_due()
    before = events(path)
    shift = next(
        row for row in PublishedShift.objects.filter(user=alice, start__gt=timezone.now()).order_by("start")
    )
    schedules.add_override(
        nights, start=shift.start, end=shift.start + timedelta(days=1), user=bob, actor=alice
    )
    uid = f"UID:{shift.uid}"
    read_at_once = events(path)[uid]
    assert bus.deliver_due()
    assert {key: value for key, value in events(path).items() if key != uid} == {
        key: value for key, value in before.items() if key != uid
    }
    for block in (read_at_once, events(path)[uid]):
        assert "SEQUENCE:1" in block
        assert "STATUS:CONFIRMED" in block
        assert block != before[uid]


def test_who_leaves_a_rotation_is_told_that_the_shifts_are_gone(
    alice: User, bob: User, nights: Schedule
) -> None:
    path = address(bob)
    spec = schedules.LayerSpec(
        name="Primary", start=timezone.now(), handoff_at=time(9), weekday=0, participants=[[alice]]
    )
    schedules.save_layers(nights, layers=[spec], actor=alice)
    bus.deliver_due()
    later = [block for uid, block in events(path).items() if "STATUS:CANCELLED" in block]
    assert later
    assert all("SEQUENCE:1" in block for block in later)
    start = f"{timezone.now():%Y%m%d}"
    live = [block for block in events(path).values() if "STATUS:CONFIRMED" in block]
    assert all(
        line.split(":")[1] <= start + "T999999" for b in live for line in b if line.startswith("DTSTART")
    )


def test_x58_every_other_address_leads_nowhere_and_says_no_more(alice: User, nights: Schedule) -> None:
    path = address(alice)
    assert read(path).status_code == 200
    wrong = [
        path.replace(".ics", "x.ics"),
        f"/calendars/{'x' * 999}.ics",
        "/calendars/ä.ics",
        "/calendars/x.ics",
    ]
    wrong += [
        path.replace("/calendars/", "/on-call-now/").replace(".ics", ending) for ending in (".txt", ".xml")
    ]
    answers = {(each.status_code, each.content) for each in map(read, wrong)}
    assert answers == {(404, b"This address leads nowhere.\n")}


def test_x58_only_a_hash_of_the_secret_is_kept(alice: User) -> None:
    row, secret = operations.add(alice)
    assert len(secret) * 6 >= 128
    row.refresh_from_db()
    assert secret not in str({field.name: getattr(row, field.name) for field in row._meta.fields})
    assert secret not in str(list(Event.objects.values_list("payload", flat=True)))


def test_x58_nobody_keeps_a_copy_and_no_site_learns_the_address(alice: User) -> None:
    answer = read(address(alice))
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"


def test_x58_it_shows_no_title_of_an_alert_or_incident(alice: User, nights: Schedule) -> None:
    cast.incident("Secret merger leaks", by=alice)
    cast.alert("Card numbers in a log")
    text = read(address(alice)).content + read(address(alice, kind=Kind.NOW, schedule=nights)).content
    assert b"merger" not in text
    assert b"Card" not in text


def test_x58_it_is_answered_a_bounded_number_of_times_a_minute(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PER_ADDRESS", 0)
    answer = read(address(alice))
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    monkeypatch.setattr(views, "PER_NETWORK", 0)
    assert read("/calendars/guess.ics").status_code == 429


def test_x16_the_addresses_of_a_closed_account_are_dead_at_once_and_stay_so(alice: User) -> None:
    path, ada = address(alice), cast.ada()
    people.deactivate(alice, actor=ada)
    assert read(path).status_code == 404
    people.reactivate(alice, actor=ada)
    bus.deliver_due()
    assert read(path).status_code == 404
    assert FeedAddress.objects.get().revoked_at is not None


def test_what_has_not_changed_is_not_sent_again(alice: User, nights: Schedule) -> None:
    path = address(alice)
    first = read(path)
    again = read(path, if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again["Referrer-Policy"] == "no-referrer"


def test_an_address_that_is_read_says_so_on_the_screen(alice: User) -> None:
    path = address(alice, name="Phone")
    own = cast.sign_in(Client(), alice)
    assert "never read" in own.get(HOME).content.decode()
    read(path)
    page = own.get(HOME).content.decode()
    assert "last read" in page
    assert "Phone" in page
    assert HOME in own.get("/on-call/").content.decode()


def test_who_is_on_call_now_is_read_as_text_and_read_out(alice: User, bob: User, nights: Schedule) -> None:
    text_path = address(cast.vera(), kind=Kind.NOW, schedule=nights)
    schedules.add_override(
        nights, start=timezone.now(), end=timezone.now() + timedelta(hours=2), user=bob, actor=alice
    )
    text = read(text_path)
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert text.content.decode().startswith("Nights: Bob Example")
    twiml = Client(enforce_csrf_checks=True).post(text_path.replace(".txt", ".xml"), {"From": "+15005550006"})
    assert twiml["Content-Type"] == "text/xml; charset=utf-8"
    assert "On call now. Nights: Bob Example" in twiml.content.decode()
    assert read(text_path.replace("/on-call-now/", "/calendars/").replace(".txt", ".ics")).status_code == 404


def test_an_address_is_made_and_revoked_on_the_screen(alice: User, nights: Schedule) -> None:
    own = cast.sign_in(Client(), alice)
    page = own.get(f"{HOME}?shows=schedule-{nights.pk}").content.decode()
    assert f'value="schedule-{nights.pk}" selected' in page
    answer = own.post(HOME, {"kind": "calendar", "shows": f"schedule-{nights.pk}", "name": "Phone"})
    assert answer.status_code == 201
    row = FeedAddress.objects.get()
    assert (row.schedule, row.user, row.name) == (nights, alice, "Phone")
    shown = answer.content.decode()
    path = shown.split("http://127.0.0.1:8000")[1].split("<")[0]
    assert read(path).status_code == 200
    assert path not in own.get(HOME).content.decode()
    assert own.get(f"{HOME}{row.pk}/revoke/").status_code == 405
    assert own.post(f"{HOME}{row.pk}/revoke/").status_code == 302
    assert read(path).status_code == 404


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kind": "now", "shows": "own"}, "Choose a schedule or a team"),
        ({"kind": "calendar", "shows": "schedule-0"}, "Select a valid choice"),
        ({"kind": "fax", "shows": "own"}, "Select a valid choice"),
        ({}, "This field is required"),
    ],
)
def test_a_bad_choice_comes_back_with_what_is_wrong(alice: User, given: dict[str, str], says: str) -> None:
    answer = cast.sign_in(Client(), alice).post(HOME, given or {"name": "x"})
    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert not FeedAddress.objects.exists()


def test_what_belongs_to_another_does_not_exist(alice: User, bob: User) -> None:
    row, _ = operations.add(bob)
    assert cast.sign_in(Client(), alice).post(f"{HOME}{row.pk}/revoke/").status_code == 404
    assert cast.caller(alice).delete(f"{API}{row.pk}/").status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None


def test_there_is_a_limit(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST", 1)
    operations.add(alice)
    answer = cast.sign_in(Client(), alice).post(HOME, {"kind": "calendar", "shows": "own"})
    assert (answer.status_code, "Revoke one first" in answer.content.decode()) == (422, True)


def test_the_api_makes_lists_and_revokes(alice: User, nights: Schedule) -> None:
    api = cast.caller(alice)
    made = api.post(API, {"schedule": "nights", "name": "Phone"}, format="json")
    assert made.status_code == 201
    (url,) = made.data.pop("urls")
    assert made.data["schedule"] == "nights"
    assert api.get(API).data["results"] == [made.data]
    path = url.removeprefix("http://127.0.0.1:8000")
    assert read(path).status_code == 200
    assert api.delete(f"{API}{made.data['id']}/").status_code == 204
    assert read(path).status_code == 404
    assert api.get(API).data["results"] == []
    now = api.post(API, {"kind": "now", "team": "payments"}, format="json")
    assert [url.rsplit(".")[-1] for url in now.data["urls"]] == ["txt", "xml"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "now"}, "schedule"),
        ({"schedule": "nights", "team": "payments"}, "team"),
        ({"schedule": "absent"}, "schedule"),
        ({"kind": "fax"}, "kind"),
    ],
)
def test_the_api_says_which_field_is_wrong(
    alice: User, nights: Schedule, given: dict[str, str], field: str
) -> None:
    answer = cast.caller(alice).post(API, given, format="json")
    assert (answer.status_code, list(answer.data["errors"])) == (400, [field])


def test_an_admin_sees_and_revokes_and_reads_no_secret(alice: User) -> None:
    row, secret = operations.add(alice, name="Phone")
    admin = cast.sign_in(Client(), cast.ada())
    page = admin.get("/admin/oncall/feedaddress/").content.decode()
    assert "Phone" in page
    assert secret not in page
    assert row.token_hash not in admin.get(f"/admin/oncall/feedaddress/{row.pk}/change/").content.decode()
    given = {"action": "revoke", "_selected_action": [row.pk]}
    assert admin.post("/admin/oncall/feedaddress/", given).status_code == 302
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert admin.get("/admin/oncall/publishedshift/").status_code == 200


def test_both_ends_of_an_address_are_in_the_record(alice: User) -> None:
    row, _ = operations.add(alice)
    operations.revoke(row, actor=alice)
    operations.revoke(row, actor=alice)
    names = list(Event.objects.filter(subject_id=row.pk).order_by("pk").values_list("name", flat=True))
    assert [name for name in names if name.startswith("feed.")] == ["feed.made", "feed.revoked"]


def test_time_itself_is_followed_a_share_at_a_time_while_anybody_reads(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "AT_ONCE", 2)
    for number in range(3):
        made(f"S{number}", [alice])
    assert operations.publish_due() == 0, "nobody reads"
    operations.add(bob)
    assert [operations.publish_due() for _ in range(3)] == [2, 1, 0]
    assert PublishedShift.objects.values("schedule").distinct().count() == 3
    PublishedSchedule.objects.update(looked_at=timezone.now() - timedelta(hours=2))
    assert operations.publish_due() == 2
    assert set(PublishedShift.objects.values_list("sequence", flat=True)) == {0}
    assert "what calendars are told" in housekeeping._chores


def test_reading_a_calendar_asks_the_database_a_bounded_number_of_times(
    alice: User, bob: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        made(f"S{number}", [alice], [bob])
    path = address(alice)
    read(path)
    with django_assert_max_num_queries(14):
        assert len(events(path)) > 100
