"""Whether what is published can be read: what the canary of the status page came to."""

from __future__ import annotations

from core.watch import trials
from core.watch.rules import Grade, Reading
from statuspage.components.models import StatusPage

KIND = "status page"
WORDS = trials.Words(
    "test notice",
    "The status page",
    "to its readers",
    "See that the workers run and that the web process answers at WEB_URL; write to customers another way meanwhile.",
)


def is_wanted() -> bool:
    """Say whether there is a page to publish on."""
    return StatusPage.objects.exists()


def waiting() -> list[int]:
    """Give the test notices that were published and not read yet."""
    return trials.open_slots(KIND)


def look() -> Reading:
    """Whether an update that is published now would be read."""
    found = trials.lately(KIND)
    if not found and not is_wanted():
        return Reading(grade=Grade.GOOD, text="There is no status page to publish on.")
    return trials.judge(found, WORDS, comes_back=True)
