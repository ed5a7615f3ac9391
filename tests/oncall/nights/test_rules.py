from __future__ import annotations

from datetime import UTC, datetime

import pytest

from oncall.nights import rules
from oncall.nights.rules import Case, Night

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-03-11T01:47", "2026-03-10T16:00", "2026-03-11T08:00"),  # a Wednesday, 02:47 in Berlin
        ("2026-03-10T16:00", "2026-03-10T16:00", "2026-03-11T08:00"),  # it begins at 17:00 sharp
        ("2026-03-13T22:00", "2026-03-13T16:00", "2026-03-14T08:00"),  # Friday's ends on Saturday morning
        ("2026-03-14T12:00", "2026-03-14T08:00", "2026-03-15T08:00"),  # and Saturday is one of its own
        ("2026-03-16T02:00", "2026-03-15T08:00", "2026-03-16T08:00"),  # Sunday's ends on Monday morning
        ("2026-03-29T03:00", "2026-03-28T08:00", "2026-03-29T07:00"),  # the night that is an hour shorter
        ("2026-10-25T03:00", "2026-10-24T07:00", "2026-10-25T08:00"),  # and the one that is an hour longer
    ],
)
def test_a_night_ends_in_the_morning_by_the_persons_clocks(at: str, start: str, end: str) -> None:
    night = rules.night_of(utc(at), zone=BERLIN)
    assert night is not None
    assert (night.start, night.end) == (utc(start), utc(end))


@pytest.mark.parametrize("at", ["2026-03-11T08:00", "2026-03-11T15:59"])
def test_working_hours_are_no_night(at: str) -> None:
    assert rules.night_of(utc(at), zone=BERLIN) is None


def test_a_zone_that_means_nothing_counts_as_utc() -> None:
    night = rules.night_of(utc("2026-03-11T01:47"), zone="Nowhere/At all")
    assert night is not None
    assert night.end == utc("2026-03-11T09:00")


NIGHT = rules.night_of(utc("2026-03-11T04:05"), zone=BERLIN)
ALICE, BOB, CAROL = 1, 2, 3
OVER = "over Alice's limit of 3 pages this night"


@pytest.mark.parametrize(
    ("case", "ids", "later", "over", "verdict"),
    [
        (Case(limit=3, is_low=False), [ALICE], [BOB], {ALICE}, ("passed_over", f"Not asked: {OVER}.")),
        (Case(limit=3, is_low=False), [ALICE, BOB], [], {ALICE}, ("passed_over", f"Not asked: {OVER}.")),
        (
            Case(limit=3, is_low=False),
            [ALICE],
            [BOB],
            {ALICE, BOB},
            ("went_through", f"It goes through although it is {OVER}: nobody else is left to be asked."),
        ),
        (
            Case(limit=3, is_low=False, worst="SEV1"),
            [ALICE],
            [BOB],
            {ALICE},
            ("went_through", f"It goes through although it is {OVER}: SEV1 always does."),
        ),
        (
            Case(limit=3, is_low=False, pass_=1),
            [ALICE],
            [BOB],
            {ALICE},
            ("went_through", f"It goes through although it is {OVER}: those who are within theirs did"),
        ),
        (
            Case(limit=3, is_low=True),
            [ALICE],
            [BOB],
            {ALICE},
            ("waits", f"Waits until Wednesday 09:00 CET: {OVER}."),
        ),
    ],
)
def test_what_becomes_of_a_page_over_the_limit(
    case: Case, ids: list[int], later: list[int], over: set[int], verdict: tuple[str, str]
) -> None:
    def night(id_: int) -> Night | None:
        return NIGHT if id_ in over else None

    found = rules.judge(case, ids, over=night, name=lambda _: "Alice", later=lambda: later)
    assert found.keys() == {ALICE}
    assert found[ALICE].over == verdict[0]
    assert found[ALICE].why.startswith(verdict[1])


def test_within_the_limit_nothing_is_asked_of_the_others() -> None:
    def later() -> list[int]:
        raise AssertionError

    case = Case(limit=3, is_low=False)
    assert rules.judge(case, [ALICE], over=lambda _: None, name=str, later=later) == {}
