"""What people hear of their shifts: that their duty changed, that a shift begins or has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from core.accounts.models import User
from core.events.models import Event
from core.outbox.models import Message
from core.people.directory import operations as directory
from core.timers.models import Timer
from oncall.handoffs import operations, rules
from oncall.handoffs.models import KnownDuty
from oncall.models import Override
from oncall.schedules import operations as schedules
from oncall.swaps import operations as swapping
from oncall.swaps import queries as swaps
from tests import cast
from tests.oncall.test_handlers import hear

if TYPE_CHECKING:
    from oncall.models import Schedule, Swap

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_what_somebody_gains_and_loses_is_said_in_their_zone() -> None:
    old = [(NOW, NOW + 4 * DAY, (1,)), (NOW + 4 * DAY, NOW + 8 * DAY, (2,))]
    new = [(NOW, NOW + 3 * DAY, (1,)), (NOW + 3 * DAY, NOW + 8 * DAY, (2,))]
    found = rules.changes(old, new)
    assert rules.said(found[1], UTC) == (
        "You are no longer on call:\n- Thu 05 Nov 2026 09:00 UTC to Fri 06 Nov 2026 09:00 UTC"
    )
    assert rules.said(found[2], UTC).startswith("You are on call:\n- Thu 05 Nov 2026 09:00 UTC to Fri")
    assert rules.changes(old, old) == {}
    assert rules.read(rules.stored(old)) == old


def test_many_changes_are_counted_and_not_all_listed() -> None:
    stretches = [(NOW + n * DAY, NOW + (n + 1) * DAY, (1,) if n % 2 else ()) for n in range(60)]
    empty: list[rules.Stretch] = [(NOW, NOW + 60 * DAY, ())]
    said = rules.said(rules.changes(empty, stretches)[1], UTC)
    assert said.splitlines()[-1] == "- and 10 more times"


@pytest.fixture
def primary(alice: User) -> Schedule:
    """Alice's schedule, of which she knows."""
    schedule = cast.always(alice)
    operations.extend()
    hear()
    assert not Message.objects.exists()
    return schedule


def subjects(user: User) -> list[str]:
    return list(
        Message.objects.filter(user_id=user.pk).order_by("id").values_list("content__subject", flat=True)
    )


@pytest.mark.django_db
class TestDutyChanged:
    def test_who_is_covered_and_who_covers_hear_once_of_an_override(
        self, primary: Schedule, alice: User, bob: User, carol: User
    ) -> None:
        start = timezone.now() + 2 * DAY
        schedules.add_override(primary, start=start, end=start + DAY, user=bob, actor=carol)
        hear()
        assert subjects(alice) == subjects(bob) == ["Your on-call duty in Payments primary changed"]
        assert subjects(carol) == []
        texts = {each.user_id: each.content["text"] for each in Message.objects.all()}
        assert "You are no longer on call:" in texts[alice.pk]
        assert "You are on call:" in texts[bob.pk]
        assert f"/on-call/{primary.slug}/" in texts[bob.pk]

    def test_who_did_it_hears_nothing_and_no_change_is_no_mail(
        self, primary: Schedule, alice: User, bob: User
    ) -> None:
        start = timezone.now() + 2 * DAY
        override = schedules.add_override(primary, start=start, end=start + DAY, user=bob, actor=bob)
        hear()
        assert (len(subjects(alice)), subjects(bob)) == (1, [])
        schedules.cancel_override(override, actor=alice)
        hear()
        assert (len(subjects(alice)), len(subjects(bob))) == (1, 1)
        schedules.describe(primary, description="Nights too", actor=None)
        hear()
        assert (len(subjects(alice)), len(subjects(bob))) == (1, 1)

    def test_who_follows_somebody_who_left_hears_of_it(self, alice: User, bob: User) -> None:
        ada = cast.ada()
        schedule = cast.weekly(alice, name="Payments primary")
        (above,) = schedules.specs_of(schedule.layers.all())
        below = replace(above, name="Below", participants=[[bob]], rank=0, lineage=None)
        schedules.save_layers(schedule, layers=[below, replace(above, rank=1)], actor=None)
        operations.extend()
        hear()
        Message.objects.all().delete()
        directory.deactivate(alice, actor=ada)
        hear()
        assert subjects(bob) == ["Your on-call duty in Payments primary changed"]
        assert subjects(alice) == []

    def test_what_lies_further_ahead_is_noted_without_a_word(self, primary: Schedule) -> None:
        soon = timezone.now() + 30 * DAY
        KnownDuty.objects.update(until=soon)
        assert operations.extend() == 1
        assert KnownDuty.objects.get().until > soon
        assert operations.extend() == 0
        assert not Message.objects.exists()


@pytest.mark.django_db
class TestEdges:
    @pytest.fixture
    def timer(self, alice: User, bob: User) -> Timer:
        """Bob takes over from Alice in half an hour."""
        schedule = cast.always(alice)
        start = timezone.now() + timedelta(minutes=30)
        schedules.add_override(schedule, start=start, end=start + DAY, user=bob, actor=None)
        assert operations.plan_edges() == 1
        assert operations.plan_edges() == 0
        return Timer.objects.get(kind=operations.EDGE)

    def test_who_comes_who_goes_and_the_channels_of_the_team_hear_of_it_once(
        self, timer: Timer, alice: User, bob: User
    ) -> None:
        room = cast.channel("room@example.com", kind="email", of=cast.team())
        for _ in range(2):
            operations.tell(timer)
        assert subjects(bob) == ["You are on call in Payments primary"]
        assert subjects(alice) == ["Your shift in Payments primary is over"]
        mail = Message.objects.get(user_id=bob.pk)
        assert "Before you it was Alice Example." in mail.content["text"]
        told = Message.objects.get(user_id__isnull=True)
        assert (told.address, told.channel) == (room.address, room.channel)
        assert told.content["text"].startswith("Payments primary: Bob Example is on call now, until ")
        event = Event.objects.filter(name="shift.changed").earliest("id")
        assert (event.payload["started"], event.payload["ended"]) == ([bob.pk], [alice.pk])

    def test_after_an_edit_the_old_moment_says_nothing(self, timer: Timer) -> None:
        schedules.cancel_override(Override.objects.get(), actor=None)
        operations.tell(timer)
        assert not Message.objects.exists()
        assert not Event.objects.filter(name="shift.changed").exists()


@pytest.mark.django_db
class TestSwaps:
    @pytest.fixture
    def weekly(self, alice: User, bob: User) -> Schedule:
        """Alice's and Bob's schedule, of which they know."""
        cast.ada()
        schedule = cast.weekly(alice, bob)
        operations.extend()
        hear()
        Message.objects.all().delete()
        return schedule

    def taken(self, schedule: Schedule, giver: User, taker: User) -> Swap:
        """Somebody takes a shift some weeks ahead, entered by an admin."""
        now = timezone.now()
        shift = swaps.shifts_of(schedule, giver, start=now, end=now + 60 * DAY)[-1]
        swap = swapping.ask(schedule, beneficiary=giver, keys=[shift.key], actor=giver)
        Message.objects.all().delete()
        return swapping.take(swap, user=taker, actor=User.objects.get(email="ada@example.com"))

    def test_both_people_of_a_swap_get_one_mail_about_it(
        self, weekly: Schedule, alice: User, bob: User
    ) -> None:
        swap = self.taken(weekly, alice, bob)
        hear()
        said = ["Bob Example takes a shift of Alice Example"]
        assert (subjects(alice), subjects(bob)) == (said, said)
        swapping.withdraw(swap, actor=User.objects.get(email="ada@example.com"))
        hear()
        assert [len(subjects(user)) for user in (alice, bob)] == [2, 2]
        assert not any("duty" in subject for subject in (*subjects(alice), *subjects(bob)))

    def test_what_another_edit_changed_meanwhile_is_still_said(
        self, weekly: Schedule, alice: User, bob: User
    ) -> None:
        swap = self.taken(weekly, alice, bob)
        start = max(row.end for row in swap.shifts.all()) + 10 * DAY
        schedules.add_override(weekly, start=start, end=start + DAY, user=cast.carol(), actor=None)
        hear()
        told = [Message.objects.filter(client=operations.CHANGED, user=user).count() for user in (alice, bob)]
        assert sum(told) == 1, "whoever is covered that day hears of it, and of nothing else"
        (mail,) = Message.objects.filter(client=operations.CHANGED, user__in=[alice.pk, bob.pk])
        lines = [line for line in mail.content["text"].splitlines() if line.startswith("- ")]
        assert len(lines) == 1
        assert f"{start:%d %b}" in lines[0]
