"""How long to wait after a failed try, when the next channel should be asked, and what a receipt changes."""

from __future__ import annotations

BACK_OFF_SECONDS = (1.0, 3.0, 7.0, 15.0, 30.0, 60.0)
JITTER = 0.2
LONGEST_WAIT_SECONDS = 3600.0
FALLBACK_AFTER_FAILURES = 2
FALLBACK_WHEN_WAITING_SECONDS = 5.0
MOST_UNKNOWN_OUTCOMES = 3
"""The try whose outcome is unknown for the third time is the last: at most three messages with one key."""
MOST_EDITS = 6
"""So many tries to change a message that was sent; the next change says it all anyway."""


def wait_seconds(failures: int, *, retry_after: float | None = None, chance: float = 0.5) -> float:
    """Seconds until the next try after so many failed ones; `chance` in [0, 1) spreads them by a fifth each
    way.
    """
    step = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS)) - 1]
    spread = step * (1 + JITTER * (2 * chance - 1))
    return min(max(spread, retry_after or 0.0), LONGEST_WAIT_SECONDS)


def wants_fallback(failures: int, *, waiting: float) -> bool:
    """Whether the next channel should be asked already: two tries failed, or the other side said to wait
    long.
    """
    return failures >= FALLBACK_AFTER_FAILURES or waiting > FALLBACK_WHEN_WAITING_SECONDS


def takes_receipt(state: str, *, delivered: bool, attempts: int) -> bool:
    """Whether a provider's word about a message changes anything.

    That it arrived is news until it is known, even while a try without an answer is repeated: the repeat is
    spared. That it failed counts only for the try that was taken.
    """
    if delivered:
        return attempts > 0 and state in {
            "pending",
            "sending",
            "accepted",
            "no_receipt",
            "unknown",
            "expired",
        }
    return state in {"sending", "accepted"}
