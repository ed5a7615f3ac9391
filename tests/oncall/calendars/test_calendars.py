"""A schedule that is read from a calendar elsewhere, by a real HTTP server on 127.0.0.1."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core.accounts.models import User
from core.channels import secrets
from core.events.models import Event
from core.net import http
from core.outbox.models import Message
from oncall.calendars import operations, queries
from oncall.calendars.models import CalendarShift, ScheduleCalendar
from oncall.feeds import operations as feeds
from oncall.handoffs import operations as handoffs
from oncall.load import queries as load
from oncall.lookahead import queries as lookahead
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from tests import cast
from tests.http_peer import Answer
from tests.oncall.test_handlers import hear
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoAssertNumQueries, Settings

    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOON = timezone.now().replace(minute=0, second=0, microsecond=0) + 2 * DAY


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site().start()
    yield server
    server.stop()
    http.hang_up()


@pytest.fixture(autouse=True)
def _everybody(ada: User, carol: User) -> None:
    """An admin who adds calendars, and somebody more to be on call."""


@pytest.fixture
def schedule(alice: User) -> Schedule:
    """Alice has it all the time, by a rotation of rank 0."""
    return cast.always(alice)


def event(title: str, start: datetime = SOON, hours: int = 4, guest: str = "") -> str:
    invited = f"ATTENDEE:mailto:{guest}\r\n" if guest else ""
    return (
        f"BEGIN:VEVENT\r\nUID:{title}{start:%d%H}\r\nSUMMARY:{title}\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\n"
        f"DURATION:PT{hours}H\r\n{invited}END:VEVENT\r\n"
    )


def page(*events: str) -> Answer:
    return Answer(
        200, f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(events)}END:VCALENDAR\r\n", {"ETag": '"1"'}
    )


def read(
    schedule: Schedule, site: Site, *events: str, use: str = "shifts", rank: int = 100, name: str = "Roster"
) -> ScheduleCalendar:
    """Read a calendar of these events once."""
    path = f"/{name.lower().replace(' ', '-')}.ics"
    site.pages[path] = page(*events)
    made = operations.add(
        schedule,
        name=name,
        url=f"{site.url}{path}",
        use=use,
        rank=rank,
        actor=User.objects.get(email="ada@example.com"),
    )
    assert operations.read_due() == 1
    made.refresh_from_db()
    return made


def read_again(calendar: ScheduleCalendar) -> ScheduleCalendar:
    ScheduleCalendar.objects.update(due_at=timezone.now())
    operations.read_due()
    calendar.refresh_from_db()
    return calendar


def who(schedule: Schedule, at: datetime) -> tuple[tuple[int, ...], str]:
    piece = resolver.on_call([schedule.pk], at)[schedule.pk]
    return piece.users, piece.reason


def said(until: datetime) -> str:
    return f'calendar "Roster" until {until:%Y-%m-%d %H:%M} UTC'


def test_its_events_are_shifts_that_cover_what_ranks_below(
    schedule: Schedule, site: Site, alice: User, bob: User
) -> None:
    read(schedule, site, event("Bob Example"))
    assert who(schedule, SOON) == ((bob.pk,), said(SOON + 4 * HOUR))
    assert who(schedule, SOON + 4 * HOUR)[0] == (alice.pk,)
    assert who(schedule, SOON + 4 * HOUR)[1].endswith('; calendar "Roster" names nobody at this time')


def test_below_a_rotation_it_has_nobody_and_beside_one_they_are_on_call_together(
    schedule: Schedule, site: Site, alice: User, bob: User
) -> None:
    calendar = read(schedule, site, event("Bob Example"), rank=0)
    assert set(who(schedule, SOON)[0]) == {alice.pk, bob.pk}
    operations.remove(calendar, actor=User.objects.get(email="ada@example.com"))
    low = schedules.LayerSpec(
        name="Weekly", start=timezone.now(), handoff_at=SOON.time(), participants=[[alice]], rank=5
    )
    schedules.save_layers(schedule, layers=[low], actor=None)
    read(schedule, site, event("Bob Example"), rank=3)
    assert who(schedule, SOON)[0] == (alice.pk,)


def test_its_events_are_overrides_and_one_that_somebody_enters_later_wins(
    schedule: Schedule, site: Site, alice: User, bob: User, carol: User
) -> None:
    read(schedule, site, event("bob@example.com"), use="overrides")
    assert who(schedule, SOON) == ((bob.pk,), said(SOON + 4 * HOUR))
    assert who(schedule, SOON + 4 * HOUR)[0] == (alice.pk,)
    schedules.add_override(schedule, start=SOON, end=SOON + HOUR, user=carol, actor=None)
    assert who(schedule, SOON)[0] == (carol.pk,)
    assert who(schedule, SOON + HOUR)[0] == (bob.pk,)


def test_what_means_nobody_here_is_listed_and_changes_nothing(
    schedule: Schedule, site: Site, alice: User, bob: User
) -> None:
    calendar = read(
        schedule, site, event("Zoe"), event("Night", guest="zoe@example.com"), event("Day", guest=bob.email)
    )
    assert sorted(calendar.left_out) == [
        "Night: nobody here has zoe@example.com",
        "Zoe: neither its title nor its guests name anybody who is here",
    ]
    assert CalendarShift.objects.get().user == bob
    shown = cast.sign_in(Client(), alice).get(f"/on-call/{schedule.slug}/calendars/").content.decode()
    assert "Left out: Night: nobody here has zoe@example.com" in shown


def test_pager_feeds_load_api_and_look_ahead_say_the_same(
    schedule: Schedule, site: Site, bob: User, alice: User
) -> None:
    handoffs.extend()
    address, secret = feeds.add(bob)
    read(schedule, site, event("Bob Example"))
    hear(twice=False)
    assert list(resolver.naming([bob.pk])) == [schedule.pk]
    (shift,) = resolver.shifts_of(bob, start=timezone.now(), end=SOON + 10 * DAY)
    assert (shift.start, shift.end) == (SOON, SOON + 4 * HOUR)
    told = Client().get(f"/calendars/{secret}.ics").content.decode()
    assert told.count("BEGIN:VEVENT") == 1
    assert address.shown == "own shifts"
    path = f"/api/v1/schedules/{schedule.slug}/shifts/?from={SOON:%Y-%m-%dT%H:%M:%SZ}&to={SOON + DAY:%Y-%m-%dT%H:%M:%SZ}"
    first, *_ = cast.caller(alice).get(path).json()
    assert (first["users"], first["reason"], first["override"]) == (
        [str(bob.pk)],
        said(SOON + 4 * HOUR),
        None,
    )
    assert Message.objects.filter(user_id=bob.pk, content__subject__startswith="Your on-call duty").exists()
    texts = [each.text for each in lookahead.worries(timezone.now())[schedule.pk]]
    assert any("Bob Example has no verified contact method" in text for text in texts)
    with time_machine.travel(SOON + 2 * DAY):
        (had,) = load.loads([bob], SOON.date(), (SOON + DAY).date(), viewer=bob, now=timezone.now())
        assert had.hours.total == 4 * HOUR


def test_what_has_passed_stays_whatever_the_calendar_says_by_now(
    schedule: Schedule, site: Site, alice: User, bob: User, carol: User
) -> None:
    calendar = read(schedule, site, event("Bob Example"), event("Bob Example", SOON + DAY))
    with time_machine.travel(SOON + HOUR, tick=False):
        site.pages["/roster.ics"] = page(event("Carol Example", SOON + DAY))
        read_again(calendar)
        assert who(schedule, SOON)[0] == (bob.pk,)
        assert who(schedule, SOON + HOUR)[0] == (alice.pk,)
        assert who(schedule, SOON + DAY)[0] == (carol.pk,)
    with time_machine.travel(SOON + DAY + HOUR, tick=False):
        operations.remove(calendar, actor=User.objects.get(email="ada@example.com"))
        assert who(schedule, SOON + DAY)[0] == (carol.pk,)
        assert who(schedule, SOON + DAY + HOUR)[0] == (alice.pk,)
        assert who(schedule, SOON)[0] == (bob.pk,)
    calendar.refresh_from_db()
    assert (calendar.url, calendar.copy) == ("", None)
    assert operations.read_due() == 0


def test_an_event_that_runs_when_the_calendar_is_added_counts_from_then(
    schedule: Schedule, site: Site, alice: User, bob: User
) -> None:
    now = timezone.now()
    read(schedule, site, event("Bob Example", now - HOUR))
    assert who(schedule, now - HOUR)[0] == (alice.pk,)
    assert who(schedule, timezone.now())[0] == (bob.pk,)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(200, "<html>sign in</html>"), "does not begin with BEGIN:VCALENDAR"),
        (Answer(200, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"), "cut off"),
        (Answer(404), "answers 404"),
        (Answer(200, "x" * 1_000_001), "longer than 1,000,000 bytes"),
        (Answer(302, "", {"Location": "http://169.254.169.254/latest/"}), "private network"),
    ],
)
def test_what_is_no_calendar_leaves_the_last_good_copy_in_force_and_says_why(
    schedule: Schedule, site: Site, alice: User, bob: User, carol: User, answer: Answer, says: str
) -> None:
    calendar = read(schedule, site, event("Bob Example"))
    site.pages["/roster.ics"] = answer
    calendar = read_again(calendar)
    assert says in calendar.error
    assert who(schedule, SOON)[0] == (bob.pk,)
    shown = cast.sign_in(Client(), alice).get(f"/on-call/{schedule.slug}/").content.decode()
    assert "What was read before still counts." in shown
    site.pages["/roster.ics"] = page(event("Carol Example"))
    assert read_again(calendar).error == ""
    assert who(schedule, SOON)[0] == (carol.pk,)


def test_an_address_that_hangs_or_leads_inward_holds_nobody_up(
    schedule: Schedule, site: Site, bob: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = read(schedule, site, event("Bob Example"))
    monkeypatch.setattr("core.net.fetching.SECONDS", 0.3)
    site.hang()
    assert read_again(calendar).error.startswith(("no answer within", "no connection in time"))
    site.release()
    settings.PRIVATE_TARGETS = []
    assert "cannot be called" in read_again(calendar).error
    assert who(schedule, SOON)[0] == (bob.pk,)


def test_the_look_ahead_finds_what_could_not_be_read_for_a_day(
    schedule: Schedule, site: Site, bob: User
) -> None:
    calendar = read(schedule, site, event("Bob Example"))
    site.pages["/roster.ics"] = Answer(503)
    read_again(calendar)

    def found(now: datetime) -> list[tuple[str, str]]:
        some = lookahead.worries(now)[schedule.pk]
        return [(each.text, each.reason) for each in some if each.kind == "calendar_unread"]

    assert found(timezone.now()) == []
    since = f"{ScheduleCalendar.objects.get().read_at:%a %d %b %H:%M}"
    assert found(timezone.now() + DAY + HOUR) == [
        (
            f"The calendar Roster of Payments primary could not be read since {since}.",
            "The address answers 503 instead of a calendar. What was read before still counts.",
        )
    ]


def test_nothing_is_said_where_nothing_changed(schedule: Schedule, site: Site, bob: User) -> None:
    calendar = read(schedule, site, event("Bob Example"))
    summaries = ["Schedule created", "Calendar Roster added", "Calendar Roster was read"]
    changes = Event.objects.filter(name="schedule.changed").order_by("pk")
    assert [each.payload["summary"] for each in changes] == summaries
    before = calendar.read_at
    site.pages["/roster.ics"] = Answer(304)
    calendar = read_again(calendar)
    assert calendar.read_at is not None
    assert before is not None
    assert calendar.read_at > before
    assert changes.count() == 3


def test_a_schedule_that_is_deleted_is_read_no_more_and_stays_empty_until_it_is_restored(
    schedule: Schedule, site: Site, alice: User, bob: User
) -> None:
    read(schedule, site, event("Bob Example"), use="overrides")
    schedules.delete(schedule, actor=None)
    assert operations.read_due() == 0
    assert who(schedule, SOON) == ((), "the schedule was deleted")
    schedules.undelete(schedule, actor=None)
    assert who(schedule, SOON)[0] == (alice.pk,)


def test_a_preview_and_the_schedule_behind_know_of_it(
    schedule: Schedule, site: Site, alice: User, bob: User
) -> None:
    read(schedule, site, event("Bob Example"))
    rotation = [
        schedules.LayerSpec(
            name="Weekly",
            start=datetime(2026, 1, 5, 9, tzinfo=UTC),
            handoff_at=SOON.time(),
            participants=[[each]],
        )
        for each in (alice,)
    ]
    shown = schedules.preview(schedule, layers=rotation, actor=None)
    assert [change for change in shown.changes if change.user == bob.pk] == []
    behind = schedules.create(
        name="Behind", slug="behind", time_zone="UTC", layers=[
            schedules.LayerSpec(
                name="Two", start=datetime(2026, 1, 5, 9, tzinfo=UTC), handoff_at=SOON.time(), weekday=0,
                participants=[[bob], [alice]],
            )
        ],
        terms=schedules.Terms(stands_behind=schedule), actor=None,
    )  # fmt: skip
    assert who(behind, SOON)[0] == (alice.pk,)
    assert who(behind, SOON + 4 * HOUR)[0] == (bob.pk,)
    versions = list(resolver.versions(schedule))
    one = resolver.as_if(versions[0], resolver.layers_of(versions[0]), start=SOON, end=SOON + DAY)
    assert one.at(SOON).users == (bob.pk,)


def test_its_shifts_are_drawn_and_explained(schedule: Schedule, site: Site, alice: User, bob: User) -> None:
    read(schedule, site, event("Bob Example"))
    read(schedule, site, event("Carol Example", SOON + DAY), use="overrides", name="Holidays")
    own = cast.sign_in(Client(), alice)
    drawn = own.get(f"/on-call/{schedule.slug}/?view=2weeks").content.decode()
    assert "<b>Roster</b> from a calendar" in drawn
    assert "<b>Holidays</b> overrides, from a calendar" in drawn
    assert "Read from" in drawn
    why = own.get(f"/on-call/{schedule.slug}/-/shift/?at={SOON:%Y-%m-%dT%H:%M:%SZ}").content.decode()
    assert f"calendar &quot;Roster&quot; until {SOON + 4 * HOUR:%Y-%m-%d %H:%M} UTC" in why
    assert "rank 100, from a calendar" in why


def test_a_schedule_without_one_costs_no_query_more(
    schedule: Schedule, site: Site, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        resolver.on_call([schedule.pk], SOON)
    for number in range(3):
        read(schedule, site, event("Bob Example"), name=f"Roster {number}")
    with django_assert_num_queries(5):
        resolver.on_call([schedule.pk], SOON)


class TestScreenAndApi:
    def test_managers_add_and_remove_one_and_others_read_the_list(
        self, schedule: Schedule, site: Site, mona: User, alice: User
    ) -> None:
        home, address = f"/on-call/{schedule.slug}/calendars/", f"{site.url}/s3cret/a.ics"
        site.pages["/s3cret/a.ics"] = page(event("Bob Example"))
        given = {"name": "Roster", "url": address, "use": "shifts"}
        assert cast.sign_in(Client(), alice).post(home, given).status_code == 403
        own = cast.sign_in(Client(), mona)
        assert own.post(home, given).status_code == 302
        row = ScheduleCalendar.objects.get()
        assert (row.rank, secrets.unseal(row.url)) == (100, address)
        shown = cast.sign_in(Client(), alice).get(home).content.decode()
        assert "127.0.0.1" in shown
        assert "s3cret" not in shown + str(list(Event.objects.values_list("payload", flat=True)))
        again = own.post(home, given)
        assert again.status_code == 422
        assert "Another calendar of this schedule has this name." in again.content.decode()
        assert own.post(f"{home}{row.pk}/remove/").status_code == 302
        assert list(queries.of(schedule)) == []

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("not an address", "This is not a web address"),
            ("ftp://example.com/a.ics", "must begin with https"),
            ("https://me:secret@example.com/a.ics", "user name or password"),
        ],
    )
    def test_bad_input_comes_back_with_what_is_wrong(
        self, schedule: Schedule, mona: User, url: str, says: str
    ) -> None:
        given = {"name": "Roster", "url": url, "use": "overrides", "rank": "7"}
        answer = cast.sign_in(Client(), mona).post(f"/on-call/{schedule.slug}/calendars/", given)
        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert 'value="Roster"' in answer.content.decode()
        assert not ScheduleCalendar.objects.exists()

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (Answer(404), "answers 404 instead of a calendar"),
            (Answer(200, "<html>"), "no calendar"),
            (Answer(302, "", {"Location": "http://169.254.169.254/a.ics"}), "leads into a private network"),
            (None, "no answer within"),
        ],
    )
    def test_an_address_without_a_calendar_is_refused_at_its_field(
        self,
        schedule: Schedule,
        site: Site,
        mona: User,
        monkeypatch: pytest.MonkeyPatch,
        answer: Answer | None,
        says: str,
    ) -> None:
        monkeypatch.setattr("core.net.fetching.SECONDS", 0.5)
        client = cast.sign_in(Client(), mona)
        if answer is None:
            site.hang()
        else:
            site.pages["/a.ics"] = answer
        given = {"name": "Roster", "url": f"{site.url}/a.ics", "use": "overrides", "rank": "7"}
        refused = client.post(f"/on-call/{schedule.slug}/calendars/", given)
        site.release()
        assert refused.status_code == 422
        assert says in str(refused.context["form"].errors["url"])
        assert f'value="{given["url"]}"' in refused.content.decode()
        assert not ScheduleCalendar.objects.exists()

    def test_the_api_adds_lists_and_removes(self, schedule: Schedule, ada: User, alice: User) -> None:
        api, path = cast.caller(ada), f"/api/v1/schedules/{schedule.slug}/calendars/"
        given = {"name": "Roster", "url": "webcal://calendar.example/a.ics", "use": "overrides"}
        made = api.post(path, given, format="json")
        assert (made.status_code, made.json()["host"], made.json()["rank"]) == (201, "calendar.example", 100)
        assert api.post(path, given | {"url": "x", "name": "Other"}, format="json").status_code == 409
        assert list(api.post(path, {"use": "x"}, format="json").json()["errors"]) == ["name", "url", "use"]
        assert cast.caller(alice).get(path).json()["results"][0]["name"] == "Roster"
        assert cast.caller(alice).post(path, given | {"name": "B"}, format="json").status_code == 403
        one = f"{path}{made.json()['id']}/"
        assert cast.caller(alice).delete(one).status_code == 403
        assert api.delete(one).status_code == 204
        assert api.get(path).json()["results"] == []

    def test_there_is_a_limit(self, schedule: Schedule, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(operations, "MOST", 1)
        given = {"url": "https://calendar.example/a.ics", "use": "shifts", "actor": ada}
        operations.add(schedule, name="One", **given)  # type: ignore[arg-type]
        with pytest.raises(operations.TooMany):
            operations.add(schedule, name="Two", **given)  # type: ignore[arg-type]
