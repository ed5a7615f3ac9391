from __future__ import annotations

import pytest

from core.search.rules import LONGEST, MOST, Query, excerpt, marked, parse, tokens


@pytest.mark.parametrize(
    ("typed", "words", "operators"),
    [
        ("", (), {}),
        ("  pool   exhausted ", ("pool", "exhausted"), {}),
        ("is:open sev:1 pool", ("pool",), {"is": "open", "sev": "1"}),
        ('service:"Check out" latency', ("latency",), {"service": "Check out"}),
        ("IS:Open Sev:SEV1", (), {"is": "open", "sev": "SEV1"}),
        ('"connection storm"', ("connection storm",), {}),
        ("https://grafana/d/1 db:9", ("https://grafana/d/1", "db:9"), {}),
        ("sev:1 sev:2", (), {"sev": "2"}),
        ("before:2026-11-01 after:2026-10-01", (), {"before": "2026-11-01", "after": "2026-10-01"}),
    ],
)
def test_words_and_operators_are_told_apart(
    typed: str, words: tuple[str, ...], operators: dict[str, str]
) -> None:
    found = parse(typed)
    assert (found.words, dict(found.operators), found.wrong) == (words, operators, ())
    assert found.is_empty is not bool(words or operators)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("is:banana", "is: wants open or over."),
        ("before:yesterday", "before: wants a date, as 2026-11-01."),
        ("after:2026-02-30", "after: wants a date, as 2026-11-01."),
        ("after:20261101", "after: wants a date, as 2026-11-01."),
        ('sev:""', "sev: wants a severity, as 1 or SEV1."),
    ],
)
def test_an_operator_that_means_nothing_is_said_and_does_not_count(typed: str, said: str) -> None:
    found = parse(f"pool {typed}")
    assert found.wrong == (said,)
    assert (found.words, dict(found.operators)) == (("pool",), {})


def test_too_much_is_cut() -> None:
    assert len(parse("x " * 500).words) == MOST
    assert len(parse("y" * 999).text) == LONGEST
    assert parse("a\x00b").words == ("a", "b")


def test_days_are_read() -> None:
    found = parse("after:2026-10-01")
    assert str(found.day("after")) == "2026-10-01"
    assert found.day("before") is None
    assert Query().is_empty


def test_tokens_are_letters_and_digits() -> None:
    assert tokens("Connection-Pool!") == ["connection", "pool"]
    assert tokens("größe' & | :*") == ["größe"]
    assert tokens("--") == []


def test_what_was_looked_for_is_marked_and_nothing_is_lost() -> None:
    text = "Pool exhausted: spooler <b>pools</b>"
    parts = marked(text, ["pool"])
    assert "".join(part for part, _ in parts) == text
    assert [part for part, is_wanted in parts if is_wanted] == ["Pool", "pool"]
    assert marked("", ["pool"]) == []
    assert marked("calm", []) == [("calm", False)]


def test_an_excerpt_is_around_the_first_word_that_is_found() -> None:
    long = "a " * 200 + "then the pool was exhausted " + "b " * 200
    found = excerpt(["nothing here", long], ["pool"])
    assert "the pool was exhausted" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) <= 142
    assert excerpt(["pool"], ["pool"]) == "pool"
    assert excerpt(["whirlpool"], ["pool"]) == ""
