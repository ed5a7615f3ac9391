from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from core.channels import secrets
from core.events.models import Event
from core.ical import copies
from core.net import http
from oncall.absences import operations, queries, rules
from oncall.absences.models import Absence, AbsenceCalendar, HolidayRegion
from oncall.absences.rules import Away, Duty
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from oncall.schedules.rules import holidays
from tests import cast
from tests.http_peer import Answer
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
HOME, ABSENCES = "/me/absences/", "/api/v1/users/me/absences/"
CALENDARS = "/api/v1/users/me/absence-calendars/"
SOON = timezone.now().replace(microsecond=0) + timedelta(days=20)


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site().start()
    yield server
    server.stop()
    http.hang_up()


@pytest.fixture
def own(alice: User) -> Client:
    return cast.sign_in(Client(), alice)


def ics(*events: tuple[datetime, str]) -> str:
    """A calendar of events of a day each."""
    lines = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}\r\nSUMMARY:{title}\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDURATION:P1D\r\nEND:VEVENT\r\n"
        for number, (start, title) in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{lines}END:VCALENDAR\r\n"


def subscribe(user: User, site: Site, *events: tuple[datetime, str], **given: str) -> AbsenceCalendar:
    """Read a calendar of these events once."""
    site.pages["/away.ics"] = Answer(200, ics(*events), {"ETag": '"1"'})
    made = operations.add_calendar(user, url=f"{site.url}/away.ics", **given)
    assert operations.read_due() == 1
    return read_again(made, due=False)


def read_again(calendar: AbsenceCalendar, *, due: bool = True) -> AbsenceCalendar:
    if due:
        AbsenceCalendar.objects.update(due_at=timezone.now())
        operations.read_due()
    calendar.refresh_from_db()
    return calendar


def notes(user: User) -> list[str]:
    return [row.note for row in queries.coming(user)]


def test_a_conflict_is_what_of_a_shift_falls_into_an_absence() -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 12, 1, hour, tzinfo=UTC)

    duties = [Duty(1, 7, at(8), at(12)), Duty(1, 8, at(12), at(16)), Duty(2, 7, at(12), at(16))]
    found = rules.conflicts(duties, [Away(1, at(10), at(14), "dentist"), Away(3, at(0), at(20), "")])
    assert [(each.duty.schedule, each.start, each.end) for each in found] == [
        (7, at(10), at(12)),
        (8, at(12), at(14)),
    ]
    assert rules.conflicts(duties, [Away(1, at(16), at(18), ""), Away(2, at(8), at(12), "")]) == []


def test_an_absence_is_entered_and_shown_where_it_meets_a_shift_and_takes_nobody_off(
    own: Client, alice: User
) -> None:
    spec = schedules.LayerSpec(
        name="Primary",
        start=timezone.now() - timedelta(days=1),
        handoff_at=time(9),
        weekday=0,
        participants=[[alice]],
    )
    schedule = schedules.create(name="Nights", slug="nights", time_zone="UTC", layers=[spec], actor=None)
    given = {
        "start": f"{SOON:%Y-%m-%dT%H:%M}",
        "end": f"{SOON + timedelta(days=2):%Y-%m-%dT%H:%M}",
        "note": "Sea",
    }
    assert own.post(f"{HOME}add/", given).status_code == 302
    page = own.get(HOME).content.decode()
    assert "On call while away" in page
    assert "/on-call/nights/" in page
    (conflict,) = queries.conflicts(alice)
    assert (conflict.duty.schedule, conflict.away.note) == (schedule.pk, "Sea")
    assert resolver.on_call([schedule.pk], SOON + timedelta(days=1))[schedule.pk].users == (alice.pk,)
    row = Absence.objects.get()
    assert own.post(f"{HOME}{row.pk}/remove/").status_code == 302
    assert "On call while away" not in own.get(HOME).content.decode()
    summaries = [
        event.payload["summary"] for event in Event.objects.filter(name="absences.changed").order_by("pk")
    ]
    assert [summary.split(":")[0] for summary in summaries] == ["away", "away no more"]


@pytest.mark.parametrize(
    ("path", "given", "says"),
    [
        ("add/", {"start": "2030-01-02T00:00", "end": "2030-01-01T00:00"}, "has to end after it starts"),
        ("add/", {"start": "2020-01-01T00:00", "end": "2020-01-02T00:00"}, "over already"),
        ("add/", {"start": "soon", "end": "2030-01-01T00:00"}, "Enter a valid date/time"),
        ("calendars/", {"url": "not an address"}, "This is not a web address"),
        ("calendars/", {"url": "ftp://example.com/a.ics"}, "must begin with https"),
        ("calendars/", {"url": "https://me:secret@example.com/a.ics"}, "user name or password"),
        ("holidays/", {"country": "XX"}, "Select a valid choice"),
        ("holidays/", {"country": "DE", "region": "XX"}, "This country has BB, BE"),
    ],
)
def test_bad_input_comes_back_with_what_is_wrong(
    own: Client, path: str, given: dict[str, str], says: str
) -> None:
    answer = own.post(HOME + path, given)
    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert not Absence.objects.exists()
    assert not AbsenceCalendar.objects.exists()
    assert own.get(HOME + path).status_code == 405


def test_what_belongs_to_another_does_not_exist(own: Client, bob: User) -> None:
    absence = operations.add(bob, start=SOON, end=SOON + timedelta(days=1))
    calendar = operations.add_calendar(bob, url="https://calendar.example/a.ics")
    assert own.post(f"{HOME}{absence.pk}/remove/").status_code == 404
    assert own.post(f"{HOME}calendars/{calendar.pk}/remove/").status_code == 404
    assert (Absence.objects.count(), AbsenceCalendar.objects.count()) == (1, 1)


def test_the_events_of_a_calendar_are_absences_and_follow_it(alice: User, site: Site) -> None:
    later = SOON + timedelta(days=3)
    calendar = subscribe(alice, site, (SOON, "Sea"), (later, "Dentist"))
    assert notes(alice) == ["Sea", "Dentist"]
    kept = Absence.objects.get(note="Dentist").pk
    site.pages["/away.ics"] = Answer(200, ics((later, "Dentist"), (later + timedelta(days=1), "Moving")))
    read_again(calendar)
    assert notes(alice) == ["Dentist", "Moving"]
    assert Absence.objects.get(note="Dentist").pk == kept
    assert site.requests[-1].headers["if-none-match"] == '"1"'
    operations.remove_calendar(calendar)
    assert notes(alice) == []


def test_only_events_with_the_word_in_their_title_count(alice: User, site: Site) -> None:
    subscribe(alice, site, (SOON, "Out of OFFICE"), (SOON, "Meeting"), only="out of office")
    assert notes(alice) == ["Out of OFFICE"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(200, "<html>sign in</html>"), "does not begin with BEGIN:VCALENDAR"),
        (Answer(200, ics((SOON, "Sea")).removesuffix("END:VCALENDAR\r\n")), "cut off"),
        (Answer(404), "answers 404"),
        (Answer(200, "x" * 1_000_001), "longer than 1,000,000 bytes"),
        (Answer(302, "", {"Location": "http://169.254.169.254/latest/"}), "private network"),
        (Answer(302, "", {"Location": "/away.ics"}), "more than 3 times"),
    ],
)
def test_what_is_no_calendar_keeps_the_last_good_copy_and_says_why(
    alice: User, site: Site, answer: Answer, says: str
) -> None:
    calendar = subscribe(alice, site, (SOON, "Sea"))
    good = bytes(calendar.copy or b"")
    site.pages["/away.ics"] = answer
    calendar = read_again(calendar)
    assert says in calendar.error
    assert bytes(calendar.copy or b"") == good
    assert notes(alice) == ["Sea"]
    page = cast.sign_in(Client(), alice).get(HOME).content.decode()
    assert "What was read before still counts." in page
    site.pages["/away.ics"] = Answer(200, ics((SOON, "Lake")))
    assert read_again(calendar).error == ""
    assert notes(alice) == ["Lake"]


def test_an_address_that_hangs_or_leads_inward_holds_nobody_up(
    alice: User, site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = subscribe(alice, site, (SOON, "Sea"))
    monkeypatch.setattr("core.net.fetching.SECONDS", 0.3)
    site.hang()
    assert read_again(calendar).error.startswith(("no answer within", "no connection in time"))
    site.release()
    settings.PRIVATE_TARGETS = []
    assert "cannot be called" in read_again(calendar).error
    assert notes(alice) == ["Sea"]


def test_a_calendar_is_asked_every_fifteen_minutes_and_not_of_who_left(alice: User, site: Site) -> None:
    calendar = subscribe(alice, site, (SOON, "Sea"))
    assert operations.read_due() == 0
    left = calendar.due_at - timezone.now()
    assert timedelta(minutes=10) < left <= copies.EVERY
    type(alice).objects.update(is_active=False)
    AbsenceCalendar.objects.update(due_at=timezone.now())
    assert operations.read_due() == 0


def test_what_has_not_changed_is_read_from_the_copy(alice: User, site: Site) -> None:
    calendar = subscribe(alice, site, (SOON, "Sea"))
    before = calendar.read_at
    site.pages["/away.ics"] = Answer(304)
    calendar = read_again(calendar)
    assert (calendar.error, notes(alice)) == ("", ["Sea"])
    assert calendar.read_at > before  # type: ignore[operator]


def test_the_address_is_sealed_and_shown_to_nobody(alice: User, own: Client) -> None:
    made = operations.add_calendar(alice, url="webcal://calendar.example/private-3f9c/a.ics")
    assert secrets.is_sealed(made.url)
    assert secrets.unseal(made.url) == "https://calendar.example/private-3f9c/a.ics"
    admin = cast.sign_in(Client(), cast.ada())
    shown = [
        own.get(HOME).content,
        cast.caller(alice).get(CALENDARS).content,
        admin.get(f"/admin/oncall/absencecalendar/{made.pk}/change/").content,
        admin.get("/admin/oncall/absencecalendar/").content,
        str(list(Event.objects.values_list("payload", flat=True))).encode(),
    ]
    assert not [page for page in shown if b"private-3f9c" in page]


def test_public_holidays_have_the_names_of_their_place(own: Client, alice: User) -> None:
    def found(country: str, region: str, day: date) -> list[str]:
        place = HolidayRegion(country=country, region=region)
        return [name for _, name in queries.public_holidays(place, first=day, last=day)]

    assert found("DE", "", date(2026, 10, 3)) == ["Tag der Deutschen Einheit"]
    assert found("DE", "BY", date(2026, 1, 6)) == ["Heilige Drei Könige"]
    assert found("DE", "", date(2026, 1, 6)) == []
    assert found("US", "", date(2026, 11, 26)) == ["Thanksgiving Day"]
    assert holidays.countries()["US"] == "United States"
    assert own.post(f"{HOME}holidays/", {"country": "DE", "region": "by"}).status_code == 302
    assert str(queries.region(alice)) == "DE-BY"
    today = timezone.localdate()
    place = HolidayRegion(country="DE", region="BY")
    (_, name), *_ = queries.public_holidays(place, first=today, last=today + timedelta(days=365))
    assert name in own.get(HOME).content.decode()
    assert own.post(f"{HOME}holidays/", {"country": ""}).status_code == 302
    assert queries.region(alice) is None


def test_the_api_adds_lists_and_removes(alice: User, site: Site) -> None:
    api = cast.caller(alice)
    given = {"start": f"{SOON:%Y-%m-%dT%H:%M:%SZ}", "end": f"{SOON + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"}
    made = api.post(ABSENCES, given | {"note": "Sea"}, format="json")
    assert (made.status_code, made.data["note"], made.data["calendar"]) == (201, "Sea", None)
    assert api.get(ABSENCES).data["results"] == [made.data]
    assert cast.caller(cast.bob()).get(ABSENCES).data["results"] == []
    assert api.delete(f"{ABSENCES}{made.data['id']}/").status_code == 204
    wrong: dict[str, Any] = {"start": given["end"], "end": given["start"]}
    assert api.post(ABSENCES, wrong, format="json").status_code == 409
    assert list(api.post(ABSENCES, {"start": "x"}, format="json").data["errors"]) == ["start", "end"]
    assert api.post(CALENDARS, {"url": "nonsense"}, format="json").status_code == 409
    subscribe(alice, site, (SOON, "Sea"))
    (calendar,) = api.get(CALENDARS).data["results"]
    assert (calendar["host"], calendar["error"]) == ("127.0.0.1", "")
    (read,) = api.get(ABSENCES).data["results"]
    assert read["calendar"] == calendar["id"]
    assert api.delete(f"{ABSENCES}{read['id']}/").status_code == 404
    assert api.delete(f"{CALENDARS}{calendar['id']}/").status_code == 204
    assert not Absence.objects.exists()


def test_there_is_a_limit(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST_ABSENCES", 1)
    monkeypatch.setattr(operations, "MOST_CALENDARS", 1)
    for _ in range(2):
        api = cast.caller(alice)
        api.post(CALENDARS, {"url": "https://calendar.example/a.ics"}, format="json")
        api.post(
            ABSENCES, {"start": f"{SOON:%Y-%m-%dT%H:%M:%SZ}", "end": "2099-01-01T00:00:00Z"}, format="json"
        )
    assert (Absence.objects.count(), AbsenceCalendar.objects.count()) == (1, 1)
