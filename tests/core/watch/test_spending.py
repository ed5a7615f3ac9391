from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from core.outbox.spending import Spent
from core.watch import registry, spending
from core.watch.rules import Grade

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

    from tests.twilio import Twilio


@pytest.mark.parametrize(
    ("texts", "limit", "grade", "said"),
    [
        (0, 0, Grade.GOOD, "No text and no call"),
        (12, 0, Grade.GOOD, "(12 and 1) cost 1.50. There is no limit"),
        (12, 5, Grade.GOOD, "cost 1.50 of 5.00."),
        (37, 5, Grade.WARN, "soon only pages of high urgency"),
        (47, 5, Grade.WARN, "only pages of high urgency are sent so, anything else goes another way"),
    ],
)
def test_what_it_costs(texts: int, limit: int, grade: Grade, said: str, settings: Settings) -> None:
    settings.SMS_PRICE, settings.VOICE_PRICE = Decimal("0.10"), Decimal("0.30")
    reading = spending.judge(Spent(texts, 1 if texts else 0), limit=Decimal(limit))
    assert reading.grade is grade
    assert said in reading.text
    assert bool(reading.advice) is (grade is Grade.WARN)


def test_where_nothing_is_set_up_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_checks", {})
    spending.register()
    assert registry.checks() == []


@pytest.mark.django_db
def test_where_texts_are_set_up_they_are_counted(
    twilio: Twilio, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_checks", {})
    spending.register()
    (check,) = registry.checks()
    with django_assert_num_queries(1):
        assert check.look().text == "No text and no call went out in the last 24 h."
