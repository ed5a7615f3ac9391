"""Named places where a fault test can stop the product; WATCHBILL_FAILPOINTS arms them.

`name:die` ends the process as `kill -9` does, each time; `name:die-once` only in the first process that comes
by, which leaves its pid in `<data dir>/failpoints/<name>`; `name:raise` raises; `name:on` is for `is_on`.
"""

import os
import signal
from functools import lru_cache

from django.conf import settings


class Struck(Exception):
    """A failpoint was told to raise."""


def hit(name: str) -> None:
    """Pass a failpoint."""
    if action := _armed().get(name):
        _act(name, action)


def is_on(name: str) -> bool:
    """Whether a switch of the fault tests is thrown."""
    return _armed().get(name) == "on"


@lru_cache(maxsize=1)
def _armed() -> dict[str, str]:
    return dict(word.split(":", 1) for word in settings.FAILPOINTS.split(",") if ":" in word)


def _act(name: str, action: str) -> None:
    if action == "raise":
        raise Struck(name)
    if action == "die" or (action == "die-once" and _is_first(name)):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_first(name: str) -> bool:
    folder = settings.DATA_DIR / "failpoints"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        marker = (folder / name).open("x")
    except FileExistsError:
        return False
    with marker:
        marker.write(str(os.getpid()))
    return True
