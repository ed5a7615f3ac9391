"""Whether this install can do its work, asked cheaply and without Redis."""

from dataclasses import dataclass

from django.db import Error, connection

PAGER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class State:
    """A verdict and one word or sentence for it."""

    ok: bool
    text: str


def ready() -> State:
    """Whether Postgres answers."""
    return _one("select true", fine="ok", bad="no answer")


def pager() -> State:
    """Whether some `pagerd` finished a whole round of its work within the last 10 s."""
    return _one(
        "select coalesce(max(drained_at) > now() - make_interval(secs => %s), false)"
        " from outbox_workerbeat where kind = 'pagerd'",
        PAGER_SECONDS,
        fine="ok",
        bad=f"no pager finished a round within the last {PAGER_SECONDS} s",
    )


def _one(sql: str, *arguments: int, fine: str, bad: str) -> State:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            (ok,) = cursor.fetchone() or (False,)
    except Error:
        return State(ok=False, text="database unreachable")
    return State(ok=True, text=fine) if ok else State(ok=False, text=bad)
