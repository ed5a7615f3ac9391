from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from core.events.models import Event
from oncall.models import Layer, Schedule
from oncall.schedules import operations, queries
from tests import cast

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)  # 09:00 in Berlin


def weekly(*people: object, name: str = "Primary", start: datetime = MONDAY) -> operations.LayerSpec:
    return operations.LayerSpec(
        name=name,
        start=start,
        handoff_at=time(9),
        weekday=0,
        participants=[[person] for person in people],  # type: ignore[list-item]
    )


def payments(*people: object) -> Schedule:
    return operations.create(
        name="Payments", slug="payments", time_zone="Europe/Berlin", layers=[weekly(*people)], actor=None
    )


def who(schedule: Schedule, at: datetime) -> tuple[int, ...]:
    return queries.on_call([schedule.pk], at)[schedule.pk].users


def test_people_take_weekly_turns_at_nine_in_berlin_through_the_change_of_clocks() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice, bob)
    # Clocks go forward on 29 March 2026: 09:00 is 08:00 UTC before, 07:00 UTC after. 16 March begins week 10, Alice's.
    assert who(schedule, datetime(2026, 3, 23, 7, 59, tzinfo=UTC)) == (alice.pk,)
    assert who(schedule, datetime(2026, 3, 23, 8, 0, tzinfo=UTC)) == (bob.pk,)
    assert who(schedule, datetime(2026, 3, 30, 6, 59, tzinfo=UTC)) == (bob.pk,)
    assert who(schedule, datetime(2026, 3, 30, 7, 0, tzinfo=UTC)) == (alice.pk,)


def test_an_edit_counts_from_its_moment_on_and_never_before() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule = payments(alice, bob)
    moment = timezone.now() + timedelta(days=3)
    past = [timezone.now() - timedelta(days=n) for n in range(1, 200, 7)]
    before = [who(schedule, instant) for instant in past]
    operations.save_layers(schedule, layers=[weekly(carol)], effective_at=moment, actor=alice)
    assert [who(schedule, instant) for instant in past] == before
    assert who(schedule, moment - timedelta(seconds=1)) != (carol.pk,)
    assert who(schedule, moment) == (carol.pk,)


def test_a_second_planned_edit_replaces_the_first() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule = payments(alice)
    later = timezone.now() + timedelta(days=5)
    operations.save_layers(schedule, layers=[weekly(bob)], effective_at=later, actor=alice)
    operations.save_layers(
        schedule, layers=[weekly(carol)], effective_at=later - timedelta(days=1), actor=alice
    )
    assert who(schedule, later + timedelta(days=1)) == (carol.pk,)
    lasting = Layer.objects.filter(schedule=schedule).exclude(effective_until=F("effective_from"))
    assert lasting.count() == 2


def test_the_past_cannot_be_edited() -> None:
    schedule = payments(cast.alice())
    with pytest.raises(operations.PastIsFixed):
        operations.save_layers(
            schedule, layers=[], effective_at=timezone.now() - timedelta(hours=1), actor=None
        )


def test_an_override_takes_the_whole_schedule_and_ends_on_the_second() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    start = timezone.now() + timedelta(hours=1)
    end = start + timedelta(hours=2)
    operations.add_override(schedule, start=start, end=end, user=bob, actor=alice)
    assert [
        who(schedule, at) for at in (start - timedelta(seconds=1), start, end - timedelta(seconds=1), end)
    ] == [
        (alice.pk,),
        (bob.pk,),
        (bob.pk,),
        (alice.pk,),
    ]


def test_an_override_that_has_begun_ends_when_it_is_cancelled_and_stays_in_the_record() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    now = timezone.now()
    with time_machine.travel(now - timedelta(hours=1)):
        running = operations.add_override(
            schedule, start=timezone.now(), end=now + timedelta(hours=1), user=bob, actor=alice
        )
    operations.cancel_override(running, actor=alice)
    assert who(schedule, now - timedelta(minutes=30)) == (bob.pk,)
    assert who(schedule, timezone.now() + timedelta(minutes=1)) == (alice.pk,)


def test_an_override_that_has_not_begun_leaves_no_trace_in_the_answer() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    start = timezone.now() + timedelta(days=1)
    coming = operations.add_override(
        schedule, start=start, end=start + timedelta(hours=1), user=bob, actor=alice
    )
    operations.cancel_override(coming, actor=alice)
    assert who(schedule, start + timedelta(minutes=1)) == (alice.pk,)


@pytest.mark.parametrize(("start", "end"), [(2, 1), (1, 1)])
def test_an_override_has_to_last(start: int, end: int) -> None:
    schedule, now = payments(cast.alice()), timezone.now()
    with pytest.raises(operations.EndsBeforeItStarts):
        operations.add_override(
            schedule,
            start=now + timedelta(hours=start),
            end=now + timedelta(hours=end),
            user=None,
            actor=None,
        )


def test_a_person_who_left_is_never_on_call() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice, bob)
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    found = {who(schedule, MONDAY + timedelta(days=7 * n)) for n in range(6)}
    assert found == {(), (bob.pk,)}


def test_every_write_tells_the_others() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    start = timezone.now() + timedelta(hours=1)
    override = operations.add_override(
        schedule, start=start, end=start + timedelta(hours=1), user=bob, actor=alice
    )
    operations.cancel_override(override, actor=bob)
    told = Event.objects.filter(name="schedule.changed").order_by("id")
    assert [(event.payload["summary"], event.actor_id) for event in told] == [
        ("Schedule created", None),
        ("Override: Bob Example", alice.pk),
        ("Override cancelled", bob.pk),
    ]


def test_shifts_of_a_person_are_joined_across_schedules_and_sorted() -> None:
    alice, bob = cast.alice(), cast.bob()
    payments(alice, bob)
    found = queries.shifts_of(alice, start=MONDAY, end=MONDAY + timedelta(days=28))
    assert [(shift.start, shift.end) for shift in found] == [
        (MONDAY, MONDAY + timedelta(days=7)),
        (MONDAY + timedelta(days=14), MONDAY + timedelta(days=21)),
    ]


def test_only_schedules_that_can_put_somebody_on_call_are_read_for_them() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    first, second = (
        operations.create(name=n, slug=n, time_zone="UTC", layers=[weekly(one)], actor=None)
        for n, one in (("a", alice), ("b", bob))
    )
    now = timezone.now()
    covered = operations.add_override(
        second, user=carol, start=now + timedelta(hours=1), end=now + timedelta(hours=8), actor=alice
    )
    found = [list(queries.naming([one.pk])) for one in (alice, bob, carol)]
    assert found == [[first.pk], [second.pk], [second.pk]]
    assert [shift.name for shift in queries.shifts_of(carol, start=now, end=now + timedelta(days=1))] == ["b"]
    operations.cancel_override(covered, actor=alice)  # before it began
    assert not queries.naming([carol.pk])


def test_reading_many_schedules_takes_the_same_few_queries(django_assert_max_num_queries: object) -> None:
    alice = cast.alice()
    for n in range(12):
        operations.create(name=f"S{n}", slug=f"s{n}", time_zone="UTC", layers=[weekly(alice)] * 3, actor=None)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert len(queries.watches()) == 12


def test_the_calendar_takes_few_queries(django_assert_max_num_queries: object) -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    schedule = payments(cast.alice(), cast.bob())
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        drawn = queries.calendar(
            schedule, first=MONDAY.date(), days=14, zone=ZoneInfo("Europe/Berlin"), now=timezone.now()
        )
    assert [row.note for row in drawn.layers] == ["weekly, Mon 09:00"]
    # The schedule begins on Monday at 09:00: in the nine hours before nobody was meant to be there.
    assert (drawn.gaps, drawn.final[0].h) == ([], 9)
