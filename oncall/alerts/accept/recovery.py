"""Whether signals go to the spool, and the way back: this process drains it itself, no pager has to be there."""

from __future__ import annotations

import asyncio
import logging

from django.db import DatabaseError, connection

from oncall.alerts.accept import draining
from oncall.alerts.spool import files, keys

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.25
_is_away = False


def is_needed() -> bool:
    """Whether Postgres was away a moment ago, or any signal in the spool still waits to become a row."""
    return _is_away or files.is_waiting()


def begin(why: str) -> None:
    """Remember that Postgres could not take a signal; the spool takes them until it is drained."""
    global _is_away  # noqa: PLW0603
    if not _is_away:
        log.warning("signals go to the spool, because Postgres cannot take them: %s", why)
    _is_away = True


async def watch() -> None:
    """Keep the keys on the disk fresh, and drain the spool whenever there is something in it; never ends."""
    while True:
        await asyncio.to_thread(look)
        await asyncio.sleep(LOOK_AGAIN_SECONDS if is_needed() else LOOK_EVERY_SECONDS)


def look() -> None:
    """Do once what `watch` does again and again."""
    global _is_away  # noqa: PLW0603
    try:
        keys.refresh()
        while draining.drain_due():
            pass
    except DatabaseError as error:
        log.debug("the spool cannot be drained yet: %s", error)
    except Exception:  # nothing may end the watch
        log.exception("the spool could not be looked after")
    else:
        if _is_away and not files.is_waiting():
            log.warning("signals go to Postgres again")
            _is_away = False
    finally:
        connection.close()
