from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from oncall.escalation.rules import plans, rehearsal, steps, targets
from oncall.escalation.rules.plans import Kind, LevelSpec, Plan, TargetSpec, Turn
from oncall.escalation.rules.steps import Position
from oncall.escalation.rules.targets import Answer
from oncall.matching.rules import Facts

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
PLAIN = Facts(urgency="high")


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def plan(*timeouts: int, repeat: int = 1) -> Plan:
    levels = tuple(
        LevelSpec(timeout * 60, (TargetSpec(Kind.USER, n, f"Person {n}"),))
        for n, timeout in enumerate(timeouts, 1)
    )
    return Plan("Engineering", repeat, levels)


ENGINEERING = plan(10, 10, 15, repeat=2)


def run(chosen: Plan) -> list[tuple[float, int | None]]:
    """Every asking of a plan that nobody answers: minutes from the start, and the level (None: gives up)."""
    asked: list[tuple[float, int | None]] = []
    position, due = Position(), START
    while True:
        step = steps.decide(chosen, position, due=due, now=due, facts=PLAIN)
        asked.append(((due - START).total_seconds() / 60, step.ask.level + 1 if step.ask else None))
        if step.next_at is None:
            return asked
        position, due = step.next, step.next_at


def test_two_passes_ask_at_0_10_20_35_45_55_and_give_up_at_70() -> None:
    assert run(ENGINEERING) == [(0, 1), (10, 2), (20, 3), (35, 1), (45, 2), (55, 3), (70, None)]


def test_three_passes_give_up_at_105() -> None:
    assert run(plan(10, 10, 15, repeat=3))[-4:] == [(70, 1), (80, 2), (90, 3), (105, None)]


def simulated(chosen: Plan, *, unreachable: int = 0) -> list[tuple[float, int | None, list[int]]]:
    """What `run` says of a plan that nobody answers: minutes from the start, the level, and whom it asks."""
    askings = rehearsal.run(
        chosen,
        start=START,
        answers=lambda _: {t: Answer((t.id,)) for level in chosen.levels for t in level.targets},
        waits=lambda user_id, _: False if user_id == unreachable else None,
        facts=PLAIN,
    )
    return [
        (
            (asking.at - START).total_seconds() / 60,
            asking.position.level + 1 if asking.position else None,
            asking.found.ids,
        )
        for asking in askings
    ]


def test_a_simulated_run_asks_at_the_same_times() -> None:
    assert [(at, level) for at, level, _ in simulated(ENGINEERING)] == run(ENGINEERING)
    assert simulated(ENGINEERING)[:3] == [(0, 1, [1]), (10, 2, [2]), (20, 3, [3])]


def test_a_simulated_run_does_not_wait_for_who_cannot_be_reached() -> None:
    assert [at for at, *_ in simulated(plan(10, 10, 15), unreachable=1)] == [0, 0, 10, 25]
    assert simulated(plan()) == [(0, None, [])]


@pytest.mark.parametrize(
    ("reason", "position", "via", "said"),
    [
        ("", (0, 0), "", "Level 1 of Engineering"),
        ("", (1, 2), "on call in Primary", "Level 3 of Engineering, pass 2 of 2: on call in Primary"),
        ("Bob pages you", (1, 0), "", "Bob pages you, pass 2 of 2"),
    ],
)
def test_why_somebody_is_asked(reason: str, position: tuple[int, int], via: str, said: str) -> None:
    assert steps.why(replace(ENGINEERING, reason=reason), Position(*position), via) == said


@pytest.mark.parametrize("first", [5, 15])
def test_the_first_level_may_be_waited_for_shorter_or_longer(first: int) -> None:
    assert run(plan(first, 10)) == [(0, 1), (first, 2), (first + 10, None)]


@pytest.mark.parametrize(
    ("timeouts", "repeat", "seconds", "offsets"),
    [
        ((10, 10, 15), 2, 4200, [0, 600, 1200]),
        ((10, 10, 15), 1, 2100, [0, 600, 1200]),
        ((5,), 3, 900, [0]),
        ((), 1, 0, []),
    ],
)
def test_how_long_a_plan_takes(
    timeouts: tuple[int, ...], repeat: int, seconds: int, offsets: list[int]
) -> None:
    assert plans.give_up_seconds(plan(*timeouts, repeat=repeat)) == seconds
    assert plans.offsets(plan(*timeouts, repeat=repeat)) == offsets


@pytest.mark.parametrize(
    ("position", "due", "now", "asks", "next_", "next_at", "late", "skipped"),
    [
        # on time
        ((0, 0), 0, 0, (0, 0), (0, 1), 10, 0, []),
        # two seconds late: the next one is due as if it had been on time
        ((0, 0), 0, 1 / 30, (0, 0), (0, 1), 10, 1 / 30, []),
        # nine minutes late, still in its own time
        ((0, 0), 0, 9, (0, 0), (0, 1), 10, 9, []),
        # exactly when the second is due: the first one's time is over
        ((0, 0), 0, 10, (0, 1), (0, 2), 20, 0, [(0, 0)]),
        # after an outage of 25 minutes only the third is asked, five minutes late
        ((0, 0), 0, 25, (0, 2), (1, 0), 35, 5, [(0, 0), (0, 1)]),
        # across passes
        ((0, 1), 10, 47, (1, 1), (1, 2), 55, 2, [(0, 1), (0, 2), (1, 0)]),
        # everything is over: the last one is asked and gets its whole time
        ((0, 0), 0, 600, (1, 2), (2, 0), 615, 545, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]),
        ((1, 2), 55, 600, (1, 2), (2, 0), 615, 545, []),
        # all were asked: it gives up, however late
        ((2, 0), 70, 600, None, (2, 0), None, 530, []),
    ],
)
def test_what_is_asked(
    position: tuple[int, int],
    due: float,
    now: float,
    asks: tuple[int, int] | None,
    next_: tuple[int, int],
    next_at: float | None,
    late: float,
    skipped: list[tuple[int, int]],
) -> None:
    step = steps.decide(ENGINEERING, Position(*position), due=minutes(due), now=minutes(now), facts=PLAIN)
    assert step.ask == (Position(*asks) if asks else None)
    assert step.next == Position(*next_)
    assert step.next_at == (None if next_at is None else minutes(next_at))
    assert step.late == timedelta(minutes=late)
    assert step.skipped == tuple(Position(*each) for each in skipped)


def test_short_levels_are_caught_up_one_by_one_while_the_lateness_is_no_outage() -> None:
    quick = Plan("Quick", 1, tuple(LevelSpec(2) for _ in range(5)))
    step = steps.decide(quick, Position(), due=START, now=START + timedelta(seconds=9), facts=PLAIN)
    assert (step.ask, step.next_at) == (Position(0, 0), START + timedelta(seconds=2))
    assert step.skipped == ()


def test_a_plan_without_levels_gives_up_at_once() -> None:
    assert steps.decide(plan(), Position(), due=START, now=START, facts=PLAIN).ask is None


@pytest.mark.parametrize(
    ("position", "before", "after"),
    [
        ((0, 0), None, (0, 1)),
        ((0, 1), (0, 0), (0, 2)),
        ((0, 2), (0, 1), (1, 0)),
        ((1, 0), (0, 2), (1, 1)),
        ((2, 0), (1, 2), (2, 1)),
    ],
)
def test_the_neighbours_of_a_position(
    position: tuple[int, int], before: tuple[int, int] | None, after: tuple[int, int]
) -> None:
    assert steps.before(ENGINEERING, Position(*position)) == (Position(*before) if before else None)
    assert steps.after(ENGINEERING, Position(*position)) == Position(*after)


@pytest.mark.parametrize(
    ("position", "last_due", "now", "resumes", "at"),
    [
        ((0, 1), 0, 1, (0, 1), 10),  # a slip of the thumb after a minute: nothing has changed
        ((0, 1), 0, 9.9, (0, 1), 10),
        ((0, 1), 0, 10, (0, 0), 10),  # its time is over: from the top, at once
        ((1, 0), 20, 30, (1, 0), 35),
        ((2, 0), 55, 600, (0, 0), 600),
        ((0, 0), None, 3, (0, 0), 3),
    ],
)
def test_where_it_goes_on_when_somebody_gives_it_back(
    position: tuple[int, int], last_due: float | None, now: float, resumes: tuple[int, int], at: float
) -> None:
    last = None if last_due is None else minutes(last_due)
    found = steps.resume(ENGINEERING, Position(*position), last_due=last, now=minutes(now))
    assert found == (Position(*resumes), minutes(at))


def test_a_plan_comes_back_from_its_stored_form_as_it_was() -> None:
    level = LevelSpec(
        600,
        (
            TargetSpec(Kind.SCHEDULE, 7, "Payments primary"),
            TargetSpec(Kind.SCHEDULE, 7, "Payments primary", Turn.NEXT),
            TargetSpec(Kind.TEAM, 2, "Payments"),
            TargetSpec(Kind.USER, 3, "Ada"),
        ),
    )
    full = Plan("Engineering", 2, (level, LevelSpec(900)), "The policy Payments has no level", 1800)
    assert plans.from_json(plans.to_json(full)) == full


def test_a_plan_of_an_earlier_release_asks_who_has_the_schedule_now() -> None:
    stored = {"timeout": 60, "targets": [{"kind": "schedule", "id": 7, "name": "Primary"}]}
    found = plans.from_json({"name": "Old", "repeat": 1, "levels": [stored]})
    assert found.levels == (LevelSpec(60, (TargetSpec(Kind.SCHEDULE, 7, "Primary", Turn.NOW),)),)
    assert found.ack_timeout_seconds is None


PRIMARY = TargetSpec(Kind.SCHEDULE, 7, "Primary")
NEXT = TargetSpec(Kind.SCHEDULE, 7, "Primary", Turn.NEXT)
TEAM = TargetSpec(Kind.TEAM, 2, "Payments")
ADA = TargetSpec(Kind.USER, 3, "Ada")


def test_a_level_asks_each_person_once_and_says_which_targets_are_nobody() -> None:
    answers = {
        PRIMARY: Answer((1,), "on call in Primary"),
        NEXT: Answer(reason="Nobody is next"),
        TEAM: Answer((1, 2), "in the team Payments"),
        ADA: Answer((3,)),
    }
    found = targets.asks(LevelSpec(60, (PRIMARY, NEXT, TEAM, ADA)), answers)
    assert found.people == ((1, "on call in Primary"), (2, "in the team Payments"), (3, ""))
    assert (found.nobody, found.ids) == (("Nobody is next",), [1, 2, 3])
    assert targets.asks(LevelSpec(60), {}).nobody == ("It has no target",)


CAROL = TargetSpec(Kind.USER, 4, "Carol")
ANSWERS = {
    PRIMARY: Answer((1,), "on call in Primary"),
    NEXT: Answer(reason="Nobody is next"),
    ADA: Answer((3,)),
    CAROL: Answer((4,), reason="The account of Carol is closed"),
}


@pytest.mark.parametrize(
    ("turn", "pass_", "asked", "nobody"),
    [
        (0, 0, ((1, "on call in Primary, by turns"),), ()),
        (1, 0, ((3, "by turns"),), ("Nobody is next",)),
        (2, 0, ((3, "by turns"),), ()),
        (3, 0, ((1, "on call in Primary, by turns"),), ("The account of Carol is closed",)),
        (4, 0, ((1, "on call in Primary, by turns"),), ()),
        # the second pass asks the one after
        (0, 2, ((3, "by turns"),), ()),
        (None, 0, ((1, "on call in Primary, by turns"),), ()),
    ],
)
def test_a_round_robin_asks_one_and_passes_over_those_who_are_nobody(
    turn: int | None, pass_: int, asked: tuple[tuple[int, str], ...], nobody: tuple[str, ...]
) -> None:
    level = LevelSpec(60, (PRIMARY, NEXT, ADA, CAROL), round_robin=True, turn=turn)
    found = targets.asks(level, ANSWERS, pass_=pass_)
    assert (found.people, found.nobody) == (asked, nobody)


def test_a_round_robin_of_nobodies_asks_nobody() -> None:
    level = LevelSpec(60, (NEXT, CAROL), round_robin=True, turn=7)
    assert targets.asks(level, ANSWERS).nobody == ("The account of Carol is closed", "Nobody is next")
    assert targets.asks(LevelSpec(60, round_robin=True), {}).nobody == ("It has no target",)


def test_a_plan_awaits_the_turns_it_was_not_given_and_keeps_those_it_was() -> None:
    robin = LevelSpec(60, (PRIMARY, ADA), round_robin=True)
    full = Plan("Engineering", 2, (robin, LevelSpec(60, (ADA,)), robin))
    assert plans.awaits_turns(full) == [0, 2]
    drawn = plans.with_turns(full, {0: 41})
    assert (plans.awaits_turns(drawn), drawn.levels[0].turn) == ([2], 41)
    assert plans.from_json(plans.to_json(drawn)) == drawn


@pytest.mark.parametrize(
    ("position", "found"),
    [
        ((0, 0), ((0, 0), (3,))),
        ((0, 1), ((0, 2), (1,))),
        ((1, 0), ((1, 0), (1,))),
        ((1, 1), ((1, 2), (3,))),
        ((2, 0), None),
    ],
)
def test_who_follows_in_a_plan(
    position: tuple[int, int], found: tuple[tuple[int, int], tuple[int, ...]] | None
) -> None:
    robin = LevelSpec(60, (PRIMARY, ADA), round_robin=True)
    full = Plan("Engineering", 2, (replace(robin, turn=1), LevelSpec(60, (NEXT,)), replace(robin, turn=0)))
    expected = (Position(*found[0]), found[1]) if found else None
    assert targets.following(full, Position(*position), ANSWERS, facts=PLAIN, at=START) == expected


@pytest.mark.parametrize(
    ("target", "label"),
    [
        (PRIMARY, "Primary"),
        (NEXT, "Next in Primary"),
        (TargetSpec(Kind.SCHEDULE, 7, "Primary", Turn.PREVIOUS), "Previous in Primary"),
        (TEAM, "Everybody in Payments"),
        (ADA, "Ada"),
    ],
)
def test_a_target_in_words(target: TargetSpec, label: str) -> None:
    assert target.label == label


def test_the_last_resort_is_one_pass_and_says_why() -> None:
    found = plans.as_last_resort(ENGINEERING, asked="Payments")
    assert (found.repeat, found.levels) == (1, ENGINEERING.levels)
    assert found.reason == "Last resort, because nobody of Payments answered"
    assert plans.as_last_resort(ENGINEERING, asked="").reason == "Last resort: nobody answered"


@pytest.mark.parametrize(
    "broken", [{}, {"name": "x", "repeat": "many", "levels": []}, {"name": "x", "repeat": 1, "levels": [{}]}]
)
def test_what_is_no_plan_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        plans.from_json(broken)


@pytest.mark.parametrize(
    ("people", "total", "goal", "said"),
    [
        ([[1], [2]], 600, None, []),
        ([], 0, None, ["There is no level: every admin is asked instead."]),
        ([[1], []], 600, None, ["Level 2 asks nobody right now; the next level is asked at once."]),
        ([[1], [1]], 600, None, ["Every level asks the same person right now."]),
        ([[1]], 600, None, []),
        ([[1, 2], [1, 2]], 600, None, []),
        ([[1], [2]], 4200, 900, ["It takes longer than the most urgent severity allows."]),
    ],
)
def test_what_is_doubtful_about_a_policy(
    people: list[list[int]], total: int, goal: int | None, said: list[str]
) -> None:
    assert rehearsal.warnings(people, gives_up_after=total, goal=goal) == said
