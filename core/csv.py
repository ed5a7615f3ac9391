"""Tables for spreadsheets: no cell of them is a formula, whoever wrote what stands in it."""

from __future__ import annotations

import csv
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from django.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins, in full width too; what follows leading blanks counts as well."""


def cell(value: object) -> str:
    """Write a value so that no spreadsheet takes it for a formula: a name or a title may be anything."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float | Decimal | Fraction):
        return text
    is_formula = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if is_formula else text


def row(values: Sequence[object]) -> list[str]:
    """Write a line."""
    return [cell(value) for value in values]


def answer(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Answer with a table, as a file of this name."""
    made = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    csv.writer(made).writerows(row(values) for values in rows)
    return made
