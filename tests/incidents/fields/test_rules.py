"""Tags are written one way; what is entered into a field is what the field is for."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.fields import rules
from incidents.fields.rules import Spec, Unreadable


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("#Data Base", "data-base"),
        ("data_base", "data-base"),
        ("  EU-West-1 ", "eu-west-1"),
        ("Straße", "strasse"),
        ("v1.2:db", "v1.2:db"),
        ("<b>", "b"),
        ("***", ""),
        ("a" * 60, "a" * 40),
    ],
)
def test_a_tag_is_written_one_way(typed: str, kept: str) -> None:
    assert rules.tag(typed) == kept
    assert rules.tag(kept) == kept


def test_several_are_each_there_once_and_in_order() -> None:
    assert rules.tags(rules.parted("network, Data base;#data-base\n, ")) == ["data-base", "network"]


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", " gold ", "gold"),
        ("text", "   ", None),
        ("number", "2,50", "2.5"),
        ("number", 12, "12"),
        ("number", "0", "0"),
        ("number", "-3.000", "-3"),
        ("choice", "eu", "eu"),
        ("many", ["us", "eu"], ["eu", "us"]),
        ("many", [], None),
        ("date", "2026-11-22", "2026-11-22"),
        ("link", "https://example.com/a", "https://example.com/a"),
        ("user", "7", 7),
    ],
)
def test_what_fits_is_kept_as_it_is_meant(kind: str, given: Any, kept: Any) -> None:
    assert rules.read(Spec("x", "X", kind, ["eu", "us"]), given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("text", "x" * 2001),
        ("text", 5),
        ("text", "a\x00b"),
        ("number", "many"),
        ("number", "nan"),
        ("number", "1e40"),
        ("number", True),
        ("choice", "asia"),
        ("choice", ["eu"]),
        ("many", ["asia"]),
        ("many", "eu"),
        ("many", [["eu"]]),
        ("date", "22.11.2026"),
        ("link", "javascript:alert(1)"),
        ("link", "https://a b"),
        ("link", "https://"),
        ("user", "bob"),
        ("user", {}),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, given: Any) -> None:
    with pytest.raises(Unreadable):
        rules.read(Spec("x", "X", kind, ["eu", "us"]), given)


def test_people_are_written_by_name() -> None:
    assert rules.words(7, {7: "Bob"}) == "Bob"
    assert rules.words(8, {7: "Bob"}) == "somebody who left"
    assert rules.words(["eu", "us"], {}) == "eu, us"
    assert rules.words(None, {}) == ""
