from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core.people.directory import operations as directory
from core.timers.models import Timer
from oncall.models import Layer, Schedule
from oncall.schedules import operations, queries
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
BEGAN = NOW - timedelta(days=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def daily(*people: User, name: str = "Primary", **given: Any) -> operations.LayerSpec:
    places = [[one] for one in people]
    return operations.LayerSpec(
        name=name, start=BEGAN, handoff_at=time(9), unit="day", participants=places, **given
    )


def payments(*people: User, **given: Any) -> Schedule:
    return operations.create(
        name="Payments", slug="payments", time_zone="UTC", layers=[daily(*people)], actor=None, **given
    )


def who(schedule: Schedule, at: datetime) -> tuple[int, ...]:
    return queries.on_call([schedule.pk], at)[schedule.pk].users


def told(schedule: Schedule, start: datetime, end: datetime) -> list[tuple[datetime, tuple[int, ...], str]]:
    slices = queries.resolve([schedule.pk], start=start, end=end)[schedule.pk].final(start, end)
    return [(piece.start, piece.users, piece.reason) for piece in slices]


# The past


def test_closing_an_account_changes_nothing_before_that_moment() -> None:
    ada, alice, bob = cast.ada(), cast.alice(), cast.bob()
    with time_machine.travel(NOW, tick=False) as clock:
        schedule = payments(alice, bob)
        before = told(schedule, BEGAN, NOW)
        directory.deactivate(alice, actor=ada)
        assert told(schedule, BEGAN, NOW) == before
        assert {users for _, users, _ in told(schedule, NOW, NOW + 4 * DAY)} == {(), (bob.pk,)}
        clock.move_to(NOW + 10 * DAY)
        closed = told(schedule, BEGAN, NOW + 10 * DAY)
        directory.reactivate(alice, actor=ada)
        assert told(schedule, BEGAN, NOW + 10 * DAY) == closed
        assert who(schedule, NOW + 10 * DAY) != who(schedule, NOW + 11 * DAY)
        assert {who(schedule, NOW + n * DAY) for n in (10, 11)} == {(alice.pk,), (bob.pk,)}


def test_before_it_began_nobody_was_meant_to_be_on_call_and_no_gap_is_drawn() -> None:
    alice, ada = cast.alice(), cast.ada()
    with time_machine.travel(NOW, tick=False):
        first = replace(daily(alice), start=NOW + DAY)
        schedule = operations.create(
            name="Payments", slug="payments", time_zone="UTC", layers=[first], actor=None
        )
        operations.save_layers(schedule, layers=[daily(alice)], effective_at=NOW + 3 * DAY, actor=None)
        one = queries.resolve([schedule.pk], start=BEGAN, end=NOW + 4 * DAY)[schedule.pk]
        assert [(piece.end, piece.kind.value, piece.reason) for piece in one.final(BEGAN, NOW + 2 * DAY)] == [
            (NOW, "closed", "the schedule had not begun"),
            (NOW + DAY, "gap", "no layer covers this time"),
            (NOW + 2 * DAY, "duty", 'layer "Primary" (daily, 09:00 UTC)'),
        ]
        # The moment at which it begins belongs to it.
        assert queries.on_call([schedule.pk], NOW)[schedule.pk].kind.value == "gap"
        assert queries.on_call([schedule.pk], NOW - MOMENT)[schedule.pk].kind.value == "closed"
        browser = cast.sign_in(Client(), ada)
        before = browser.get(f"/on-call/{schedule.slug}/?from=2026-02-16&view=week").content.decode()
        assert "Nobody on call" not in before.partition("<ol")[2].partition("</ol>")[0]
        week = browser.get(f"/on-call/{schedule.slug}/?from=2026-03-02&view=week").content.decode()
        (gap,) = re.findall(r"<b>Nobody on call</b><small>(.*?)</small>", week, re.DOTALL)
        assert re.sub(r"<[^>]+>|\s+", " ", gap).split()[:2] == ["Wed", "4"], gap


def test_what_is_planned_and_what_counts_are_not_mixed_by_the_next_save() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    later = timezone.now() + 5 * DAY
    operations.save_layers(schedule, layers=[daily(bob)], effective_at=later, actor=alice)
    (shown,) = queries.layers_in_force(schedule, at=timezone.now())
    assert [place.user for place in shown.participants.all()] == [alice]
    specs = operations.specs_of([shown])
    for _ in range(2):
        operations.save_layers(schedule, layers=specs, actor=alice)
    assert len(queries.layers_in_force(schedule, at=timezone.now())) == 1
    now = timezone.now()
    one = queries.resolve([schedule.pk], start=now, end=now + DAY)[schedule.pk]
    assert [layer.participants for layer in one.layers] == [((alice.pk,),)]


def test_a_planned_version_that_another_one_replaces_is_kept() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule = payments(alice)
    later = timezone.now() + 5 * DAY
    operations.save_layers(schedule, layers=[daily(bob)], effective_at=later, actor=alice)
    operations.save_layers(schedule, layers=[daily(carol)], effective_at=later - DAY, actor=alice)
    assert who(schedule, later + DAY) == (carol.pk,)
    assert [version.number for version in queries.versions(schedule)] == [3, 2, 1]
    (dropped,) = queries.layers_of(queries.version(schedule, 2))
    assert [place.user for place in dropped.participants.all()] == [bob]
    assert dropped.effective_from == dropped.effective_until == later
    assert [version.number for version in queries.planned(schedule, at=timezone.now())] == [3]


def test_an_edit_of_this_minute_counts_from_now() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    moment = NOW + timedelta(seconds=50)
    with time_machine.travel(moment, tick=False):
        saved = operations.save_layers(schedule, layers=[daily(bob)], effective_at=NOW, actor=alice)
    assert saved.effective_from == moment
    assert (who(schedule, moment - timedelta(microseconds=1)), who(schedule, moment)) == (
        (alice.pk,),
        (bob.pk,),
    )


def test_an_override_that_has_begun_counts_from_now() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    with time_machine.travel(NOW, tick=False):
        row = operations.add_override(schedule, start=NOW - HOUR, end=NOW + HOUR, user=bob, actor=alice)
    assert row.start == NOW
    assert [who(schedule, NOW - timedelta(seconds=1)), who(schedule, NOW)] == [(alice.pk,), (bob.pk,)]


def test_another_zone_is_that_of_the_schedule_once_its_version_begins() -> None:
    alice = cast.alice()
    with time_machine.travel(NOW, tick=False) as clock:
        schedule = payments(alice)
        operations.save_layers(
            schedule, layers=[daily(alice)], effective_at=NOW + DAY, time_zone="Asia/Tokyo", actor=alice
        )
        assert queries.get("payments").time_zone == "UTC"
        timer = Timer.objects.get(kind=operations.BEGIN, subject_id=schedule.pk)
        assert timer.due_at == NOW + DAY
        clock.move_to(NOW + DAY)
        operations.begin(timer)
        assert queries.get("payments").time_zone == "Asia/Tokyo"


# Versions


def test_each_save_is_a_version_and_they_follow_one_another() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    operations.save_layers(schedule, layers=[daily(bob)], actor=bob)
    operations.save_layers(schedule, layers=[], effective_at=timezone.now() + DAY, actor=alice)
    found = list(queries.versions(schedule))[::-1]
    assert [(each.number, each.summary, each.created_by) for each in found] == [
        (1, "Schedule created", None),
        (2, "Rotations changed", bob),
        (3, "Rotations changed", alice),
    ]
    assert all(earlier.effective_until == later.effective_from for earlier, later in pairwise(found))
    assert found[-1].effective_until is None
    assert queries.version_at(schedule, timezone.now()) == found[1]


def test_a_restored_version_gives_the_shifts_it_would_have_given() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule = payments(alice, bob)
    start, end = NOW + 400 * DAY, NOW + 430 * DAY
    before = told(schedule, start, end)
    operations.save_layers(schedule, layers=[daily(carol)], actor=carol)
    assert told(schedule, start, end) != before
    restored = operations.restore(schedule, 1, actor=alice)
    assert told(schedule, start, end) == before
    assert (restored.number, restored.restored_from, restored.summary) == (3, 1, "Version 1 restored")


def test_a_planned_version_is_withdrawn_and_the_one_before_it_goes_on() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule = payments(alice)
    now = timezone.now()
    operations.save_layers(schedule, layers=[daily(bob)], effective_at=now + 5 * DAY, actor=alice)
    operations.save_layers(schedule, layers=[daily(carol)], effective_at=now + 9 * DAY, actor=alice)
    operations.withdraw(schedule, 2, actor=alice)
    assert [who(schedule, now + n * DAY) for n in (6, 8, 10)] == [(alice.pk,), (alice.pk,), (carol.pk,)]
    for number in (1, 2):
        with pytest.raises(operations.NotPlanned):
            operations.withdraw(schedule, number, actor=alice)


def test_who_saves_an_older_version_of_the_schedule_is_refused() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    seen = schedule.version
    operations.save_layers(schedule, layers=[daily(bob)], actor=alice)
    with pytest.raises(operations.ChangedMeanwhile):
        operations.save_layers(schedule, layers=[daily(alice)], version=seen, actor=alice)
    assert who(schedule, timezone.now() + HOUR) == (bob.pk,)


def test_a_rotation_keeps_its_lineage_by_its_name_or_when_it_is_named() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = payments(alice)
    (first,) = schedule.layers.all()
    assert first.lineage == first.pk
    operations.save_layers(schedule, layers=[daily(bob), daily(alice, name="Nights")], actor=alice)
    primary, nights = queries.layers_in_force(schedule, at=timezone.now())
    assert (primary.lineage, nights.lineage) == (first.pk, nights.pk)
    renamed = [daily(bob, name="Days", lineage=first.pk), daily(alice, name="Primary")]
    operations.save_layers(schedule, layers=renamed, actor=alice)
    days, other = queries.layers_in_force(schedule, at=timezone.now())
    assert (days.lineage, other.lineage) == (first.pk, other.pk)
    assert Layer.objects.count() == 5


# What a version says beside its rotations


def test_a_schedule_stands_behind_another_with_its_rotation_turned() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    first = payments(alice, bob, carol)
    second = operations.create(
        name="Second", slug="second", time_zone="UTC", actor=None,
        terms=operations.Terms(stands_behind=first, offset=1),
    )  # fmt: skip
    now = timezone.now()
    for n in range(6):
        pair = who(first, now + n * DAY) + who(second, now + n * DAY)
        assert len(set(pair)) == 2
        assert who(second, now + n * DAY) == who(first, now + (n + 1) * DAY)
    behind = who(second, now + HOUR)[0]
    cover = {one.pk: one for one in (alice, bob, carol)}[behind]
    operations.add_override(first, start=now + HOUR, end=now + 2 * HOUR, user=cover, actor=alice)
    piece = queries.on_call([second.pk], now + HOUR + timedelta(minutes=1))[second.pk]
    assert piece.users not in {(), (behind,)}
    assert "is on call in Payments then" in piece.reason
    assert set(queries.naming([bob.pk])) == {first.pk, second.pk}
    for schedule, ahead in ((first, second), (first, first)):
        with pytest.raises(operations.StandsBehind):
            operations.save_layers(
                schedule, layers=[], terms=operations.Terms(stands_behind=ahead), actor=alice
            )


def test_coverage_hours_and_an_informal_list_are_of_their_version() -> None:
    alice, bob = cast.alice(), cast.bob()
    with time_machine.travel(NOW, tick=False):
        schedule = payments(alice, bob)
        terms = operations.Terms(coverage=[(None, time(9), time(17))], is_informal=True)
        operations.save_layers(
            schedule, layers=[daily(alice, bob)], effective_at=NOW + DAY, terms=terms, actor=alice
        )
        assert len(who(schedule, NOW)) == len(who(schedule, NOW - 10 * HOUR)) == 1
        assert set(who(schedule, NOW + DAY)) == {alice.pk, bob.pk}
        assert who(schedule, NOW + DAY + 8 * HOUR) == ()
        assert queries.coming_gaps(now=NOW) == {}
        assert operations.terms_of(queries.version(schedule, 2)) == terms


def test_an_override_of_one_rotation_is_read_with_who_made_it() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    with time_machine.travel(NOW, tick=False):
        schedule = operations.create(
            name="Payments", slug="payments", time_zone="UTC", actor=None,
            layers=[daily(alice, name="Base"), daily(bob, name="Top", restrictions=[(None, time(9), time(17))])],
        )  # fmt: skip
        (base, _) = queries.layers_in_force(schedule, at=NOW)
        operations.add_override(
            schedule, start=NOW, end=NOW + 12 * HOUR, user=carol, layer=base, actor=cast.mona()
        )
        assert [who(schedule, NOW + n * HOUR) for n in (1, 6)] == [(bob.pk,), (carol.pk,)]
        reason = queries.on_call([schedule.pk], NOW + 6 * HOUR)[schedule.pk].reason
    assert reason == 'override of layer "Base" by Mona Example until 2026-03-05 00:00 UTC'
