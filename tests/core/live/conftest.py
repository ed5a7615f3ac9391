from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.live import registry, views

if TYPE_CHECKING:
    from core.accounts.models import User


@pytest.fixture(autouse=True)
def topics(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Topics of these tests: anybody hears `news`, and of `room-…` who is named in the set as `room-…:e-mail`."""
    members: set[str] = set()

    def in_room(user: User, rest: str) -> bool:
        return f"room-{rest}:{user.email}" in members

    monkeypatch.setattr(registry, "_allowed", {"news": registry.anybody, "room": in_room})
    monkeypatch.setattr(views, "CHECK_SECONDS", 0.4)
    return members
