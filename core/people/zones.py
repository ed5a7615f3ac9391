"""Time zones to choose from."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms

if TYPE_CHECKING:
    from core.accounts.models import User


@cache
def names() -> tuple[str, ...]:
    """Give the zones of places, and UTC."""
    return (
        "UTC",
        *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")),
    )


def of(user: User) -> ZoneInfo:
    """Give the zone that a person lives in."""
    return ZoneInfo(user.time_zone if user.time_zone in available_timezones() else "UTC")


class ZoneField(forms.ChoiceField):
    """A zone by name. `data-browser-zone` lets a script preselect the browser's own."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(name, name.replace("_", " ")) for name in names()]
        super().__init__(**{"label": "Time zone", "choices": choices, **kwargs})
