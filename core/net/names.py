"""Names to addresses, in bounded time: a name server that does not answer must not hold up a sender."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from ipaddress import ip_address


class NoSuchName(Exception):
    """The name has no address, or no name server answered in time."""


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """Every address a name has, each once; numbers are given back as they are. Raise NoSuchName."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass
    question = _threads().submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        answers = question.result(timeout)
    except TimeoutError as error:
        raise NoSuchName("no name server answered in time") from error
    except (OSError, UnicodeError) as error:
        raise NoSuchName("the host name has no address") from error
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="names")


os.register_at_fork(after_in_child=_threads.cache_clear)
