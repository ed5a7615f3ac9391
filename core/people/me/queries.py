from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from core.people.me import rules

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser in which a person is signed in."""

    key: str
    name: str
    address: str | None
    began_at: datetime
    seen_at: datetime
    here: bool


def browsers(user: User, *, here: str) -> list[Browser]:
    """Give the browsers in which a person is signed in, the one with the session `here` first."""
    rows = user.sessions.filter(expire_date__gt=timezone.now()).order_by("-seen_at", "pk")
    found = [
        Browser(
            row.session_key,
            rules.name_of_browser(row.agent),
            row.address,
            row.created_at,
            row.seen_at,
            row.session_key == here,
        )
        for row in rows
    ]
    return sorted(found, key=lambda browser: not browser.here)
