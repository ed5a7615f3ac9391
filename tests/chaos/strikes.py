"""When a fault strikes: each of these gives what `Product.survive` asks over and over, until it says that it is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def every(seconds: float, times: int, act: Callable[[], object]) -> Callable[[], bool]:
    """Strike again and again; over after so many times."""
    state = {"left": times, "next": time.monotonic() + seconds / 2}

    def strike() -> bool:
        if state["left"] and time.monotonic() > state["next"]:
            act()
            state["left"] -= 1
            state["next"] = time.monotonic() + seconds
        return not state["left"]

    return strike


def once(
    after: float, begin: Callable[[], object], lasting: float, end: Callable[[], object]
) -> Callable[[], bool]:
    """Strike `after` seconds, once, and heal so many seconds later."""
    waits = [(after, begin), (lasting, end)]
    due = time.monotonic() + after

    def strike() -> bool:
        nonlocal due
        if waits and time.monotonic() > due:
            waits.pop(0)[1]()
            due = time.monotonic() + (waits[0][0] if waits else 0)
        return not waits

    return strike
