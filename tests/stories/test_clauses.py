"""Each clause of a story has its test, and each test its clause."""

from __future__ import annotations

import pytest

from tests.stories import clauses

ALL = [(story, letter) for story, (_, found) in clauses.STORIES.items() for letter in found]


@pytest.mark.parametrize(("story", "letter"), ALL)
def test_each_clause_has_its_test(story: str, letter: str) -> None:
    assert clauses.proofs(story, letter)


def test_each_story_that_is_told_lists_its_clauses() -> None:
    told = {path.stem.removeprefix("test_").upper() for path in clauses.HERE.glob("test_j*.py")}
    assert told == set(clauses.STORIES)


@pytest.mark.parametrize("story", clauses.STORIES)
def test_each_test_of_a_story_proves_a_clause(story: str) -> None:
    listed = {name for letter in clauses.STORIES[story][1] for name in clauses.proofs(story, letter)}
    assert listed == set(clauses.tests(story))


def test_the_table_is_the_one_of_these_clauses() -> None:
    assert clauses.README.read_text() == clauses.table()
