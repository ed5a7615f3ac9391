"""What is drawn once for everybody who sees it alike, and kept for the seconds in which they ask for it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

SECONDS = 15.0
"""By then whoever heard of a change has asked; later ones are told to ask for what is newer."""
MOST = 2000
MOST_BYTES = 32_000_000
LONGEST = 500_000
PATIENCE_SECONDS = 5.0


@dataclass(slots=True)
class _Drawing:
    begun: float
    done: threading.Event = field(default_factory=threading.Event)
    text: str | None = None


class Shelf:
    """Texts by what makes them differ. Threads that want the same wait for the one that draws it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawings: OrderedDict[Hashable, _Drawing] = OrderedDict()

    def get(self, key: Hashable, draw: Callable[[], str], *, holds: Callable[[], bool] = lambda: True) -> str:
        """Give the text of a key, drawn by `draw` unless it lies here. What fails is drawn again by the next.

        So is what is too long, and where the key holds no more once it was drawn.
        """
        drawing, is_mine = self._find(key)
        if not is_mine:
            drawing.done.wait(PATIENCE_SECONDS)
            return draw() if drawing.text is None else drawing.text
        try:
            text = draw()
            if len(text) <= LONGEST and holds():
                drawing.text = text
        finally:
            self._keep(key, drawing)
            drawing.done.set()
        return text

    def forget(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._drawings.clear()

    def _keep(self, key: Hashable, drawing: _Drawing) -> None:
        with self._lock:
            if drawing.text is None:
                self._drawings.pop(key, None)
            while sum(len(each.text or "") for each in self._drawings.values()) > MOST_BYTES:
                self._drawings.popitem(last=False)

    def _find(self, key: Hashable) -> tuple[_Drawing, bool]:
        now = time.monotonic()
        with self._lock:
            while self._drawings and (
                len(self._drawings) > MOST or now - next(iter(self._drawings.values())).begun > SECONDS
            ):
                self._drawings.popitem(last=False)
            found = self._drawings.get(key)
            if found is not None:
                return found, False
            made = self._drawings[key] = _Drawing(now)
            return made, True


shelf = Shelf()
