"""What strangers, forged addresses, two at once and awkward times do to swaps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core import signing
from django.db import connection
from django.test import Client

from core.errors import Refused
from oncall.models import Swap
from oncall.schedules import operations as schedules
from oncall.swaps import operations, queries, tokens
from tests import cast
from tests.oncall.swaps.weeks import DAY, HERS, MONDAY, NOW, WEEK, asked, who

if TYPE_CHECKING:
    import time_machine

    from core.accounts.models import User
    from oncall.models import Schedule


@pytest.mark.django_db(transaction=True)
def test_two_who_tap_in_the_same_moment_one_gets_it(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    swap = asked(schedule, alice)
    urls = [f"/cover/{tokens.make(swap, user)}/" for user in (bob, carol)]

    def tap(url: str) -> int:
        try:
            return Client().post(url).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(tap, urls)) == [303, 409]
    assert len(who(schedule, HERS)) == 1
    assert who(schedule, HERS) == (Swap.objects.get().taker_id,)


@pytest.mark.django_db
def test_strangers_and_viewers_change_nothing(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    operations.set_rule(schedule, takers="rotation", needs_approval=True, actor=None)
    swap = operations.take(asked(schedule, alice), user=bob, actor=bob)
    boss = cast.person("Boss", role="manager", team=cast.team("Elsewhere"))
    other = asked(schedule, bob, start=HERS + WEEK, end=HERS + 2 * WEEK)
    for nobody in (boss, cast.mallory(), cast.vera()):
        client = cast.sign_in(Client(), nobody)
        for action in ("approve", "reject", "withdraw"):
            sent = client.post(f"/on-call/-/swaps/{swap.pk}/answer/", {"action": action})
            assert sent.status_code == 403, (nobody, action)
        give = {"action": "give", "user": alice.pk}
        assert client.post(f"/on-call/-/swaps/{other.pk}/answer/", give).status_code == 403
        assert client.post("/on-call/payments/swaps/rule/", {"takers": "everybody"}).status_code == 403
        assert client.get(f"/on-call/payments/swaps/?person={alice.pk}").status_code == 403
        page = client.get(f"/on-call/-/swaps/{other.pk}/").content.decode()
        assert "Take it" not in page
        assert "Who could take it" not in page
        taken = client.post(f"/on-call/-/swaps/{other.pk}/answer/", {"action": "take"})
        assert taken.status_code in (403, 409), "they are in no rotation of it"
    assert Client().get(f"/on-call/-/swaps/{swap.pk}/").status_code == 302, "nobody is signed in"
    assert (who(schedule, HERS), who(schedule, HERS + WEEK)) == ((alice.pk,), (bob.pk,))


@pytest.mark.django_db
def test_a_forged_address_opens_nothing(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, carol = people
    swap = asked(schedule, alice, wanted=bob)
    mine = f"{swap.pk:x}-{bob.pk:x}-{swap.nonce}"
    forged = [
        mine,
        signing.Signer(sep=".").sign(mine),
        signing.Signer(sep=".", salt="oncall.cover", key="another key").sign(mine),
        signing.Signer(sep=".", salt="oncall.cover").sign(f"{swap.pk:x}-{bob.pk:x}-0000"),
        signing.Signer(sep=".", salt="oncall.cover").sign(f"ffffff-{bob.pk:x}-{swap.nonce}"),
        tokens.make(swap, cast.vera()),
        tokens.make(swap, bob).replace(f"-{bob.pk:x}-", f"-{alice.pk:x}-"),
    ]
    for token in forged:
        assert Client().post(f"/cover/{token}/").status_code == 404, token
    hers = Client().post(f"/cover/{tokens.make(swap, carol)}/")
    assert (hers.status_code, "Only Bob Example is asked" in hers.content.decode()) == (409, True)
    assert who(schedule, HERS) == (alice.pk,)


@pytest.mark.django_db
def test_an_old_address_does_nothing_a_second_time(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    first = asked(schedule, alice)
    url = f"/cover/{tokens.make(first, bob)}/"
    assert Client().post(url).status_code == 303
    operations.withdraw(first, actor=alice)
    asked(schedule, alice, wanted=carol)
    for action in ("take", "decline"):
        assert Client().post(url, {"action": action}).status_code == 409, "it is of the request before"
    assert who(schedule, HERS) == (alice.pk,)


@pytest.mark.django_db
def test_what_is_over_is_not_given_away(
    schedule: Schedule, people: tuple[User, User, User], clock: time_machine.Traveller
) -> None:
    alice, bob, _ = people
    swap = asked(schedule, alice)
    clock.move_to(HERS + WEEK)
    with pytest.raises(operations.NotNow, match="This request is over"):
        operations.take(swap, user=bob, actor=bob)
    with pytest.raises(operations.NotWhole):
        asked(schedule, alice)
    with pytest.raises(operations.NotNow, match="it stays in the record"):
        operations.withdraw(swap, actor=alice)


@pytest.mark.django_db
def test_who_was_asked_and_left_is_asked_no_more(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, carol = people
    swap = asked(schedule, alice)
    schedule.refresh_from_db()
    bob.is_active = False
    bob.save()
    assert Client().post(f"/cover/{tokens.make(swap, bob)}/").status_code == 404
    with pytest.raises(operations.NotAllowed):
        operations.take(swap, user=bob, actor=cast.mona())
    assert [each.email for each in queries.asked_people(queries.get(swap.pk))] == [carol.email]


@pytest.mark.django_db
def test_who_shares_a_shift_cannot_take_the_others_part(people: tuple[User, User, User]) -> None:
    alice, bob, carol = people
    both = schedules.LayerSpec(
        name="Pairs", start=MONDAY, handoff_at=time(9), weekday=0, participants=[[alice, bob], [carol]]
    )
    pairs = schedules.create(
        name="Pairs", slug="pairs", time_zone="UTC", team=cast.team(), layers=[both], actor=None
    )
    hers = next(start for start in (HERS, HERS + WEEK) if alice.pk in who(pairs, start))
    swap = asked(pairs, alice, start=hers, end=hers + WEEK)
    with pytest.raises(operations.NotAllowed, match="Bob Example is on call in this shift already"):
        operations.take(swap, user=bob, actor=bob)
    operations.take(swap, user=carol, actor=carol)
    assert set(who(pairs, hers)) == {bob.pk, carol.pk}


@pytest.mark.django_db
def test_what_was_given_back_may_be_given_away_again(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    operations.take(asked(schedule, alice), user=carol, actor=carol)
    operations.take(asked(schedule, carol), user=alice, actor=alice)
    assert who(schedule, HERS) == (alice.pk,)
    operations.take(asked(schedule, alice), user=bob, actor=bob)
    assert (who(schedule, HERS - DAY), who(schedule, HERS)) == ((carol.pk,), (bob.pk,))


@pytest.mark.django_db
def test_a_shift_over_a_change_of_clocks_is_given_away_whole(people: tuple[User, User, User]) -> None:
    alice, bob, carol = people
    nights = schedules.LayerSpec(
        name="Nights",
        start=MONDAY,
        handoff_at=time(12),
        unit="day",
        participants=[[carol], [alice], [bob]],
        restrictions=[(None, time(20), time(8))],
    )
    found = schedules.create(
        name="Nights", slug="nights", time_zone="Europe/Berlin", team=cast.team(), layers=[nights], actor=None
    )
    # The night to Sunday 28 March 2027, when two o'clock becomes three: 11 hours long.
    start, end = datetime(2027, 3, 27, 19, tzinfo=UTC), datetime(2027, 3, 28, 6, tzinfo=UTC)
    (hers,) = who(found, start)
    giver = next(one for one in people if one.pk == hers)
    taker = next(one for one in people if one.pk != hers)
    swap = asked(found, giver, start=start, end=end)
    operations.take(swap, user=taker, actor=taker)
    tick = timedelta(microseconds=1)
    edges = [who(found, at) for at in (start - tick, start, end - tick, end)]
    assert edges == [(), (taker.pk,), (taker.pk,), ()]
    for part in (timedelta(hours=-1), timedelta(hours=1)):
        other = next(one for one in people if one not in (giver, taker))
        with pytest.raises(Refused):
            asked(found, other, start=start + part, end=end)
    assert start > NOW
