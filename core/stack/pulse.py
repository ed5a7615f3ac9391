"""Whether a worker of this kind on this host drained lately, for a container's health check.

`python -m core.stack.pulse pagerd` ends with 0 when it did within the last minute, else with 1.
"""

import os
import socket
import sys

import psycopg
from django.conf import settings

FRESH_SECONDS = 60


def beats(kind: str, *, host: str) -> bool:
    """Whether a worker of `kind` on `host` left a sign of life within the last minute."""
    with psycopg.connect(settings.DATABASE_URL, connect_timeout=3) as connection:
        found = connection.execute(
            "select exists (select from outbox_workerbeat where kind = %s and starts_with(name, %s)"
            " and drained_at > now() - make_interval(secs => %s))",
            [kind, f"{kind} {host[:40]} ", FRESH_SECONDS],
        ).fetchone()
    return found == (True,)


def main(kind: str) -> int:
    """The exit code."""
    try:
        return 0 if beats(kind, host=socket.gethostname()) else 1
    except psycopg.Error as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.exit(main(sys.argv[1]))
