from __future__ import annotations

from datetime import UTC, datetime

import pytest

from oncall.calendars import rules
from oncall.calendars.rules import Known, Person, Shift, Source, Use
from oncall.schedules.rules import resolver

ANA, BEN, BEN_TOO = 1, 2, 3
KNOWN = Known.of(
    [
        Person(ANA, "ana@example.com", "Ana Example"),
        Person(BEN, "ben@example.com", "Ben Example"),
        Person(BEN_TOO, "ben@example.org", "Ben Other"),
    ]
)


def at(hour: int, day: int = 1) -> datetime:
    return datetime(2026, 12, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("title", "invited", "organizer", "users", "why"),
    [
        ("Ana@Example.com", [], "", (ANA,), ""),
        ("On call: ana@example.com, ben@example.org", [], "", (ANA, BEN_TOO), ""),
        ("ana@example.com, zoe@example.com", [], "", (ANA,), "nobody here has zoe@example.com"),
        ("ana", [], "", (ANA,), ""),
        ("[L1] Ana", [], "", (ANA,), ""),
        ("Ana  Example: Payments", [], "", (ANA,), ""),
        ("Ben Example and Ana Example", [], "", (BEN, ANA), ""),
        ("Ana Example - nights", [], "", (ANA,), ""),
        ("ben", [], "", (), "several people here are called ben"),
        ("Banana Example", ["ben@example.com"], "ana@example.com", (BEN,), ""),
        ("On call", ["zoe@example.com"], "ana@example.com", (), "nobody here has zoe@example.com"),
        ("On call", [], "ana@example.com", (ANA,), ""),
        ("", [], "", (), "neither its title nor its guests name anybody who is here"),
    ],
)
def test_whom_an_event_means(
    title: str, invited: list[str], organizer: str, users: tuple[int, ...], why: str
) -> None:
    assert rules.meant(title, invited, organizer, KNOWN) == rules.Meant(users, why)


def test_shifts_of_one_person_that_overlap_are_one() -> None:
    shifts = [Shift(ANA, at(8), at(12)), Shift(ANA, at(10), at(14)), Shift(ANA, at(14), at(16))]
    assert rules.united([*shifts, Shift(BEN, at(9), at(10))]) == [
        Shift(ANA, at(8), at(14)),
        Shift(ANA, at(14), at(16)),
        Shift(BEN, at(9), at(10)),
    ]


class TestWhatBecomesOfStoredShifts:
    def test_what_is_the_same_stays(self) -> None:
        stored = [(7, Shift(ANA, at(8), at(12))), (8, Shift(BEN, at(14), at(16)))]
        assert not rules.revised(stored, [shift for _, shift in stored], at(10))

    def test_what_runs_ends_when_it_says_by_now_and_began_when_it_did(self) -> None:
        stored = [(7, Shift(ANA, at(8), at(12)))]
        found = rules.revised(stored, [Shift(ANA, at(6), at(13))], at(10))
        assert (found.ends, found.dropped, found.new) == ({7: at(13)}, [], [])

    def test_what_runs_and_is_gone_ends_now(self) -> None:
        found = rules.revised([(7, Shift(ANA, at(8), at(12)))], [], at(10))
        assert (found.ends, found.dropped, found.new) == ({7: at(10)}, [], [])

    def test_what_has_begun_and_is_new_counts_from_now(self) -> None:
        found = rules.revised([], [Shift(ANA, at(8), at(12)), Shift(BEN, at(1), at(2))], at(10))
        assert (found.ends, found.dropped, found.new) == ({}, [], [Shift(ANA, at(10), at(12))])

    def test_what_is_to_come_is_dropped_and_written_anew(self) -> None:
        stored = [(7, Shift(ANA, at(11), at(12)))]
        found = rules.revised(stored, [Shift(ANA, at(11), at(13))], at(10))
        assert (found.ends, found.dropped, found.new) == ({}, [7], [Shift(ANA, at(11), at(13))])

    def test_who_takes_over_a_shift_that_runs_has_it_from_now(self) -> None:
        found = rules.revised([(7, Shift(ANA, at(8), at(12)))], [Shift(BEN, at(8), at(12))], at(10))
        assert (found.ends, found.new) == ({7: at(10)}, [Shift(BEN, at(10), at(12))])


def final(use: Use, *shifts: Shift) -> list[tuple[int, int, tuple[int, ...], str]]:
    source = Source(5, "Roster", use, 100, at(6), None)
    layers = [source.layer] if use is Use.SHIFTS else []
    found = resolver.final(layers, rules.exceptions(source, shifts), at(0), at(23))
    return [(piece.start.hour, piece.end.hour, piece.users, piece.reason) for piece in found]


def test_whoever_has_it_at_once_is_on_call_together_and_the_calendar_is_the_reason() -> None:
    shifts = (Shift(ANA, at(8), at(12)), Shift(BEN, at(10), at(14)))
    said = 'calendar "Roster" until 2026-12-01 {} UTC'
    assert final(Use.SHIFTS, *shifts) == [
        (0, 6, (), "no layer covers this time"),
        (6, 8, (), 'calendar "Roster" names nobody at this time'),
        (8, 10, (ANA,), said.format("10:00")),
        (10, 12, (ANA, BEN), said.format("12:00")),
        (12, 14, (BEN,), said.format("14:00")),
        (14, 23, (), 'calendar "Roster" names nobody at this time'),
    ]
    assert final(Use.OVERRIDES, *shifts)[1:3] == [
        (8, 10, (ANA,), said.format("10:00")),
        (10, 12, (ANA, BEN), said.format("12:00")),
    ]
