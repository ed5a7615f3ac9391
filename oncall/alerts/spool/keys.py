"""Which keys are good, on the disk: hashes alone, for the time in which Postgres cannot be asked."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from enum import StrEnum

import orjson
from django.conf import settings

from oncall.alerts.models import Integration
from oncall.alerts.spool import files

log = logging.getLogger(__name__)

NAME = "keys.json"
FRESH_SECONDS = 60.0
REFRESH_SECONDS = 20.0
LOOK_EVERY_SECONDS = 5.0
_looked_at = -LOOK_EVERY_SECONDS


class Verdict(StrEnum):
    """What a key is; unsure when it is not among keys that were written too long ago."""

    KNOWN = "known"
    OTHER_KIND = "other_kind"
    UNKNOWN = "unknown"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The kinds of the sources by the hashes of their keys, and how old that is in seconds."""

    kinds: dict[str, str] = field(default_factory=dict)
    age: float = float("inf")

    def judge(self, key_hash: str, *, kind: str) -> Verdict:
        """Say what a key is to a source of some kind. Only fresh knowledge calls a key unknown."""
        known = self.kinds.get(key_hash)
        if known is None:
            return Verdict.UNKNOWN if 0 <= self.age <= FRESH_SECONDS else Verdict.UNSURE
        return Verdict.KNOWN if known == kind else Verdict.OTHER_KIND


def load() -> Snapshot:
    """Read what was written last; empty and infinitely old when there is nothing to read."""
    try:
        stored = orjson.loads((settings.SPOOL_DIR / NAME).read_bytes())
        return Snapshot(dict(stored["keys"]), time.time() - float(stored["written_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Snapshot()


def write() -> None:
    """Write the keys of all sources that take signals, in place of what was written before."""
    at = time.time()
    kinds = dict(Integration.objects.filter(is_active=True).values_list("key_hash", "kind"))
    files.write_whole(settings.SPOOL_DIR / NAME, orjson.dumps({"written_at": at, "keys": kinds}))


def refresh() -> int:
    """Write the keys when nobody on this machine has done so for a while; gives 0, as nothing was due."""
    global _looked_at  # noqa: PLW0603
    now = time.monotonic()
    if now - _looked_at < LOOK_EVERY_SECONDS:
        return 0
    _looked_at = now
    if not 0 <= load().age < REFRESH_SECONDS:
        try:
            write()
        except OSError as error:
            log.warning("the keys of the sources cannot be kept for a time without Postgres: %s", error)
    return 0
