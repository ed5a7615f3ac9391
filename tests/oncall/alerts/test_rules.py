"""How signals fold into changes, and how long one that failed waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.alerts import rules
from oncall.alerts.rules import Action, Entry, Parsed

LETTERS = {"t": Action.TRIGGER, "a": Action.ACKNOWLEDGE, "r": Action.RESOLVE}


def entries(story: str) -> list[Entry]:
    """`t1 r1 t2` is a trigger of key 1, its resolve, and a trigger of key 2; signals are numbered from 1."""
    return [
        Entry(
            signal_id=n,
            integration_id=1,
            parsed=Parsed(action=LETTERS[word[0]], dedup_key=word[1:], title=word),
        )
        for n, word in enumerate(story.split(), 1)
    ]


def told(story: str) -> str:
    """The rounds as text: a number before a word is its count, a bar is a new round."""
    return " | ".join(
        " ".join(f"{each.count if each.count > 1 else ''}{each.parsed.title}" for each in batch)
        for batch in rules.rounds(entries(story))
    )


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ("", ""),
        ("t1", "t1"),
        ("t1 t2 t3", "t1 t2 t3"),
        ("t1 t1 t1", "3t1"),
        ("t1 t2 t1", "2t1 t2"),
        ("t1 r1", "t1 | r1"),
        ("t1 r1 t1", "t1 | r1 | t1"),
        ("t1 t1 r1 t1 t1 t2", "2t1 t2 | r1 | 2t1"),
        ("r1 r1", "r1 | r1"),
        ("t1 a1 t1 r1", "t1 | a1 | t1 | r1"),
    ],
)
def test_a_batch_holds_an_alert_once_and_keeps_the_order_of_its_entries(story: str, expected: str) -> None:
    assert told(story) == expected


@given(st.lists(st.tuples(st.sampled_from("tar"), st.integers(1, 4)), max_size=60))
def test_no_entry_is_lost_and_no_round_holds_an_alert_twice(words: list[tuple[str, int]]) -> None:
    story = entries(" ".join(f"{action}{key}" for action, key in words))

    folded = rules.rounds(story)

    assert sum(each.count for batch in folded for each in batch) == len(story)
    assert all(len({each.once for each in batch}) == len(batch) for batch in folded)
    for key in {each.once for each in story}:
        before = [each.parsed.action for each in story if each.once == key]
        after = [
            each.parsed.action
            for batch in folded
            for each in batch
            if each.once == key
            for _ in range(each.count)
        ]
        assert after == before


def test_what_came_last_of_a_run_of_triggers_is_kept() -> None:
    (batch,) = rules.rounds(entries("t1 t1"))

    assert batch[0].signal_id == 2


def test_a_signal_that_fails_waits_longer_each_time_up_to_eight_seconds() -> None:
    assert [rules.back_off(attempts) for attempts in (1, 2, 3, 4, 5, 50)] == [1, 2, 4, 8, 8, 8]
