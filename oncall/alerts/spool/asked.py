"""Who was asked already about a signal that still lies in the spool, and when a service was last asked that way."""

from __future__ import annotations

import time
from typing import Any

import orjson
from django.conf import settings

from oncall.alerts.spool import files

FOLDER = "asked"
ONCE = "once-"


def note(name: str, value: dict[str, Any]) -> None:
    """Note beside a signal that waits who was asked about it. Raise OSError when it cannot be written."""
    files.write_whole(files.folder(FOLDER) / name, orjson.dumps(value))


def of(name: str) -> dict[str, Any] | None:
    """Give who was asked about a signal, None for nobody."""
    try:
        found: dict[str, Any] = orjson.loads((settings.SPOOL_DIR / FOLDER / name).read_bytes())
    except (OSError, ValueError):
        return None
    return found


def forget(name: str) -> None:
    """Forget it, because the signal is a row by now."""
    (settings.SPOOL_DIR / FOLDER / name).unlink(missing_ok=True)


def may_ask(subject: str, *, every_seconds: float) -> bool:
    """Say whether nobody was asked about a subject, "service-7", for so long; call it with the spool's lock held."""
    last = of(ONCE + subject)
    return last is None or not 0 <= time.time() - float(last.get("at", 0)) < every_seconds


def note_once(subject: str, *, seconds_ago: float = 0) -> None:
    """Note that a subject is asked about now, or was so long ago. Raise OSError when it cannot be written."""
    note(ONCE + subject, {"at": time.time() - seconds_ago})
