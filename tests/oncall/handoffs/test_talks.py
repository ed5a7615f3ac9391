"""Who goes and who comes talk at a hand-off, for as long as managers say (R138)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from core.events.models import Event
from core.outbox.models import Message
from core.timers.models import Timer
from oncall.feeds.models import FeedAddress
from oncall.feeds.rules.published import Published
from oncall.feeds.rules.talks import talks
from oncall.handoffs import operations, queries, rules
from oncall.handoffs.models import Handoff
from oncall.handoffs.queries.talks import Talk
from oncall.schedules import operations as schedules
from oncall.schedules.queries import watch
from tests import cast
from tests.oncall.feeds.test_views import API, address, made, read

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

ANA, BEN, CAT = 1, 2, 3
HALF = Talk(timedelta(minutes=30))


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 12, day, hour, tzinfo=UTC)


def shift(user: int, start: datetime, end: datetime, *, gone: datetime | None = None) -> Published:
    return Published(f"{user}-{start:%d}", user, start, end, 3, at(1), gone)


def brief(found: list[Published]) -> list[tuple[str, str]]:
    return [(each.uid, f"{each.start:%d.%H:%M}-{each.end:%d.%H:%M}") for each in found]


def hand_offs(path: str) -> dict[datetime, tuple[datetime, int]]:
    """The talks of a calendar by when they begin: when they end, and how often they were changed."""
    events: list[Any] = list(Calendar.from_ical(read(path).content).walk("VEVENT"))
    return {
        event["DTSTART"].dt.astimezone(UTC): (event["DTEND"].dt.astimezone(UTC), event["SEQUENCE"])
        for event in events
        if event["SUMMARY"] == "Hand-off: Nights"
    }


def test_a_talk_begins_with_the_shift_that_follows_another_s() -> None:
    turns = [shift(ANA, at(1), at(8)), shift(BEN, at(8), at(15)), shift(ANA, at(16), at(20))]
    assert brief(talks(turns, HALF)) == [("talk-2-08", "08.09:00-08.09:30")]
    assert talks(turns, HALF, of=ANA) == talks(turns, HALF, of=BEN) == talks(turns, HALF)
    assert talks(turns, HALF, of=CAT) == []


def test_all_who_come_and_all_who_go_have_one_talk() -> None:
    turns = [shift(ANA, at(1), at(8)), shift(BEN, at(8), at(15)), shift(CAT, at(8), at(15))]
    for of in (None, ANA, BEN, CAT):
        assert brief(talks(turns, HALF, of=of)) == [("talk-2-08", "08.09:00-08.09:30")]


def test_who_follows_themselves_talks_to_nobody_and_no_talk_outlasts_its_shift() -> None:
    assert talks([shift(ANA, at(1), at(8)), shift(ANA, at(8), at(9))], HALF) == []
    short = shift(BEN, at(8, 9), at(8, 10))
    (talk,) = talks([shift(ANA, at(1), at(8)), short], Talk(timedelta(hours=4)))
    assert talk.end == at(8, 10)


def test_a_cancelled_shift_cancels_its_talk_and_nobody_talks_to_who_is_gone() -> None:
    gone = shift(BEN, at(8), at(15), gone=at(2))
    (talk,) = talks([shift(ANA, at(1), at(8)), gone], HALF)
    assert (talk.uid, talk.cancelled_at, talk.sequence) == ("talk-2-08", at(2), 3)
    left = shift(ANA, at(1), at(8), gone=at(2))
    assert brief(talks([left, shift(BEN, at(8), at(15))], HALF)) == [("talk-1-01", "01.09:00-01.09:30")]
    assert talks([left, shift(BEN, at(8), at(15))], HALF, of=BEN) == []


def test_other_minutes_are_a_change_of_each_talk() -> None:
    changed = Talk(timedelta(minutes=45), changes=2, changed_at=at(3))
    (talk,) = talks([shift(ANA, at(1), at(8)), shift(BEN, at(8), at(15))], changed)
    assert (talk.end - talk.start, talk.sequence, talk.changed_at) == (timedelta(minutes=45), 5, at(3))


def test_a_talk_in_words_of_the_reader_s_clock() -> None:
    said = rules.talk(at(7, 8), HALF.length, ZoneInfo("Europe/Berlin"))
    assert said == "Mon 07 Dec 2026 09:00 to 09:30 CET"


@pytest.mark.django_db
class TestTalks:
    @pytest.fixture
    def primary(self, alice: User) -> Schedule:
        return cast.always(alice)

    @pytest.fixture
    def timer(self, primary: Schedule, bob: User) -> Timer:
        """Bob takes over from Alice in half an hour."""
        start = timezone.now() + HALF.length
        schedules.add_override(primary, start=start, end=start + timedelta(days=1), user=bob, actor=None)
        operations.plan_edges()
        return Timer.objects.get(kind=operations.EDGE)

    def mail(self, user: User) -> str:
        return str(Message.objects.get(user_id=user.pk).content["text"])

    def test_both_hear_when_and_with_whom(self, timer: Timer, alice: User, bob: User) -> None:
        operations.tell(timer)
        start = datetime.fromisoformat(timer.payload["at"])
        when = f"{start:%a %d %b %Y %H:%M} to {start + HALF.length:%H:%M} UTC"
        assert f"You talk about the hand-off with Alice Example, {when}." in self.mail(bob)
        assert f"You talk about the hand-off with Bob Example, {when}." in self.mail(alice)

    def test_at_nought_nobody_talks(
        self, primary: Schedule, timer: Timer, alice: User, bob: User, mona: User
    ) -> None:
        operations.set_talk(primary, minutes=0, actor=mona)
        operations.tell(timer)
        assert "talk" not in self.mail(bob) + self.mail(alice)
        page = cast.sign_in(Client(), bob).get(f"/on-call/{primary.slug}/handoff/").content.decode()
        assert "They talk for" not in page

    def test_managers_say_how_long_and_nobody_else(
        self, primary: Schedule, timer: Timer, alice: User, mona: User
    ) -> None:
        path = f"/on-call/{primary.slug}/handoff/"
        client, other = cast.sign_in(Client(), mona), cast.sign_in(Client(), alice)
        assert "They talk for 30 minutes" in client.get(path).content.decode()
        refused = client.post(f"{path}talk/", {"minutes": "241"})
        assert refused.status_code == 400
        assert 'value="241"' in refused.content.decode()
        assert client.post(f"{path}talk/", {"minutes": "45"}).status_code == 302
        assert "They talk for 45 minutes" in client.get(path).content.decode()
        assert "Minutes of talk" not in other.get(path).content.decode()
        assert other.post(f"{path}talk/", {"minutes": "10"}).status_code == 403
        assert client.get(f"{path}talk/").status_code == 405
        assert queries.talk_minutes(primary) == 45
        assert client.post(f"{path}talk/", {"minutes": "45"}).status_code == 302  # again: nothing changes
        told = Event.objects.get(name="schedule.talk_changed")
        assert told.payload == {"schedule_id": primary.pk, "minutes": 45}

    def test_a_program_reads_and_sets_it(self, primary: Schedule, alice: User, mona: User) -> None:
        path = f"/api/v1/on-call/handoff-talks/{primary.slug}/"
        program = cast.caller(mona)
        assert program.get(path).json() == {"minutes": 30}
        assert program.put(path, {"minutes": 0}, format="json").json() == {"minutes": 0}
        assert program.put(path, {"minutes": -1}, format="json").status_code == 400
        assert cast.caller(alice).put(path, {"minutes": 5}, format="json").status_code == 403
        assert program.get(path).json() == {"minutes": 0}

    def test_who_joins_others_and_relieves_nobody_talks_to_nobody(self, alice: User, bob: User) -> None:
        """Every second week Bob is on call beside Alice, who always is."""
        layer = schedules.LayerSpec(
            name="Weekly",
            start=datetime(2026, 1, 5, 9, tzinfo=UTC),
            handoff_at=time(9),
            weekday=0,
            participants=[[alice], [alice, bob]],
        )
        pair = schedules.create(
            name="Pair", slug="pair", time_zone="UTC", team=None, layers=[layer], actor=None
        )
        edge = watch(pair).now.until
        assert edge is not None
        operations.tell(Timer(kind=operations.EDGE, subject_id=pair.pk, payload={"at": edge.isoformat()}))
        assert "Pair" in self.mail(bob)
        assert "talk" not in self.mail(bob)
        page = cast.sign_in(Client(), bob).get("/on-call/pair/handoff/").content.decode()
        assert "hands over to" in page
        assert "They talk for" not in page

    def test_a_hand_off_says_when_they_talk_until_they_have(
        self, primary: Schedule, alice: User, bob: User
    ) -> None:
        client, now = cast.sign_in(Client(), bob), timezone.now()
        for ago, told in ((10, True), (31, False)):
            taken = Handoff.objects.create(
                schedule=primary, at=now - timedelta(minutes=ago), outgoing=[alice.pk], incoming=[bob.pk]
            )
            page = client.get(f"/on-call/{primary.slug}/handoff/{taken.pk}/").content.decode()
            assert ("They talk for 30 minutes, until" in page) is told

    @time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    def test_a_calendar_that_wants_talks_shows_them_and_no_other_does(
        self, alice: User, bob: User, mona: User
    ) -> None:
        nights = made("Nights", [alice], [bob], team=True)
        plain, own = address(alice), address(alice, has_talks=True)
        whole = address(mona, has_talks=True, schedule=nights)
        assert hand_offs(plain) == {}
        # 9:00 in Berlin, in winter and in summer
        winter, summer = datetime(2026, 12, 7, 8, tzinfo=UTC), datetime(2027, 7, 5, 7, tzinfo=UTC)
        for path in (own, whole):
            found = hand_offs(path)
            assert found[winter] == (datetime(2026, 12, 7, 8, 30, tzinfo=UTC), 0)
            assert found[summer] == (datetime(2027, 7, 5, 7, 30, tzinfo=UTC), 0)
        operations.set_talk(nights, minutes=45, actor=mona)
        assert hand_offs(own)[winter] == (datetime(2026, 12, 7, 8, 45, tzinfo=UTC), 1)
        operations.set_talk(nights, minutes=0, actor=mona)
        assert hand_offs(own) == {}

    def test_an_address_with_talks_is_made_by_a_form_and_by_a_program(self, alice: User) -> None:
        client, given = cast.sign_in(Client(), alice), {"kind": "calendar", "shows": "own", "has_talks": "on"}
        page = client.post("/me/calendars/", given)
        assert (page.status_code, "with talks" in page.content.decode()) == (201, True)
        assert FeedAddress.objects.get().has_talks
        program, body = cast.caller(alice), {"kind": "calendar", "has_talks": True}
        answer = program.post(API, body, format="json")
        assert (answer.status_code, answer.json()["has_talks"]) == (201, True)

    def test_who_is_on_call_now_has_no_talks(self, primary: Schedule, alice: User) -> None:
        client, shown = cast.sign_in(Client(), alice), f"schedule-{primary.pk}"
        page = client.post("/me/calendars/", {"kind": "now", "shows": shown, "has_talks": "on"})
        assert page.status_code == 422
        assert "Talks at hand-offs are shown by calendars alone." in page.content.decode()
        body = {"kind": "now", "schedule": primary.slug, "has_talks": True}
        assert cast.caller(alice).post(API, body, format="json").status_code == 409
        assert not FeedAddress.objects.exists()
