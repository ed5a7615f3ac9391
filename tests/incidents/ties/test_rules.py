"""What may be part of what, and how a tie reads from both ends."""

from __future__ import annotations

import pytest

from incidents.ties import rules
from incidents.ties.rules import Kind


@pytest.mark.parametrize(
    ("above", "below", "wrong"),
    [
        ([5], 0, ""),
        ([5, 4], 0, ""),
        ([5], 1, ""),
        ([5, 4, 3], 0, "deep"),
        ([5, 4], 1, "deep"),
        ([5], 2, "deep"),
        ([7], 0, "cycle"),
        ([5, 7], 0, "cycle"),
    ],
)
def test_parts_go_three_deep_and_in_no_circle(above: list[int], below: int, wrong: str) -> None:
    assert rules.misfit(7, above, below=below) == wrong


def test_each_kind_reads_from_both_ends() -> None:
    assert set(rules.WORDS) == set(rules.SENTENCES) == set(Kind)
    assert rules.words("caused_by") == "Caused by"
    assert rules.words("caused_by", back=True) == "Caused"
    assert rules.sentence("merged", back=True, ended=True) == "No longer: another incident was merged into it"
    assert rules.sentence("part", back=False, ended=False) == "Part of another incident"
