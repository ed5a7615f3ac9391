from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.utils import timezone

from core.ui.moments import MomentField


@pytest.mark.parametrize(
    ("zone", "typed", "said"),
    [
        (
            "Europe/Berlin",
            "2027-03-28T02:30",
            "The clocks of Europe/Berlin are put forward then and leave out 02:30. Enter another time.",
        ),
        (
            "Europe/Berlin",
            "2027-10-31T02:30",
            "The clocks of Europe/Berlin are put back then and show 02:30 twice. Enter another time, or this one in"
            " UTC where the page offers that.",
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-04T02:15",
            "The clocks of Australia/Lord_Howe are put forward then and leave out 02:15. Enter another time.",
        ),
        ("Europe/Berlin", "tomorrow", "Enter a valid date/time."),
        ("Europe/Berlin", "9999-01-01T00:00", "This time is too far away."),
    ],
)
def test_what_no_clock_shows_once_is_refused_with_the_reason(zone: str, typed: str, said: str) -> None:
    with timezone.override(ZoneInfo(zone)), pytest.raises(forms.ValidationError) as refused:
        MomentField().clean(typed)
    assert refused.value.messages == [said]


def test_any_other_time_is_that_of_the_zone() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert MomentField().clean("2027-03-28T03:30") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
        assert MomentField(required=False).clean("") is None
