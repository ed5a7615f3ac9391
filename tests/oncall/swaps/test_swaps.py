from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied

from core.outbox.models import Message
from core.people.directory import operations as directory
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from oncall.schedules.rules.layers import ShiftKey
from oncall.swaps import operations, queries
from tests import cast
from tests.oncall.swaps.weeks import DAY, HERS, MONDAY, NOW, WEEK, asked, settle, weekly, who

if TYPE_CHECKING:
    import time_machine

    from core.accounts.models import User
    from oncall.models import Schedule, Swap

pytestmark = pytest.mark.django_db


def due(kind: str) -> None:
    """Let the deadlines of one kind come, by the clock of Postgres, which stands still for no test."""
    Timer.objects.exclude(kind=kind).update(due_at=datetime(2999, 1, 1, tzinfo=UTC))
    Timer.objects.filter(kind=kind).update(due_at=datetime(2020, 1, 1, tzinfo=UTC))
    timers.run_due()


def told(swap: Swap) -> list[str]:
    """Who is to get a mail about it, in order."""
    return list(Message.objects.filter(subject_id=swap.pk).order_by("pk").values_list("address", flat=True))


def test_a_shift_is_taken_whole_and_nothing_else_changes(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    assert who(schedule, HERS) == (alice.pk,)
    swap = asked(schedule, alice, reason="At the dentist's")
    assert who(schedule, HERS) == (alice.pk,), "until somebody takes it she stays on call"
    assert told(swap) == ["bob@example.com", "carol@example.com"]
    operations.take(swap, user=carol, actor=carol)
    tick = timedelta(microseconds=1)
    edges = [HERS - tick, HERS, HERS + WEEK - tick, HERS + WEEK]
    assert [who(schedule, at) for at in edges] == [(carol.pk,), (carol.pk,), (carol.pk,), (bob.pk,)]
    found = resolver.on_call([schedule.pk], HERS)[schedule.pk]
    assert found.swap == swap.pk
    said = 'swap of layer "Primary" by Carol Example for Alice Example until 2026-11-30 09:00 UTC'
    assert found.reason == said
    one = resolver.resolve([schedule.pk], start=NOW, end=NOW + 8 * WEEK)[schedule.pk]
    assert {one.at(at).reason for at in (HERS, HERS + 3 * DAY)} == {found.reason}
    shifts = resolver.shifts_of(carol, start=NOW, end=HERS + WEEK)
    assert [(shift.start, shift.end) for shift in shifts] == [(NOW, HERS + WEEK)]


def test_a_swap_moves_with_its_shift(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, carol = people
    swap = operations.take(asked(schedule, alice), user=carol, actor=carol)
    later = [weekly(carol, alice, bob, at=time(15), start=MONDAY + timedelta(hours=6))]
    schedules.save_layers(schedule, layers=later, actor=None)
    moved = HERS + timedelta(hours=6)
    assert who(schedule, moved + WEEK - timedelta(hours=1)) == (carol.pk,)
    settle()
    (row,) = queries.get(swap.pk).shifts.all()
    assert (row.start, row.end) == (moved, moved + WEEK)
    assert queries.get(swap.pk).status == "taken"
    # From here on her turn of that number is the week before: that is another shift.
    schedules.save_layers(schedule, layers=[weekly(carol, alice, bob, at=time(15), start=MONDAY)], actor=None)
    assert (who(schedule, moved - DAY), who(schedule, moved)) == ((alice.pk,), (bob.pk,))
    settle()
    assert queries.get(swap.pk).status == "lapsed"


def test_a_swap_lapses_when_the_shift_is_somebody_elses(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    swap = operations.take(asked(schedule, alice), user=carol, actor=carol)
    before = who(schedule, NOW)
    schedules.save_layers(schedule, layers=[weekly(carol, bob, alice)], actor=None)
    assert who(schedule, HERS) == (bob.pk,), "at once, whatever is told later"
    settle()
    fresh = queries.get(swap.pk)
    assert (fresh.status, who(schedule, NOW)) == ("lapsed", before)
    said = Message.objects.filter(subject_id=swap.pk, key__contains="lapsed").order_by("pk")
    assert [each.address for each in said] == ["alice@example.com", "carol@example.com"]
    assert "no shift of Alice Example any more" in said[0].content["subject"]


def test_a_second_swap_of_a_shift_is_refused_with_whose_it_is(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    swap = asked(schedule, alice)
    with pytest.raises(operations.TakenAlready, match=r"asked already .* nobody has taken it yet"):
        asked(schedule, alice, actor=cast.mona())
    operations.take(swap, user=carol, actor=carol)
    with pytest.raises(operations.NotWhole, match="Alice Example has no shift in Payments"):
        asked(schedule, alice)
    second = asked(schedule, carol, wanted=bob)
    operations.take(second, user=bob, actor=bob)
    assert who(schedule, HERS) == (bob.pk,), "what somebody took they may give on"
    with pytest.raises(operations.GivenOn, match="gave this shift to somebody else"):
        operations.withdraw(swap, actor=alice)


def test_a_part_of_a_shift_is_no_swap(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice = people[0]
    for start, end in ((HERS, HERS + DAY), (HERS + DAY, HERS + WEEK), (HERS + DAY, HERS + 2 * DAY)):
        with pytest.raises(operations.NotWhole, match="from 2026-11-23 09:00 to 2026-11-30 09:00 UTC"):
            operations.ask_between(schedule, beneficiary=alice, start=start, end=end, actor=alice)
    with pytest.raises(operations.NotWhole, match="over already"):
        operations.ask_between(schedule, beneficiary=alice, start=NOW - DAY, end=NOW - DAY / 2, actor=alice)
    with pytest.raises(operations.NotWhole, match="no longer a shift"):
        operations.ask(schedule, beneficiary=alice, keys=[ShiftKey(0, 0)], actor=alice)


def test_of_two_who_take_it_one_gets_it(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, carol = people
    swap = asked(schedule, alice)
    both = queries.get(swap.pk), queries.get(swap.pk)
    operations.take(both[0], user=bob, actor=bob)
    with pytest.raises(operations.NotNow, match="Bob Example has taken it already"):
        operations.take(both[1], user=carol, actor=carol)
    assert who(schedule, HERS) == (bob.pk,)


def test_who_may_take_is_a_rule_of_the_schedule(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    mallory, dana = cast.mallory(), cast.person("Dana", team=cast.team())
    swap = asked(schedule, alice)
    for stranger in (mallory, dana):
        with pytest.raises(operations.NotAllowed, match="Anybody in a rotation of this schedule may take"):
            operations.take(swap, user=stranger, actor=stranger)
    with pytest.raises(PermissionDenied):
        operations.take(swap, user=bob, actor=mallory)
    with pytest.raises(PermissionDenied):
        operations.withdraw(swap, actor=mallory)
    operations.set_rule(schedule, takers="team", needs_approval=False, actor=None)
    operations.take(swap, user=dana, actor=dana)
    assert who(schedule, HERS) == (dana.pk,)
    assert [shift.start for shift in resolver.shifts_of(dana, start=NOW, end=HERS + WEEK)] == [HERS]


def test_managers_ask_and_take_for_others_and_approve(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    mona = cast.mona()
    operations.set_rule(schedule, takers="rotation", needs_approval=True, actor=mona)
    with pytest.raises(PermissionDenied):
        asked(schedule, alice, actor=bob)
    swap = operations.take(asked(schedule, alice), user=bob, actor=bob)
    assert (swap.status, who(schedule, HERS)) == ("waiting", (alice.pk,))
    assert told(swap)[-1] == "mona@example.com"
    with pytest.raises(PermissionDenied):
        operations.approve(swap, actor=bob)
    operations.approve(swap, actor=mona)
    assert who(schedule, HERS) == (bob.pk,)
    operations.withdraw(swap, actor=bob)
    assert who(schedule, HERS) == (alice.pk,)
    given = operations.take(asked(schedule, alice, actor=mona), user=carol, actor=mona)
    assert (given.status, who(schedule, HERS)) == ("taken", (carol.pk,)), "what a manager enters is approved"
    log = [entry.text for entry in queries.get(given.pk).entries.all()]
    assert log == [
        "Mona Example asked for Alice Example",
        "Carol Example takes it, entered by Mona Example",
    ]


def test_what_was_begun_counts_from_the_moment_it_is_taken_until_it_ends(
    schedule: Schedule, people: tuple[User, User, User], clock: time_machine.Traveller
) -> None:
    alice, bob, _ = people
    clock.move_to(HERS + DAY)
    swap = operations.take(asked(schedule, alice), user=bob, actor=bob)
    clock.move_to(HERS + 2 * DAY)
    assert (who(schedule, HERS), who(schedule, HERS + 2 * DAY)) == ((alice.pk,), (bob.pk,))
    operations.withdraw(swap, actor=alice)
    clock.move_to(HERS + 3 * DAY)
    found = [who(schedule, HERS + n * DAY) for n in (0, 1.5, 2.5)]
    assert found == [(alice.pk,), (bob.pk,), (alice.pk,)]


def test_nobody_took_it_in_time(
    schedule: Schedule, people: tuple[User, User, User], clock: time_machine.Traveller
) -> None:
    alice, bob, _ = people
    swap = asked(schedule, alice)
    kept = {timer.kind for timer in Timer.objects.filter(subject_id=swap.pk, done_at=None)}
    assert kept == {operations.EXPIRE, operations.REMIND}
    operations.decline(swap, actor=bob)
    reminders = Timer.objects.filter(kind=operations.REMIND)
    assert [timer.due_at for timer in reminders.order_by("due_at")] == [HERS - 3 * DAY, HERS - DAY]
    due(operations.REMIND)
    assert told(swap) == ["bob@example.com", "carol@example.com", "carol@example.com", "carol@example.com"]
    clock.move_to(HERS + timedelta(minutes=1))
    due(operations.EXPIRE)
    fresh = queries.get(swap.pk)
    assert (fresh.status, told(swap)[-1], who(schedule, HERS)) == (
        "expired",
        "alice@example.com",
        (alice.pk,),
    )
    with pytest.raises(operations.NotNow, match="This request is over"):
        operations.take(fresh, user=bob, actor=bob)
    held = operations.unwanted(list(Message.objects.filter(key__startswith="swap-ask-")))
    assert set(held.values()) == {"the shift is not to be taken any more"}


def test_a_taker_who_leaves_gives_the_shift_back(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, _, carol = people
    swap = operations.take(asked(schedule, alice), user=carol, actor=carol)
    directory.deactivate(carol, actor=cast.ada())
    assert who(schedule, HERS) == (alice.pk,)
    settle()
    assert queries.get(swap.pk).status == "lapsed"
    assert told(swap)[-1] == "alice@example.com"
