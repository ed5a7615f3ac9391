"""Who has a page open: in Redis for as long as their browser says so, in no table.

A seat is one open stream. It is taken and given up by the process that holds the stream, and it is kept by the browser,
which shows what was signed for it: one that is gone without a word has given its seat up by its silence.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import redis
from django.conf import settings
from django.core import signing

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

PREFIX = "watchbill:here:"
SECONDS = 25
"""A seat lasts so long; `static/here.js` keeps it every ten."""
GRACE_SECONDS = 5
"""Who loads the page again is not gone in between."""
MOST_NAMED = 20
REST_SECONDS = 10.0
LONGEST_SEAT = 4000
SALT = "core.live.presence"

SIT = """
redis.call('ZADD', KEYS[1], ARGV[3], redis.call('TIME')[1] + ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], 60)
return 1
"""
KEEP = """
local now = redis.call('TIME')[1]
local until_when = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not until_when or tonumber(until_when) <= tonumber(now) then return 0 end
redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], 60)
return 1
"""
READ = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', redis.call('TIME')[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is there, as far as an avatar needs to know."""

    pk: int
    name: str
    initials: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Here:
    """How many people are there, and who, the first names of the alphabet first."""

    people: tuple[Person, ...] = ()

    @property
    def number(self) -> int:
        """How many people, however many pages each has open."""
        return len(self.people)

    @property
    def named(self) -> tuple[Person, ...]:
        """Those who are named on a screen."""
        return self.people[:MOST_NAMED]

    @property
    def unnamed(self) -> int:
        """How many more there are."""
        return max(0, self.number - MOST_NAMED)

    def told(self, topic: str) -> str:
        """Give what a page is told of them."""
        named = [{"id": one.pk, "name": one.name, "initials": one.initials} for one in self.named]
        return orjson.dumps({"topic": topic, "number": self.number, "people": named}).decode()


def seat(name: str, person: Person) -> bytes:
    """Give what is kept of one stream."""
    return orjson.dumps([name, person.pk, person.name, person.initials])


def gathered(seats: Iterable[bytes]) -> Here:
    """Give the people who sit there, each once."""
    rows = [orjson.loads(each) for each in seats]
    people = {pk: Person(pk, name, initials) for _, pk, name, initials in rows}
    return Here(tuple(sorted(people.values(), key=lambda one: (one.name.casefold(), one.pk))))


def signed(topic: str, kept: bytes) -> str:
    """Give what the browser keeps its seat with."""
    return signing.dumps([topic, kept.decode()], salt=SALT)


def keep(ticket: str) -> bool:
    """Keep the seat for a while longer; False where nobody sits there any more, and the stream has to be opened again.

    It cannot be taken this way: what the process gave up, because the session ended or the right was lost, stays so.
    """
    try:
        topic, kept = signing.loads(ticket[:LONGEST_SEAT], salt=SALT, max_age=3700)
    except signing.BadSignature:
        return False
    try:
        return bool(_redis().eval(KEEP, 1, PREFIX + topic, SECONDS, kept))
    except (redis.RedisError, OSError):
        return True  # without Redis there are no seats, and to open the stream again would bring none


class Reader:
    """Reads who is there; while Redis does not answer, nobody waits for it again and again."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def here(self, topic: str) -> Here:
        """Give who is there now; nobody where Redis cannot say."""
        if not settings.REDIS_URL or time.monotonic() < self._rests_until:
            return Here()
        try:
            seats: Any = _redis().eval(READ, 1, PREFIX + topic)
        except (redis.RedisError, OSError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            log.warning("who is here is not known without Redis: %s", error)
            return Here()
        return gathered(seats)


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.2, socket_timeout=0.3)


here = Reader().here
