"""Wait for what another process or thread does."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.05
_never = threading.Event()


def until(
    holds: Callable[[], object], *, seconds: float = 20, what: str | Callable[[], str] = "what is waited for"
) -> None:
    """Look again and again until it holds; AssertionError, with `what`, when it does not in time."""
    over_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > over_at:
            raise AssertionError(f"{what if isinstance(what, str) else what()}: not within {seconds} s")
        pass_by()


def pass_by(seconds: float = LOOK_EVERY_SECONDS) -> None:
    """Let so much time pass, where time itself is what is tested or nothing tells of the end."""
    _never.wait(max(0.0, seconds))
