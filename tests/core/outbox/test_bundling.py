"""What one person gets in a storm: the first messages at once, then a digest a minute, and nothing lost in it."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import connection, transaction
from django.db.models import F

from core.channels.registry import Content, Permanent, Sent, Temporary
from core.outbox import bundling, claims, operations, registry, telling
from core.outbox.claims import Room
from core.outbox.models import Lane, Message, State
from core.outbox.sending import send_due
from tests import cast
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoAssertNumQueries, Settings

    from core.accounts.models import User
    from tests.core.outbox.conftest import Recorder, Sender

pytestmark = pytest.mark.django_db

DIGEST = "test" + bundling.SUFFIX
A_LONG_TURN = 10**9
"""None ends while a test runs; a test ends one itself."""


@pytest.fixture
def crowd(client_: Sender, settings: Settings) -> Iterator[Sender]:
    """The client "test", whose messages may be bundled; a digest names what is in it."""
    settings.PAGER_DIGEST_SECONDS = A_LONG_TURN

    def render(digest: Message) -> Content:
        inside = digest.bundled.order_by("subject_id").values_list("subject_id", flat=True)
        return Content(f"{len(inside)} more", " ".join(map(str, inside)))

    bundling.register(registry.Client("test", client_.guard, client_.render, client_.listener), render=render)
    yield client_
    del registry._clients[DIGEST]


def storm(user: User, *subjects: int, **changes: Any) -> list[int]:
    return put(*subjects, **{"user_id": user.pk, "may_bundle": True, **changes})


def states() -> dict[str, list[str]]:
    """The messages but the digests, by state."""
    found: dict[str, list[str]] = {}
    for key, state in (
        Message.objects.filter(client="test").order_by("subject_id").values_list("key", "state")
    ):
        found.setdefault(state, []).append(key)
    return found


def digests() -> list[Message]:
    return list(Message.objects.filter(client=DIGEST).order_by("due_at", "id"))


def let_the_minute_pass() -> None:
    """Make the digests due now, and what was taken a minute older."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set due_at = now(), key = key || '-old',"
            " taken_at = taken_at - interval '1 minute' where client = %s",
            [DIGEST],
        )
        cursor.execute("update outbox_message set taken_at = taken_at - interval '1 minute' where may_bundle")


def tell() -> None:
    while bundling.tell_due(telling.tell):
        pass


def test_the_first_go_at_once_and_the_rest_in_one_digest_at_the_end_of_the_minute(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, *range(1, 413))

    send_due()

    assert sorted(recorder.keys) == ["m1", "m2", "m3", "m4", "m5"]
    assert states() == {
        "accepted": ["m1", "m2", "m3", "m4", "m5"],
        "bundled": [f"m{n}" for n in range(6, 413)],
    }
    (digest,) = digests()
    assert (digest.state, digest.user_id, digest.channel, digest.address) == (
        "pending",
        alice.pk,
        "recorder",
        "somewhere",
    )
    assert digest.due_at.timestamp() % A_LONG_TURN == 0
    assert set(Message.objects.filter(state="bundled").values_list("bundle_of", flat=True)) == {digest.pk}


def test_who_came_first_goes_first_wherever_the_rows_lie_and_however_they_are_found(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, *range(1, 413))
    with connection.cursor() as cursor:  # an indexed column that changes moves its row behind the others
        cursor.execute("update outbox_message set untold_at = now() where subject_id < 100")
        cursor.execute("update outbox_message set untold_at = null where subject_id < 100")
        cursor.execute("set local enable_indexscan = off")

    send_due()

    assert sorted(recorder.keys) == ["m1", "m2", "m3", "m4", "m5"]


def test_a_digest_is_due_on_the_minute(crowd: Sender, alice: User, settings: Settings) -> None:
    settings.PAGER_DIGEST_SECONDS = 60
    storm(alice, *range(1, 8))
    with transaction.atomic():
        claims._claim(Room(10, 10), "w")

    (digest,) = digests()
    assert digest.due_at.second == 0
    (taken_at,) = digest.bundled.values_list("taken_at", flat=True).distinct()
    assert taken_at is not None
    assert 0 < (digest.due_at - taken_at).total_seconds() <= 60


def test_the_digest_is_sent_once_and_each_message_in_it_is_told_of_it(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, *range(1, 11))
    send_due()
    let_the_minute_pass()
    send_due()
    tell()

    assert len(recorder.deliveries) == 6
    assert (recorder.deliveries[-1].content.subject, recorder.deliveries[-1].content.text) == (
        "5 more",
        "6 7 8 9 10",
    )
    assert sorted(crowd.told) == [(n, "accepted", False) for n in range(1, 11)]
    assert states()["bundled"] == ["m6", "m7", "m8", "m9", "m10"]
    assert bundling.tell_due(telling.tell) == 0


def test_while_the_storm_lasts_there_is_one_digest_a_minute_and_nothing_beside_it(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, *range(1, 11))
    send_due()
    storm(alice, *range(11, 21))
    send_due()
    assert len(digests()) == 1
    Message.objects.filter(client=DIGEST).update(due_at=TransactionNow())
    send_due()
    storm(alice, *range(21, 31))
    send_due()

    assert [len(recorder.keys), len(digests())] == [6, 2]
    assert [digest.state for digest in digests()] == ["accepted", "pending"]
    assert sorted(digests()[1].bundled.values_list("subject_id", flat=True)) == list(range(21, 31))


def test_when_it_is_over_messages_go_at_once_again(crowd: Sender, recorder: Recorder, alice: User) -> None:
    storm(alice, *range(1, 11))
    send_due()
    let_the_minute_pass()
    storm(alice, 11)
    send_due()

    assert "m11" in recorder.keys


def test_a_critical_page_is_not_held_up_by_others_and_goes_before_their_digest(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, *range(1, 11), lane=Lane.PAGES)
    send_due()
    let_the_minute_pass()
    Message.objects.filter(may_bundle=True, state="accepted").update(taken_at=F("planned_at"))
    storm(alice, 11, lane=Lane.CRITICAL)

    claimed = claims.claim(Room(10, 10), owner="w")

    assert next(message.key for message in claimed) == "m11"
    assert [message.client for message in claimed] == ["test", DIGEST]


def test_a_storm_of_critical_pages_has_a_digest_of_its_own_behind_critical_pages(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, *range(1, 11), lane=Lane.CRITICAL)
    storm(alice, *range(11, 21), lane=Lane.PAGES)
    send_due()

    assert {digest.lane for digest in digests()} == {Lane.PAGES}
    inside = sorted(sorted(digest.bundled.values_list("subject_id", flat=True)) for digest in digests())
    assert inside == [[6, 7, 8, 9, 10], list(range(11, 21))]


def test_people_channels_and_addresses_are_counted_apart(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    bob = cast.bob()
    storm(alice, 1, 2, 3, 4)
    storm(bob, 11, 12, 13, 14)
    storm(alice, 21, 22, 23, 24, address="elsewhere")
    send_due()

    assert len(recorder.keys) == 12
    assert digests() == []


@pytest.mark.parametrize("change", [{"may_bundle": False}, {"may_bundle": False, "user_id": None}])
def test_what_may_not_be_bundled_is_not(
    crowd: Sender, recorder: Recorder, alice: User, change: dict[str, Any]
) -> None:
    storm(alice, *range(1, 21), **change)
    send_due()

    assert len(recorder.keys) == 20


def test_it_can_be_turned_off(crowd: Sender, recorder: Recorder, alice: User, settings: Settings) -> None:
    settings.PAGER_STORM_AFTER = 0
    storm(alice, *range(1, 21))
    send_due()

    assert len(recorder.keys) == 20


def test_a_message_that_is_tried_again_stays_itself(crowd: Sender, recorder: Recorder, alice: User) -> None:
    def busy(_delivery: object) -> Any:
        raise Temporary("busy")

    recorder.answer = busy
    storm(alice, 1)
    send_due()
    storm(alice, *range(2, 11))
    Message.objects.filter(key="m1").update(due_at=F("planned_at"))
    send_due()

    assert Message.objects.get(key="m1").state == State.PENDING


def test_several_that_are_half_an_hour_late_are_one_digest_at_once(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, 1, 2, 3, late_seconds=1801)
    storm(alice, 4, late_seconds=1700)
    send_due()

    assert recorder.keys == ["m4"]
    assert states()["bundled"] == ["m1", "m2", "m3"]
    assert len(digests()) == 1


def test_one_that_is_late_alone_goes_by_itself(crowd: Sender, recorder: Recorder, alice: User) -> None:
    storm(alice, 1, late_seconds=5000)
    send_due()

    assert recorder.keys == ["m1"]


class TestOutcomes:
    def test_a_digest_of_which_nothing_is_wanted_is_not_sent(
        self, crowd: Sender, recorder: Recorder, alice: User
    ) -> None:
        storm(alice, *range(1, 9))
        send_due()
        crowd.unwanted = {6: "acknowledged", 7: "acknowledged", 8: "the address is gone"}
        let_the_minute_pass()
        send_due()
        tell()

        assert len(recorder.keys) == 5
        assert (digests()[0].state, digests()[0].error) == ("suppressed", bundling.NOT_WANTED)
        assert [one.detail for one in crowd.outcomes if one.state == "suppressed"] == [
            "acknowledged",
            "acknowledged",
            "the address is gone",
        ]

    def test_a_digest_of_which_something_is_wanted_is_sent(
        self, crowd: Sender, recorder: Recorder, alice: User
    ) -> None:
        storm(alice, *range(1, 9))
        send_due()
        crowd.unwanted = {6: "acknowledged", 7: "acknowledged"}
        let_the_minute_pass()
        send_due()

        assert recorder.deliveries[-1].content.subject == "3 more"

    def test_when_it_fails_each_message_in_it_asks_for_the_next_channel(
        self, crowd: Sender, recorder: Recorder, alice: User
    ) -> None:
        storm(alice, *range(1, 8))
        send_due()

        def fail(_delivery: object) -> Any:
            raise Permanent("the address is wrong")

        recorder.answer = fail
        let_the_minute_pass()
        send_due()
        tell()

        assert crowd.told[-2:] == [(6, "failed", True), (7, "failed", True)]
        assert crowd.outcomes[-1].detail == "the address is wrong"

    def test_so_they_do_while_it_is_still_being_tried(
        self, crowd: Sender, recorder: Recorder, alice: User
    ) -> None:
        storm(alice, *range(1, 8))
        send_due()

        def busy(_delivery: object) -> Any:
            raise Temporary("busy")

        recorder.answer = busy
        let_the_minute_pass()
        for _ in range(2):
            send_due()
            Message.objects.filter(client=DIGEST).update(due_at=TransactionNow())
        tell()

        assert crowd.told[-2:] == [(6, "retrying", True), (7, "retrying", True)]
        recorder.answer = lambda _: Sent("taken")
        send_due()
        tell()
        assert crowd.told[-2:] == [(6, "accepted", False), (7, "accepted", False)]

    def test_a_client_that_does_not_hear_is_told_again(
        self, crowd: Sender, recorder: Recorder, alice: User
    ) -> None:
        storm(alice, *range(1, 8))
        send_due()
        let_the_minute_pass()
        send_due()

        def refuse(_outcomes: object) -> None:
            raise ValueError

        crowd.listen = refuse
        assert bundling.tell_due(telling.tell) == 0
        assert bundling.tell_due(telling.tell) == 0
        crowd.listen = lambda _: None
        Message.objects.filter(state="bundled").update(untold_at=F("planned_at"))
        tell()

        assert crowd.told[-2:] == [(6, "accepted", False), (7, "accepted", False)]


def test_a_digest_that_is_claimed_takes_no_more(crowd: Sender, recorder: Recorder, alice: User) -> None:
    storm(alice, *range(1, 8))
    send_due()
    first = digests()[0]
    Message.objects.filter(pk=first.pk).update(state="accepted")
    storm(alice, 8)
    send_due()

    assert sorted(first.bundled.values_list("subject_id", flat=True)) == [6, 7]
    assert list(digests()[1].bundled.values_list("subject_id", flat=True)) == [8]


def test_when_the_clock_was_set_back_past_digests_that_were_sent_another_one_is_made(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    for subjects in (range(1, 8), [8]):
        storm(alice, *subjects)
        send_due()
        Message.objects.filter(client=DIGEST).update(state="accepted")
    storm(alice, 9, 10)
    put(11)
    send_due()

    assert recorder.keys[-1] == "m11"
    another = max(digests(), key=attrgetter("pk"))
    assert list(another.bundled.order_by("pk").values_list("subject_id", flat=True)) == [9, 10]


def test_a_claim_costs_the_same_however_many_wait(
    crowd: Sender, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    storm(alice, *range(1, 1001))
    with django_assert_max_num_queries(10), transaction.atomic():
        claims._claim(Room(10, 10), "w")

    assert Message.objects.filter(state="bundled").count() == 205
    assert operations.suppress("test", range(1, 1001), reason="acknowledged") == 790


def test_a_digest_that_goes_when_it_is_due_is_not_late(
    crowd: Sender, recorder: Recorder, alice: User
) -> None:
    storm(alice, *range(1, 8))
    send_due()
    (digest,) = digests()

    assert digest.planned_at == digest.due_at
