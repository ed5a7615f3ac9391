"""I give mine for yours: both change hands, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from core.outbox.models import Message
from core.people.directory import operations as directory
from oncall.models import Swap
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from oncall.swaps import operations, queries, tokens
from tests import cast
from tests.oncall.swaps.weeks import DAY, HERS, WEEK, asked, settle, weekly, who

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
HIS = HERS + WEEK


def exchange(schedule: Schedule, hers: User, his: User) -> Swap:
    return asked(schedule, hers, wanted=his, in_exchange=(HIS, HIS + WEEK))


def test_both_shifts_change_hands_at_once(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, carol = people
    swap = exchange(schedule, alice, bob)
    (mail,) = Message.objects.filter(subject_id=swap.pk)
    assert "In exchange for yours:\n\nMon 30 Nov 09:00 to Mon 07 Dec 09:00 UTC" in mail.content["text"]
    assert (who(schedule, HERS), who(schedule, HIS)) == ((alice.pk,), (bob.pk,))
    page = Client().get(f"/cover/{tokens.make(swap, bob)}/").content.decode()
    assert "Do you exchange shifts with Alice Example?" in page
    operations.take(swap, user=bob, actor=bob)
    weeks = [who(schedule, HERS + n * WEEK) for n in range(3)]
    assert weeks == [(bob.pk,), (alice.pk,), (carol.pk,)]
    found = resolver.on_call([schedule.pk], HIS)[schedule.pk]
    said = 'swap of layer "Primary" by Alice Example for Bob Example until 2026-12-07 09:00 UTC'
    assert (found.swap, found.reason) == (swap.pk, said)
    onward = asked(schedule, alice, start=HIS, end=HIS + WEEK)
    with pytest.raises(operations.GivenOn, match="Alice Example gave this shift to somebody else"):
        operations.withdraw(swap, actor=bob)
    operations.withdraw(onward, actor=alice)
    operations.withdraw(swap, actor=bob)
    assert (who(schedule, HERS), who(schedule, HIS)) == ((alice.pk,), (bob.pk,))


def test_an_offer_binds_nobody_and_is_refused_where_it_cannot_be(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    offered = exchange(schedule, alice, bob)
    with pytest.raises(operations.NotWhole, match="with one person"):
        asked(schedule, carol, start=HERS + 2 * WEEK, end=HIS + 2 * WEEK, in_exchange=(HIS, HIS + WEEK))
    with pytest.raises(operations.NotWhole, match="Carol Example has no shift"):
        asked(schedule, bob, start=HIS, end=HIS + WEEK, wanted=carol, in_exchange=(HIS, HIS + WEEK))
    own = asked(schedule, bob, start=HIS, end=HIS + WEEK)
    with pytest.raises(operations.TakenAlready, match="Bob Example asked already for the shift of Bob"):
        operations.take(offered, user=bob, actor=bob)
    operations.take(own, user=carol, actor=carol)
    with pytest.raises(operations.NotNow, match="no shift of Bob Example any more"):
        operations.take(offered, user=bob, actor=bob)
    assert (who(schedule, HERS), who(schedule, HIS)) == ((alice.pk,), (carol.pk,))
    settle()
    assert queries.get(offered.pk).status == "lapsed", "what was offered for it is no longer his"


def test_who_agreed_to_an_exchange_gives_that_shift_to_nobody_else(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, _ = people
    operations.set_rule(schedule, takers="rotation", needs_approval=True, actor=None)
    swap = operations.take(exchange(schedule, alice, bob), user=bob, actor=bob)
    assert swap.status == "waiting"
    with pytest.raises(operations.TakenAlready, match="Bob Example takes it"):
        asked(schedule, bob, start=HIS, end=HIS + WEEK)
    operations.approve(swap, actor=cast.mona())
    assert (who(schedule, HERS), who(schedule, HIS)) == ((bob.pk,), (alice.pk,))


def test_an_exchange_lapses_whole_and_both_are_told(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    swap = operations.take(exchange(schedule, alice, bob), user=bob, actor=bob)
    # Bob's week is Carol's by this edit, and Alice's stays hers.
    schedules.save_layers(schedule, layers=[weekly(bob, alice, carol)], actor=None)
    settle()
    assert queries.get(swap.pk).status == "lapsed"
    assert (who(schedule, HERS), who(schedule, HIS)) == ((alice.pk,), (carol.pk,))
    said = Message.objects.filter(subject_id=swap.pk, key__contains="lapsed").order_by("pk")
    assert [each.address for each in said] == ["alice@example.com", "bob@example.com"]
    assert "no shift of Bob Example any more" in said[0].content["subject"]


def test_who_leaves_gives_both_back(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    swap = operations.take(exchange(schedule, alice, bob), user=bob, actor=bob)
    directory.deactivate(bob, actor=cast.ada())
    settle()
    assert (queries.get(swap.pk).status, who(schedule, HERS)) == ("lapsed", (alice.pk,))
    assert alice.pk not in who(schedule, HIS)


def test_the_screen_and_the_api_ask_for_an_exchange(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, _ = people
    hers, his = cast.sign_in(Client(), alice), cast.sign_in(Client(), bob)
    page = hers.get(f"/on-call/payments/swaps/?with={bob.pk}")
    form = page.context["form"]
    (mine,), (theirs,) = (
        [value for value, label in form.fields[name].choices if f"{day} Nov 09:00 to" in label]
        for name, day in (("shifts", 23), ("returns", 30))
    )
    body = {"with": bob.pk, "wanted": bob.pk, "shifts": [mine]}
    refused = hers.post("/on-call/payments/swaps/ask/", body)
    assert (refused.status_code, "Exchange shifts with Bob" in refused.content.decode()) == (422, True)
    assert hers.post("/on-call/payments/swaps/ask/", {**body, "returns": [theirs]}).status_code == 302
    swap = Swap.objects.get()
    assert [(row.start, row.is_return) for row in swap.shifts.all()] == [(HERS, False), (HIS, True)]
    assert "asks you to exchange shifts" in his.get("/").content.decode()
    assert "Exchange them" in his.get(f"/on-call/-/swaps/{swap.pk}/").content.decode()
    operations.withdraw(swap, actor=alice)
    given = {"start": HERS.isoformat(), "end": HIS.isoformat(), "taker": str(bob.pk)}
    span = {"start": HIS.isoformat(), "end": (HIS + WEEK).isoformat()}
    api, url = cast.caller(alice), "/api/v1/schedules/payments/swaps/"
    made = api.post(url, {**given, "in_exchange": span}, format="json")
    assert (made.status_code, [row["is_return"] for row in made.data["shifts"]]) == (201, [False, True])
    assert made.data["end"] == "2026-11-30T09:00:00.000000Z"
    part = {**span, "end": (HIS + DAY).isoformat()}
    assert api.post(url, {**given, "in_exchange": part}, format="json").status_code == 409
