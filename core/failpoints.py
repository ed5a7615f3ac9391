"""Named places where a fault test can stop the product; WATCHBILL_FAILPOINTS arms them.

`name:die` ends the process as `kill -9` does, each time; `name:die-3` only in the first three processes that come
by (`die-once`: the first), each of which leaves its pid in `<data dir>/failpoints/<name>.<n>`; `name:raise` raises;
`name:on` is for `is_on`.
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
    word, _, times = action.partition("-")
    if word == "die" and (not times or _is_among_first(name, 1 if times == "once" else int(times))):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_among_first(name: str, times: int) -> bool:
    folder = settings.DATA_DIR / "failpoints"
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(1, times + 1):
        try:
            marker = (folder / f"{name}.{n}").open("x")
        except FileExistsError:
            continue
        with marker:
            marker.write(str(os.getpid()))
        return True
    return False
