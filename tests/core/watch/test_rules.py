from __future__ import annotations

import pytest

from core.watch import readings, rules
from core.watch.readings import Beats, Duplicates, Lag, Waiting
from core.watch.rules import Grade, Reading, Seen

GONE, NEVER = Beats(0, 400.0), Beats(0, None)
PAGE, OTHER = True, False


def seen(*grades: Grade) -> list[Seen]:
    return [
        Seen(f"n{n}", f"Part {n}", Reading(grade=grade, text=f"It {n}.")) for n, grade in enumerate(grades)
    ]


@pytest.mark.parametrize(
    ("grades", "sentence"),
    [
        ([], "Paging is healthy."),
        ([Grade.GOOD, Grade.GOOD], "Paging is healthy."),
        ([Grade.GOOD, Grade.WARN], "Paging works. One thing wants attention soon."),
        ([Grade.WARN, Grade.WARN], "Paging works. 2 things want attention soon."),
        ([Grade.WARN, Grade.BAD], "Act now. It 1."),
        ([Grade.BAD, Grade.GOOD, Grade.BAD], "Act now. It 0. 1 more below."),
        ([Grade.BAD] * 3, "Act now. It 0. 2 more below."),
    ],
)
def test_one_sentence_for_everything(grades: list[Grade], sentence: str) -> None:
    assert rules.verdict(seen(*grades)) == sentence


def test_what_is_wrong_stands_first_and_else_in_order() -> None:
    order = rules.worst_first(seen(Grade.GOOD, Grade.BAD, Grade.WARN, Grade.GOOD, Grade.BAD))
    assert [each.name for each in order] == ["n1", "n4", "n2", "n0", "n3"]


@pytest.mark.parametrize(
    ("grades", "worst"),
    [
        ([], Grade.GOOD),
        ([Grade.GOOD], Grade.GOOD),
        ([Grade.GOOD, Grade.WARN], Grade.WARN),
        ([Grade.WARN, Grade.BAD, Grade.GOOD], Grade.BAD),
    ],
)
def test_the_whole_is_as_good_as_its_worst_part(grades: list[Grade], worst: Grade) -> None:
    assert rules.worst(grades) is worst


@pytest.mark.parametrize(
    ("fsync", "commit", "skew", "grade", "text"),
    [
        ("on", "on", 0.0, Grade.GOOD, "Postgres answers, writes safely, and its clock is right."),
        ("on", "local", -4.9, Grade.GOOD, "Postgres answers, writes safely, and its clock is right."),
        (
            "off",
            "on",
            0.0,
            Grade.BAD,
            "Postgres runs with fsync off: a power cut can lose an accepted alert.",
        ),
        (
            "off",
            "off",
            0.0,
            Grade.BAD,
            "Postgres runs with fsync and synchronous_commit off: a power cut can lose an accepted alert.",
        ),
        ("on", "on", -7.2, Grade.BAD, "The clocks of Postgres and of the web server are 7 s apart."),
    ],
)
def test_a_database_that_forgets_or_has_the_wrong_time(
    fsync: str, commit: str, skew: float, grade: Grade, text: str
) -> None:
    reading = readings.database(fsync, commit, skew=skew)
    assert (reading.grade, reading.text) == (grade, text)
    assert bool(reading.advice) is (grade is not Grade.GOOD)


@pytest.mark.parametrize(
    ("pagerd", "celery", "spare", "grade", "text"),
    [
        (Beats(2, 1), Beats(1, 1), True, Grade.GOOD, "At work: 2 pagers and 1 Celery worker."),
        (Beats(1, 1), Beats(1, 1), False, Grade.GOOD, "At work: 1 pager and 1 Celery worker."),
        (
            Beats(1, 1),
            Beats(1, 1),
            True,
            Grade.WARN,
            "Only one pager runs: nobody takes over at once when it dies.",
        ),
        (
            Beats(2, 1),
            GONE,
            True,
            Grade.WARN,
            "No Celery worker is at work. Pages still go out, up to a second later.",
        ),
        (GONE, Beats(4, 1), False, Grade.BAD, "The pager was last seen 7 min ago."),
        (NEVER, NEVER, False, Grade.BAD, "The pager has never run."),
    ],
)
def test_workers(pagerd: Beats, celery: Beats, spare: bool, grade: Grade, text: str) -> None:  # noqa: FBT001
    reading = readings.workers(pagerd, celery, spare_wanted=spare)
    assert (reading.grade, reading.text) == (grade, text)


@pytest.mark.parametrize(
    ("oldest", "grade", "text"),
    [
        ([], Grade.GOOD, "Nothing waits."),
        ([Waiting("E-mail", PAGE, 2.0)], Grade.GOOD, "Waiting: a page by e-mail for 2 s."),
        ([Waiting("E-mail", PAGE, 11.0)], Grade.WARN, "Waiting: a page by e-mail for 11 s."),
        (
            [Waiting("Webhook", OTHER, 11.0), Waiting("E-mail", PAGE, 12.0)],
            Grade.WARN,
            "Waiting: a page by e-mail for 12 s; a message by webhook for 11 s.",
        ),
        ([Waiting("E-mail", OTHER, 290.0)], Grade.GOOD, "Waiting: a message by e-mail for 5 min."),
        ([Waiting("E-mail", OTHER, 301.0)], Grade.WARN, "Waiting: a message by e-mail for 5 min."),
    ],
)
def test_the_queue(oldest: list[Waiting], grade: Grade, text: str) -> None:
    reading = readings.waiting(oldest)
    assert (reading.grade, reading.text) == (grade, text)


@pytest.mark.parametrize(
    ("seconds", "grade"), [(0.02, Grade.GOOD), (1.0, Grade.GOOD), (1.1, Grade.WARN), (10.5, Grade.BAD)]
)
def test_speed(seconds: float, grade: Grade) -> None:
    reading = readings.lag(Lag(1000, seconds))
    assert reading.grade is grade
    assert reading.text == f"99 % of the last 1,000 messages were begun within {seconds:.2f} s of their time."


def test_without_messages_there_is_no_speed() -> None:
    assert readings.lag(Lag(0, 0.0)).text == "No message was sent in the last hour."


def test_arrivals() -> None:
    assert readings.duplicates(Duplicates(0, 0)).grade is Grade.GOOD
    assert readings.duplicates(Duplicates(1, 0)).text == (
        "After one try of the last 24 h nobody knew whether the message had arrived. Arrived twice, perhaps: 0."
    )
    assert readings.duplicates(Duplicates(1200, 3)).text == (
        "After 1,200 tries of the last 24 h nobody knew whether the message had arrived."
        " Arrived twice, perhaps: 3."
    )


@pytest.mark.parametrize(("share", "grade"), [(0.5, Grade.GOOD), (0.1, Grade.GOOD), (0.099, Grade.BAD)])
def test_the_disk(share: float, grade: Grade) -> None:
    assert readings.disk(share).grade is grade


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (200000, "2 days")],
)
def test_a_time_of_waiting(seconds: float, words: str) -> None:
    assert rules.spell(seconds) == words
