"""What is drawn once for everybody who sees it alike, and kept for the seconds in which they ask for it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

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

    def several(
        self, wanted: Mapping[Hashable, Callable[[], str | None]], *, holds: Callable[[], bool] = lambda: True
    ) -> dict[Hashable, str | None]:
        """Give the texts of keys, each drawn by its function unless it lies here; None for what is not there.

        Nothing is kept of what is too long or not there, and nothing that was drawn here where the keys hold no more
        once all of it was drawn.
        """
        found = {key: self._find(key) for key in wanted}
        mine = {key: drawing for key, (drawing, is_mine) in found.items() if is_mine}
        try:
            texts = {key: wanted[key]() for key in mine}
            if mine and holds():
                for key, drawing in mine.items():
                    text = texts[key]
                    drawing.text = text if text is not None and len(text) <= LONGEST else None
        finally:
            for key, drawing in mine.items():
                self._keep(key, drawing)
                drawing.done.set()
        until = time.monotonic() + PATIENCE_SECONDS
        for key, (drawing, is_mine) in found.items():
            if not is_mine:
                drawing.done.wait(max(0.0, until - time.monotonic()))
                texts[key] = wanted[key]() if drawing.text is None else drawing.text
        return texts

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
