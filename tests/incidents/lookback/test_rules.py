from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from incidents.lookback.rules import Asked, Facts, Kind, Remark, late_help, remarks, without_command

BEGIN = datetime(2025, 11, 15, 14, 30, tzinfo=UTC)
CALM = Facts(
    declared_at=BEGIN,
    identified_at=BEGIN + timedelta(minutes=140),
    ended_at=BEGIN + timedelta(minutes=180),
    asked=(),
    unheard=0,
    silent=0,
    late_updates=0,
    ends=1,
    commanded=[(BEGIN, None)],
)


def after(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def asked(*minutes: float) -> Facts:
    return replace(CALM, asked=[Asked(f"number {place}", after(at)) for place, at in enumerate(minutes, 1)])


def test_a_calm_response_has_nothing_to_talk_about() -> None:
    assert remarks(CALM) == []


def test_help_that_came_an_hour_in_and_found_it_at_once_came_late() -> None:
    assert late_help(asked(135)) == Remark(
        Kind.HELP_CAME_LATE, lasted=timedelta(minutes=135), name="number 1", then=timedelta(minutes=5)
    )


@pytest.mark.parametrize(
    ("minutes", "late"), [(59.9, False), (124.9, False), (125, True), (140, True), (140.1, False)]
)
def test_help_is_late_from_an_hour_on_if_it_was_identified_within_a_quarter(
    minutes: float,
    late: bool,  # noqa: FBT001
) -> None:
    assert (late_help(asked(minutes)) is not None) is late


def test_an_hour_is_late_already() -> None:
    soon = replace(asked(60), identified_at=after(70))
    assert late_help(soon) is not None
    assert late_help(replace(asked(59.9), identified_at=after(70))) is None


def test_of_two_who_were_asked_the_first_is_named() -> None:
    found = late_help(asked(136, 130))
    assert found is not None
    assert found.name == "number 2"


def test_what_was_never_identified_found_nobody_late() -> None:
    assert late_help(replace(asked(135), identified_at=None)) is None


@pytest.mark.parametrize(
    ("stretches", "minutes"),
    [
        ([(0, None)], 0),
        ([], 180),
        ([(10, None)], 10),
        ([(0, 20), (32, None)], 12),
        ([(32, None), (0, 20)], 12),
        ([(0, 100), (90, 170)], 10),
        ([(0, 100), (20, 50)], 80),
        ([(0, 400)], 0),
        ([(200, None)], 180),
    ],
)
def test_time_without_a_commander_is_added_up(stretches: list[tuple[int, int | None]], minutes: int) -> None:
    held = [(after(begin), None if end is None else after(end)) for begin, end in stretches]
    assert without_command(replace(CALM, commanded=held)) == timedelta(minutes=minutes)


def test_five_minutes_without_a_commander_are_worth_a_talk_and_four_are_a_hand_over() -> None:
    def led(until: float) -> list[Remark]:
        return remarks(replace(CALM, commanded=[(BEGIN, after(10)), (after(10 + until), None)]))

    assert led(4.9) == []
    assert led(5) == [Remark(Kind.NOBODY_COMMANDED, lasted=timedelta(minutes=5))]


def test_everything_at_once_comes_in_its_order() -> None:
    worst = replace(asked(135), unheard=4, silent=2, late_updates=3, ends=3, commanded=[])
    assert [(each.kind, each.count) for each in remarks(worst)] == [
        (Kind.HELP_CAME_LATE, 0),
        (Kind.NO_PROGRESS, 4),
        (Kind.NOBODY_COMMANDED, 0),
        (Kind.COMMANDER_SILENT, 2),
        (Kind.UPDATES_LATE, 3),
        (Kind.ENDED_TOO_EARLY, 3),
    ]


def test_to_resolve_once_is_what_is_to_be() -> None:
    assert remarks(replace(CALM, ends=1)) == []
