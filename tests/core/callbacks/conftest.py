from __future__ import annotations

import pytest
from django.test import Client

from core.callbacks import replies
from core.callbacks.replies import Reply, Result


@pytest.fixture
def web() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Reply]:
    """Replies that were handed over; to all of them the answer is "<you>"."""
    found: list[Reply] = []

    def listener(reply: Reply) -> Result:
        found.append(reply)
        return Result("<you>", done=True)

    monkeypatch.setattr(replies, "_listeners", [listener])
    return found
