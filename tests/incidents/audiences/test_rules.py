from __future__ import annotations

import pytest

from incidents.audiences import rules
from incidents.audiences.rules import Kind, Recipient


@pytest.mark.parametrize(
    ("first", "no_news", "over", "kind"),
    [
        (True, False, False, Kind.FIRST),
        (False, False, False, Kind.LATER),
        (False, True, False, Kind.NO_NEWS),
        (True, True, False, Kind.FIRST),
        (True, False, True, Kind.OVER),
        (False, False, True, Kind.OVER),
    ],
)
def test_an_update_is_of_one_kind(kind: Kind, *, first: bool, no_news: bool, over: bool) -> None:
    assert rules.kind_of(is_first=first, no_news=no_news, is_over=over) is kind


def person(n: int, *lists: str, known: bool = True) -> Recipient:
    address = f"p{n}@example.com"
    return Recipient(f"mail:{address}", address, "email", address, lists, user_id=n if known else None)


def test_whoever_is_on_two_lists_is_told_once_and_known_as_a_person() -> None:
    found = rules.united([person(1, "Customers", known=False), person(2, "Support"), person(1, "Support")])
    assert [(each.user_id, each.lists) for each in found] == [
        (1, ("Customers", "Support")),
        (2, ("Support",)),
    ]


@pytest.mark.parametrize(
    ("people", "rooms", "named", "words"),
    [
        (14, 2, "", "Tell 14 people and 2 channels"),
        (1, 0, "Support", "Tell Support: 1 person"),
        (0, 1, "", "Tell 1 channel"),
        (0, 0, "Support", "Publish, nobody is told"),
    ],
)
def test_the_button_says_who_is_told(people: int, rooms: int, named: str, words: str) -> None:
    found = [person(n) for n in range(people)]
    found += [Recipient(f"room:{n}", "#x", "slack", "C1", (), room_id=n) for n in range(rooms)]
    assert rules.button(found, named=named) == words
