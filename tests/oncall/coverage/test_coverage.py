from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from core.outbox.models import Message
from core.watch.rules import Grade
from oncall.coverage import operations, queries, rules
from oncall.coverage.rules import Lack, Span
from oncall.models import ContactMethod
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def day(n: float) -> datetime:
    return NOW + timedelta(days=n)


WINDOW = Span(NOW, day(14))


@pytest.mark.parametrize(
    ("covered", "gaps"),
    [
        ([], [(0, 14)]),
        ([(0, 14)], []),
        ([(-1, 20)], []),
        ([(0, 3), (4, 14)], [(3, 4)]),
        ([(4, 14), (0, 3)], [(3, 4)]),
        ([(1, 5), (2, 3)], [(0, 1), (5, 14)]),
        ([(0, 5), (5, 14)], []),
    ],
)
def test_what_nobody_covers(covered: list[tuple[float, float]], gaps: list[tuple[float, float]]) -> None:
    spans = [Span(day(start), day(end)) for start, end in covered]
    assert rules.gaps(spans, WINDOW) == [Span(day(start), day(end)) for start, end in gaps]


@pytest.mark.parametrize(
    ("ahead", "warning"), [(0, 1), (1, 1), (1.1, 3), (3, 3), (3.1, 14), (13.9, 14), (14, 14)]
)
def test_the_owner_is_warned_fourteen_three_and_one_days_ahead(ahead: float, warning: int) -> None:
    assert rules.warned_at(day(ahead), now=NOW) == warning


def lack(start: float, text: str = "X is missing.") -> Lack:
    return Lack(key="x", text=text, start=day(start), path="/", policy_id=1)


def test_what_is_so_already_is_said_first() -> None:
    assert rules.words([lack(0), lack(3)], now=NOW) == "X is missing. 1 more."
    assert rules.words([lack(0)], now=NOW) == "X is missing."
    assert rules.words([lack(2)], now=NOW) == (
        "One thing is missing in the next 14 days. The first: X is missing."
    )
    assert rules.words([lack(2), lack(3)], now=NOW) == (
        "2 things are missing in the next 14 days. The first: X is missing."
    )


def reached(user: User) -> User:
    """The person with a verified contact method."""
    ContactMethod.objects.create(user=user, channel="email", address=user.email, verified_at=timezone.now())
    return user


def texts() -> list[str]:
    return [lack.text for lack in queries.lacks(timezone.now())]


@pytest.mark.django_db
class TestLookingAhead:
    def test_a_policy_with_people_who_can_be_reached_lacks_nothing(self) -> None:
        bob = reached(cast.bob())
        cast.policy((60, [cast.always(bob)]), (60, [bob]))
        assert texts() == []
        assert queries.coverage().grade is Grade.GOOD

    def test_when_every_schedule_of_a_policy_is_empty_nobody_is_asked(self) -> None:
        policy = cast.policy((60, [cast.always(None)]), (60, [cast.always(None, "Backup")]))
        first, *levels = queries.lacks(timezone.now())
        assert first.text.startswith("Engineering asks nobody until ")
        assert (first.path, first.is_grave) == (f"/escalation/{policy.slug}/", True)
        assert [each.text for each in levels] == [
            "Level 1 of Engineering asks nobody right now.",
            "Level 2 of Engineering asks nobody right now.",
        ]
        assert queries.coverage().grade is Grade.BAD

    def test_an_empty_level_beside_a_full_one_is_no_emergency(self) -> None:
        bob = reached(cast.bob())
        cast.policy((60, [cast.always(None)]), (60, [bob]))
        assert texts() == ["Level 1 of Engineering asks nobody right now."]
        assert queries.coverage().grade is Grade.WARN

    def test_who_is_on_call_without_a_verified_method_is_named(self) -> None:
        bob = cast.bob()
        ContactMethod.objects.create(user=bob, channel="email", address=bob.email)
        cast.policy((60, [cast.always(bob)]))
        assert texts() == ["Bob Example is asked by Engineering and has no verified contact method."]

    def test_schedules_that_no_policy_asks_are_nobodys_worry(self) -> None:
        cast.always(None)
        assert texts() == []


@pytest.mark.django_db
class TestWarning:
    def test_the_managers_of_its_team_are_told_once(self) -> None:
        cast.ada()
        mona = cast.mona()
        cast.policy(
            (60, [cast.always(None), cast.always(reached(cast.bob()), "Other")]),
            (60, [cast.always(None, "B")]),
            team=cast.team(),
        )
        assert operations.warn() == 1
        (mail,) = Message.objects.all()
        assert (mail.address, mail.lane) == (mona.email, 2)
        assert mail.content["subject"] == "Level 2 of Engineering asks nobody right now."
        assert "/escalation/engineering/" in mail.content["text"]
        assert operations.warn() == 0

    def test_without_a_team_the_admins_are(self) -> None:
        ada = cast.ada()
        cast.policy((60, [cast.bob()]))
        assert operations.warn() == 1
        assert Message.objects.get().address == ada.email

    def test_nothing_is_sent_where_nothing_lacks(self) -> None:
        cast.ada()
        assert operations.warn() == 0
