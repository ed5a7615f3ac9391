"""Whether a worker works again after a while in which it could not: much may have come that nobody has read."""

from __future__ import annotations

from dataclasses import dataclass

AWAY_SECONDS = 10.0
"""A worker that has not looked for so long was away."""
READS_FIRST_SECONDS = 30.0
"""For so long after that it is patient; then it asks whatever is unread."""


@dataclass(slots=True)
class Waking:
    """When a worker looked last, and since when it works again; in seconds of a clock that only goes on."""

    looked_at: float = float("-inf")
    woke_at: float = float("-inf")

    def is_recent(self, now: float) -> bool:
        """Say whether it works again only since lately; to be asked at each look."""
        if now - self.looked_at > AWAY_SECONDS:
            self.woke_at = now
        self.looked_at = now
        return now - self.woke_at < READS_FIRST_SECONDS
