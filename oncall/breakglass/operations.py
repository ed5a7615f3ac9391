"""Page without Postgres: when it was out of reach for a while, straight from the snapshot, as seldom as can be.

It runs in `pagerd` beside everything else and asks nothing of it but the spool. What it did lies beside the signals,
and goes into their rows with them.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from django.conf import settings
from django.db import connection

from core.channels import registry as channels
from core.channels import secrets
from core.channels.registry import Content, Delivery, Permanent, Temporary, Unknown
from core.net.postgres import address
from oncall.alerts.spool import asked, files
from oncall.breakglass import queries, rules
from oncall.breakglass.rules import Page, Tried

if TYPE_CHECKING:
    from oncall.breakglass.queries import Snapshot

log = logging.getLogger(__name__)

WRITE_SECONDS = 60.0
LOOK_SECONDS = 1.0
ONCE_IN_SECONDS = 600.0
AGAIN_SECONDS = 30.0
"""When nobody could be reached, it is tried again so soon."""
SEND_SECONDS = 5.0
AT_ONCE = 8


def write() -> None:
    """Write down who is on call and how they are reached."""
    content = queries.sealed(queries.take(datetime.now(UTC)))
    files.folder("")
    files.write_whole(queries.path(), content)


def keep_writing(over: threading.Event) -> None:
    """Write it every minute, until the pager ends."""
    while settings.BREAK_GLASS:
        try:
            write()
        except Exception as error:  # Postgres may be away: what was written before stands
            log.warning("who is on call could not be written down for a time without Postgres: %s", error)
        finally:
            connection.close()
        if over.wait(min(WRITE_SECONDS, max(1.0, settings.BREAK_GLASS_AFTER_SECONDS))):
            return


class Lookout:
    """Whether Postgres answers, turn by turn; when it has not for long enough, people are paged without it."""

    def __init__(self) -> None:
        self._away_since: float | None = None

    def run(self, over: threading.Event) -> None:
        """Look until the pager ends."""
        while settings.BREAK_GLASS and not over.wait(LOOK_SECONDS):
            try:
                self.turn()
            except Exception:  # nothing may end the last way to reach somebody
                log.exception("break-glass failed")

    def turn(self) -> int:
        """Look once; give how many pages went out."""
        if _answers():
            self._away_since = None
            return 0
        now = time.monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        return page_waiting() if now - self._away_since >= settings.BREAK_GLASS_AFTER_SECONDS else 0


def _answers() -> bool:
    try:
        psycopg.connect(address(), connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def page_waiting() -> int:
    """Page for the signals that wait in the spool, each service at most once in ten minutes; give how many pages."""
    names = files.waiting()
    if not names:
        return 0
    snapshot = queries.load()
    if snapshot is None:
        log.critical("signals wait, Postgres is out of reach, and there is no snapshot to page from")
        return 0
    with files.alone() as is_alone:
        if not is_alone:
            return 0
        calls = rules.open_calls(queries.words(snapshot, names))
        pages = rules.pages(calls, snapshot.turns, at=datetime.now(UTC))
        due = [page for page in pages if asked.may_ask(page.subject, every_seconds=ONCE_IN_SECONDS)]
        for page in due:
            _page(page, snapshot)
        return len(due)


def _page(page: Page, snapshot: Snapshot) -> None:
    """Ask, and note it first: a crash in the middle must not page again and again."""
    asked.note_once(page.subject)
    at = datetime.now(UTC)
    tried = _ask(page, snapshot, at)
    if not any(one.reached for one in tried):
        log.critical("break-glass reached nobody for %s: %s", page.subject, [one.detail for one in tried])
        asked.note_once(page.subject, seconds_ago=ONCE_IN_SECONDS - AGAIN_SECONDS)
        return
    said = rules.words(tried)
    log.critical("paged by break-glass for %s: %s", page.subject, said)
    people = sorted({one.person_id for one in tried if one.reached})
    for call in page.calls:
        asked.note(
            call.name, {"at": at.isoformat(), "level": page.turn.level, "people": people, "words": said}
        )


def _ask(page: Page, snapshot: Snapshot, at: datetime) -> list[Tried]:
    ways = [
        (id_, snapshot.people[id_].name, send)
        for id_ in page.turn.people
        if id_ in snapshot.people
        for send in snapshot.people[id_].sends
    ]
    text = (
        f"{page.title}\n\nThis came by break-glass at {at:%H:%M} UTC: the database of Watchbill does not answer."
        " Who is on call is as it was known before. It cannot be acknowledged yet; once the database is back,"
        " the escalation goes on from here."
    )
    content = Content(f"Break-glass: {page.title}"[:200], text, url=settings.BASE_URL)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        sent = [
            threads.submit(_send, id_, name, send, content, key=f"glass-{page.calls[0].name[:40]}-{n}")
            for n, (id_, name, send) in enumerate(ways)
        ]
        return [future.result() for future in sent]


def _send(id_: int, name: str, send: rules.Send, content: Content, *, key: str) -> Tried:
    try:
        address, secret = secrets.unseal(send.address), secrets.unseal(send.secret)
        channels.get(send.channel).send(Delivery(key, address, secret, content, timeout=SEND_SECONDS))
    except Unknown as error:  # it may have arrived
        return Tried(id_, name, send.channel, reached=True, detail=str(error))
    except (Permanent, Temporary) as error:
        return Tried(id_, name, send.channel, reached=False, detail=str(error))
    except Exception as error:  # one way that fails must not stop the others
        log.exception("break-glass failed on %s", send.channel)
        return Tried(id_, name, send.channel, reached=False, detail=type(error).__name__)
    return Tried(id_, name, send.channel, reached=True)
