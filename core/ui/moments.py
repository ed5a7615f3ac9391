"""Times that people enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

FIRST, LAST = 1970, 2199


def near(value: date) -> None:
    """Refuse a day that nobody means: moved into another zone, the first and the last of all are no days any more."""
    if not FIRST <= value.year <= LAST:
        raise forms.ValidationError("This time is too far away.")


class MomentField(forms.DateTimeField):
    """A moment that somebody can mean."""

    default_validators = [near]

    def to_python(self, value: Any) -> datetime | None:
        """Read it in the zone of the page; say why where its clocks show that time never, or twice."""
        try:
            return super().to_python(value)
        except forms.ValidationError as refused:
            if refused.code != "ambiguous_timezone" or not refused.params:
                raise
            raise forms.ValidationError(_unclear(**refused.params)) from None


def _unclear(*, datetime: datetime, current_timezone: ZoneInfo) -> str:
    before, after = (datetime.replace(tzinfo=current_timezone, fold=fold).utcoffset() for fold in (0, 1))
    if before and after and before > after:
        return (
            f"The clocks of {current_timezone} are put back then and show {datetime:%H:%M} twice. Enter another time, or"
            " this one in UTC where the page offers that."
        )
    return f"The clocks of {current_timezone} are put forward then and leave out {datetime:%H:%M}. Enter another time."
