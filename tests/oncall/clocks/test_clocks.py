"""S-19: zone data that moves hand-offs is noticed, told to whom it concerns, shown and logged; what is over stays."""

from __future__ import annotations

import struct
import zoneinfo
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from core.events import housekeeping
from core.events.models import Event
from core.outbox.models import Message
from oncall.clocks import operations, queries, rules
from oncall.clocks.models import ClockChange, ZoneClock
from oncall.handoffs import operations as handoffs
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from oncall.schedules.models import Unit
from oncall.schedules.rules import turns
from tests import cast
from tests.oncall.test_handlers import hear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User
    from oncall.models import Schedule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE = "Test_City"
MIDNIGHT = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
CUT = MIDNIGHT + 10 * DAY
UNTIL = datetime(2028, 6, 1, tzinfo=UTC)


class TestRules:
    def test_the_moves_of_a_clock_are_found_to_the_second(self) -> None:
        found = rules.moves(
            ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        )
        assert found == [
            (datetime(2026, 1, 1, 5, tzinfo=UTC), 3600),
            (datetime(2026, 3, 29, 1, tzinfo=UTC), 7200),
            (datetime(2026, 10, 25, 1, tzinfo=UTC), 3600),
        ]

    def test_a_summer_time_that_is_new_makes_hand_offs_an_hour_earlier(self) -> None:
        old = [(datetime(2026, 1, 1, tzinfo=UTC), 7200)]
        new = [
            (datetime(2026, 2, 1, tzinfo=UTC), 7200),
            (datetime(2026, 4, 23, 22, tzinfo=UTC), 10800),
            (datetime(2026, 10, 29, 21, tzinfo=UTC), 7200),
        ]
        found = rules.differences(old, new, UNTIL)
        assert found == [
            rules.Stretch(
                datetime(2026, 4, 23, 22, tzinfo=UTC), datetime(2026, 10, 29, 21, tzinfo=UTC), -3600
            )
        ]
        assert rules.said("Africa/Cairo", "2026b", found, now=datetime(2026, 3, 1, tzinfo=UTC)) == (
            "The clocks of Africa/Cairo changed with tzdata 2026b: "
            "hand-offs from Thu 23 Apr 2026 until Thu 29 Oct 2026 are an hour earlier."
        )
        assert rules.differences(new, old, UNTIL)[0].later == 3600
        assert rules.differences(new, new, UNTIL) == []

    def test_a_change_that_lasts_has_no_end_and_one_that_has_begun_says_what_it_counts(self) -> None:
        old = [(datetime(2026, 1, 1, tzinfo=UTC), 3600)]
        new = [(datetime(2026, 1, 1, tzinfo=UTC), 3600), (datetime(2026, 3, 1, tzinfo=UTC), -1800)]
        found = rules.differences(old, new, UNTIL)
        assert found == [rules.Stretch(datetime(2026, 3, 1, tzinfo=UTC), None, 5400)]
        assert rules.said("Test", "", found, now=datetime(2026, 4, 1, tzinfo=UTC)) == (
            "The clocks of Test changed with tzdata of this machine: "
            "hand-offs from Sun 01 Mar 2026 on are 1 hour 30 minutes later. "
            "Hours that have passed are counted by the new clocks too."
        )

    def test_what_changes_in_the_past_alone_moves_no_hand_off_to_come(self) -> None:
        found = [rules.Stretch(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), 3600)]
        assert rules.said("Test", "2026b", found, now=UNTIL) == (
            "The clocks of Test changed with tzdata 2026b: "
            "Hours that have passed are counted by the new clocks too."
        )

    def test_of_many_stretches_the_first_is_said_and_the_others_are_counted(self) -> None:
        summers = [
            rules.Stretch(datetime(year, 4, 1, tzinfo=UTC), datetime(year, 10, 1, tzinfo=UTC), 1800)
            for year in (2026, 2027, 2028)
        ]
        assert rules.said("Test", "2026b", summers, now=datetime(2026, 1, 1, tzinfo=UTC)).endswith(
            "from Wed 01 Apr 2026 until Thu 01 Oct 2026 are 30 minutes later, and in 2 more stretches after that."
        )

    def test_zone_data_is_ordered_by_its_name(self) -> None:
        names = ["2026b", "", "2025c", "2026a"]
        assert sorted(names, key=rules.order) == ["", "2025c", "2026a", "2026b"]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Where a zone's data is replaced as an update does: a clock that is moved at `cut` for good, or never."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([*before, str(tmp_path)])

    def write(cut: datetime | None) -> None:
        moved = [] if cut is None else [int(cut.timestamp())]
        ahead = [3600, 7200][: len(moved) + 1]
        (tmp_path / ZONE).write_bytes(
            struct.pack(">4s16x6l", b"TZif", 0, 0, 0, len(moved), len(ahead), 4)
            + struct.pack(f">{len(moved)}l", *moved)
            + bytes(range(1, len(ahead)))
            + b"".join(struct.pack(">lBB", seconds, 0, 0) for seconds in ahead)
            + b"LMT\0"
        )
        _start_anew()

    write(None)
    yield write
    zoneinfo.reset_tzpath(before)
    _start_anew()


def _start_anew() -> None:
    """Forget what a process keeps of zones, as one that was started anew."""
    ZoneInfo.clear_cache()
    turns._rotation.cache_clear()
    turns._used.cache_clear()


def rotation(*people: User, name: str = "Payments primary", unit: Unit = Unit.DAY) -> Schedule:
    """A schedule whose people follow one another at 9:00 of the city, since ten days ago."""
    layer = schedules.LayerSpec(
        name="Daily",
        start=MIDNIGHT - 10 * DAY,
        unit=unit,
        every=24 if unit is Unit.HOUR else 1,
        handoff_at=time(9),
        participants=[[user] for user in people],
    )
    slug = name.lower().replace(" ", "-")
    return schedules.create(
        name=name, slug=slug, time_zone=ZONE, team=cast.team(), layers=[layer], actor=None
    )


@pytest.mark.django_db
class TestNotice:
    def test_s19_new_zone_data_is_logged_shown_and_told(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        schedule = rotation(alice, bob)
        handoffs.extend()
        assert operations.compare("2026a") == 1
        hear()
        Message.objects.all().delete()
        before = resolver.resolve([schedule.pk], start=MIDNIGHT, end=CUT + 3 * DAY)[schedule.pk].final(
            MIDNIGHT, CUT + 3 * DAY
        )

        city(CUT)
        assert operations.compare("2026b") == 1
        hear()

        after = resolver.resolve([schedule.pk], start=MIDNIGHT, end=CUT + 3 * DAY)[schedule.pk].final(
            MIDNIGHT, CUT + 3 * DAY
        )
        assert [then.users for then in before] == [now.users for now in after]
        moved = [then.start - now.start for then, now in zip(before, after, strict=True)]
        assert moved == [timedelta(0)] * 11 + [HOUR] * 3

        text = (
            f"The clocks of Test_City changed with tzdata 2026b: hand-offs from {CUT:%a %d %b %Y} on are"
            " an hour earlier."
        )
        event = Event.objects.get(name="schedule.clocks_changed")
        assert (event.subject_id, event.actor_id) == (schedule.pk, None)
        assert event.payload == {
            "schedule_id": schedule.pk,
            "zone": ZONE,
            "tzdata_before": "2026a",
            "tzdata": "2026b",
            "start": CUT.isoformat(),
            "later": -3600,
            "summary": text,
        }
        mails = {each.user_id: each.content for each in Message.objects.all()}
        assert set(mails) == {ada.pk, alice.pk, bob.pk}
        assert mails[ada.pk]["subject"] == "The clocks of Test_City changed: hand-offs move"
        assert mails[ada.pk]["text"].startswith(f"{text}\n\nIt moves:\n- Payments primary: http")
        for user in (alice, bob):
            assert mails[user.pk]["subject"] == "Your on-call duty in Payments primary changed"
        gained = f"{CUT + 7 * HOUR:%a %d %b %Y %H:%M} UTC to {CUT + 8 * HOUR:%a %d %b %Y %H:%M} UTC"
        assert sum(gained in mails[user.pk]["text"] for user in (alice, bob)) == 2

        assert Client().get("/api/v1/on-call/clocks/").status_code == 401
        browser = Client()
        browser.force_login(bob)
        page = browser.get("/on-call/payments-primary/").content.decode()
        assert text in page
        (row,) = browser.get("/api/v1/on-call/clocks/?schedule__slug=payments-primary").json()["results"]
        assert (row["zone"], row["tzdata_before"], row["tzdata"], row["text"]) == (
            ZONE,
            "2026a",
            "2026b",
            text,
        )
        assert row["stretches"] == [{"start": f"{CUT:%Y-%m-%dT%H:%M:%S.%fZ}", "end": None, "later": -3600}]

    def test_it_is_told_once_however_often_it_is_looked_at(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        rotation(alice, bob)
        operations.compare("2026a")
        city(CUT)
        assert [operations.compare("2026b") for _ in range(2)] == [1, 0]
        ZoneClock.objects.update(seen_at=timezone.now() - HOUR)
        assert operations.compare("2026b") == 1
        hear()
        assert ClockChange.objects.count() == 1
        assert Message.objects.filter(user_id=ada.pk).count() == 1

    def test_zone_data_that_moves_nothing_is_noted_and_tells_nobody(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        rotation(alice, bob)
        operations.compare("2026a")
        city(None)
        assert operations.compare("2026b") == 1
        assert ZoneClock.objects.get().tzdata == "2026b"
        assert not ClockChange.objects.exists()
        assert not Event.objects.filter(name="schedule.clocks_changed").exists()

    def test_a_process_with_older_zone_data_is_believed_after_a_day(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        rotation(alice, bob)
        operations.compare("2026b")
        city(CUT)
        ZoneClock.objects.update(seen_at=timezone.now() - DAY + HOUR)
        assert operations.compare("2026a") == 0
        assert not ClockChange.objects.exists()
        ZoneClock.objects.update(seen_at=timezone.now() - DAY)
        assert operations.compare("2026a") == 1
        assert ClockChange.objects.get().tzdata == "2026a"

    def test_turns_that_are_counted_in_hours_are_of_no_clock(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        rotation(alice, bob, unit=Unit.HOUR)
        assert operations.compare("2026a") == 0
        assert queries.used(timezone.now()) == {}

    def test_a_schedule_that_stands_behind_another_is_told_of_its_clocks(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        primary = rotation(alice, bob)
        behind = cast.weekly(bob, alice, name="Payments secondary")
        behind.versions.update(stands_behind=primary, offset=1)
        assert queries.used(timezone.now()) == {ZONE: {primary.pk, behind.pk}, "UTC": {behind.pk}}

    def test_a_deleted_schedule_and_a_zone_that_nobody_uses_are_forgotten(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        schedule = rotation(alice, bob)
        operations.compare("2026a")
        schedules.delete(schedule, actor=ada)
        city(CUT)
        assert operations.compare("2026b") == 0
        assert not ZoneClock.objects.exists()
        assert not ClockChange.objects.exists()

    def test_the_notice_leaves_the_calendar_after_two_weeks(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        schedule = rotation(alice, bob)
        operations.compare("2026a")
        city(CUT)
        operations.compare("2026b")
        told_at = ClockChange.objects.get().noticed_at
        assert len(queries.notices(schedule.pk, told_at)) == 1
        assert len(queries.notices(schedule.pk, told_at + 14 * DAY - timedelta(seconds=1))) == 1
        assert queries.notices(schedule.pk, told_at + 14 * DAY) == []

    def test_forty_schedules_take_as_many_queries_as_one(
        self,
        city: Callable[..., None],
        ada: User,
        alice: User,
        bob: User,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(40):
            rotation(alice, bob, name=f"Schedule {number}")
        operations.compare("2026a")
        city(CUT)
        with django_assert_max_num_queries(24):
            operations.compare("2026b")
        assert ClockChange.objects.count() == 40
        assert Message.objects.filter(client=operations.CLIENT).count() == 1
        browser = Client()
        browser.force_login(bob)
        with django_assert_max_num_queries(12):
            assert len(browser.get("/api/v1/on-call/clocks/").json()["results"]) == 40

    def test_a_zone_that_is_gone_keeps_nobody_from_hearing_of_the_others(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        rotation(alice, bob)
        other = cast.weekly(alice, name="Gone")
        other.layers.update(time_zone="Gone/City")
        assert operations.compare("2026a") == 2
        city(CUT)
        operations.compare("2026b")
        assert list(ClockChange.objects.values_list("zone", flat=True)) == [ZONE]

    def test_housekeeping_notices_by_the_zone_data_of_this_process(
        self, city: Callable[..., None], ada: User, alice: User, bob: User
    ) -> None:
        rotation(alice, bob)
        housekeeping.run()
        assert ZoneClock.objects.get().tzdata == queries.tzdata()
