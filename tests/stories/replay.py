"""A story told again through the HTTP API, while its clocks stand still or go where the story goes.

A story is played once, in a transaction that is taken back, and gives what was seen on the way; each of its clauses is a
test of its own over that.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar

import time_machine
from django.db import connection, transaction
from django.db.models import Min

from core.events import bus
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.escalation import operations as escalation
from oncall.escalation.models import Escalation
from tests import cast
from tests.fastclock import stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from pytest_django.plugin import DjangoDbBlocker
    from rest_framework.test import APIClient

    from core.accounts.models import User

T = TypeVar("T")
ROOT = "/api/v1/"


class Replay:
    """What a story does: it goes to a moment of its day, and its people call the API."""

    def __init__(self, day: date, traveller: time_machine.Traveller, go: Callable[[datetime], None]) -> None:
        self.day = day
        self._traveller, self._go = traveller, go
        self._callers: dict[int, APIClient] = {}

    def moment(self, clock: str) -> datetime:
        """A time of the story's day in UTC, as `14:29` or `14:29:30`."""
        return datetime.combine(self.day, time.fromisoformat(clock), UTC)

    def at(self, clock: str) -> None:
        """Let it be that time: whatever is due on the way happens when it is due."""
        target = self.moment(clock)
        while (due := self._next()) is not None and due <= target:
            self._turn(max(due, datetime.now(UTC)))
            self._settle()
        self._turn(target)
        self._settle()

    def after(self, clock: str) -> None:
        """The same, when nothing has run for a long time: all workers were away until then."""
        self._turn(self.moment(clock))
        self._settle()

    def _next(self) -> datetime | None:
        waiting = Timer.objects.filter(done_at=None, cancelled_at=None, due_at__gt=datetime.now(UTC))
        asked = Escalation.objects.filter(next_at__gt=datetime.now(UTC))
        found = [
            rows.aggregate(first=Min(field))["first"]
            for rows, field in ((waiting, "due_at"), (asked, "next_at"))
        ]
        return min((each for each in found if each), default=None)

    def _turn(self, to: datetime) -> None:
        self._traveller.move_to(to)
        self._go(to)

    def _settle(self) -> None:
        """Let everything happen that others would do now: hear what was said, look at clocks, ask people."""
        while bus.deliver_due() or timers.run_due() or escalation.advance_due():
            pass

    def _call(self, verb: str, who: User, path: str, body: dict[str, Any]) -> Any:
        if who.pk not in self._callers:
            self._callers[who.pk] = cast.caller(who, scopes=["read", "write", "page", "admin"])
        caller = self._callers[who.pk]
        answer = getattr(caller, verb)(ROOT + path, body, **({} if verb == "get" else {"format": "json"}))
        self._settle()
        return answer

    def get(self, who: User, path: str, **asked: Any) -> Any:
        """What somebody reads."""
        answer = self._call("get", who, path, asked)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def post(self, who: User, path: str, **body: Any) -> Any:
        """What somebody does, which has to be answered with success."""
        answer = self._call("post", who, path, body)
        assert answer.status_code in {200, 201, 204}, answer.content
        return answer.json() if answer.content else None

    def refused(self, who: User, path: str, **body: Any) -> tuple[int, str]:
        """What somebody may not do: the status and all words of the refusal."""
        answer = self._call("post", who, path, body)
        assert answer.status_code >= 400, answer.content
        return answer.status_code, answer.content.decode()

    def refused_to_read(self, who: User, path: str) -> int:
        """What somebody may not read: the status of the refusal."""
        answer = self._call("get", who, path, {})
        assert answer.status_code >= 400, answer.content
        return int(answer.status_code)

    def patch(self, who: User, path: str, **body: Any) -> Any:
        """What somebody changes."""
        answer = self._call("patch", who, path, body)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def clock(self, stamp: str | None) -> str:
        """The time of day of an answer's moment, or nothing where it has none."""
        return f"{datetime.fromisoformat(stamp).astimezone(UTC):%H:%M}" if stamp else ""


def played(blocker: DjangoDbBlocker, day: date, begin: str, play: Callable[[Replay], T]) -> T:
    """Play a story from that time of its day on; give what it saw. Nothing of it stays in the database."""
    with blocker.unblock(), transaction.atomic():
        go = stop(connection)
        at = datetime.combine(day, time.fromisoformat(begin), UTC)
        with time_machine.travel(at, tick=False) as traveller:
            go(at)
            seen = play(Replay(day, traveller, go))
        transaction.set_rollback(True)
    return seen
