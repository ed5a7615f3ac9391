"""What happens when a deadline of some kind has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.timers.models import Timer

Handler = Callable[["Timer"], None]

_handlers: dict[str, Handler] = {}


def on(kind: str) -> Callable[[Handler], Handler]:
    """Run the function at every deadline of this kind, inside the transaction that marks it done."""

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def handler(kind: str) -> Handler | None:
    """The function for a kind, None when there is none."""
    return _handlers.get(kind)
