from datetime import date

import pytest

from postmortems.action_items.rules import Bucket, bucket, is_vague

WEDNESDAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        (None, Bucket.UNDATED),
        (date(2026, 11, 17), Bucket.OVERDUE),
        (date(2026, 11, 18), Bucket.THIS_WEEK),
        (date(2026, 11, 22), Bucket.THIS_WEEK),
        (date(2026, 11, 23), Bucket.NEXT_WEEK),
        (date(2026, 11, 29), Bucket.NEXT_WEEK),
        (date(2026, 11, 30), Bucket.LATER),
    ],
)
def test_open_items_are_grouped_by_due_week(due_on: date | None, expected: Bucket) -> None:
    assert bucket(due_on, today=WEDNESDAY) is expected


@pytest.mark.parametrize(
    "title",
    ["Improve monitoring", " better tests", "Be more careful", "Look into caching", "Review runbooks"],
)
def test_vague_titles_are_noticed(title: str) -> None:
    assert is_vague(title)


@pytest.mark.parametrize(
    "title", ["Alert when pool use passes 80%", "Improve p99 to 200 ms", "Reject timeouts below p99 in CI"]
)
def test_titles_that_say_what_will_differ_are_not(title: str) -> None:
    assert not is_vague(title)
