from __future__ import annotations

import csv as standard
import io
from decimal import Decimal
from typing import Any

import pytest

from core import csv


@pytest.mark.parametrize("value", ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1+1", "\uff1d1"])
def test_what_begins_as_a_formula_is_text(value: str) -> None:
    assert csv.cell(value) == f"'{value}"


@pytest.mark.parametrize(
    ("value", "text"), [("a=b", "a=b"), (None, ""), (-3, "-3"), (Decimal("-0.50"), "-0.50"), ("", "")]
)
def test_what_is_none_is_left_as_it_is(value: Any, text: str) -> None:
    assert csv.cell(value) == text


def test_a_table_is_a_file_of_its_name() -> None:
    answer = csv.answer("load.csv", [["person", 'say "hi", =1'], ["=cmd()", -1]])
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="load.csv"'
    rows = list(standard.reader(io.StringIO(answer.content.decode())))
    assert rows == [["person", 'say "hi", =1'], ["'=cmd()", "-1"]]
