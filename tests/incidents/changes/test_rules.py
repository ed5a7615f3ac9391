from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.changes import rules

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "minutes", "suspect"),
    [
        ("deploy", 12, True),
        ("deploy", 0, True),
        ("deploy", 15, True),
        ("deploy", 16, False),
        ("deploy", -1, False),
        ("flag", 3, True),
        ("config", 3, True),
        ("infrastructure", 3, False),
    ],
)
def test_what_was_made_shortly_before_and_can_be_taken_back_is_suspect(
    kind: str, minutes: int, *, suspect: bool
) -> None:
    at = AT - timedelta(minutes=minutes)
    assert rules.suspect(kind, at=at, begun=AT, within=timedelta(minutes=15)) is suspect
