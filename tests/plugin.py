"""The servers of a test run: `pytest` needs nothing set up.

Loaded by `-p tests.plugin`, before pytest-django reads the settings. Without a DATABASE_URL it starts a private
Postgres and Redis, stopped at the end; workers of pytest-xdist inherit their addresses and make a database each.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from core.stack.embedded import Postgres, Redis
from tests import databases, loopback

FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


def prepare() -> None:
    """Give the run its own settings, whatever the shell or a running `manage.py up` say, and its own servers."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in (
        "DEBUG",
        "WATCHBILL_PRODUCTION",
        "EMAIL_URL",
        "MAIL_REPLY_DOMAIN",
        "TWILIO_ACCOUNT_SID",
        "SMS_GATEWAY_URL",
        "VOICE_GATEWAY_URL",
        "ALLOWED_HOSTS",
        "WATCHBILL_FAILPOINTS",
        "WATCHBILL_PORT",
    ):
        os.environ.pop(name, None)
    os.environ.update(
        {
            databases.FOLDER: str(folder),
            "WATCHBILL_DATA_DIR": str(folder),
            "SECRET_KEY": "a-key-that-only-the-tests-use-0123456789-abcdefghij",
            "BASE_URL": "http://127.0.0.1:8000",
            "EMAIL_FROM": "Watchbill <watchbill@example.com>",
            "PRIVATE_TARGETS": "127.0.0.0/8",
            "PAGES_PER_NIGHT": "0",  # what is paged must not depend on the hour
            "VAPID_PRIVATE_KEY": "RNmoFFrxVQWyGB1SkTGsHJpSqlBYUUiWP6SU7dTpAjU",
        }
    )
    if "DATABASE_URL" not in os.environ:
        postgres = Postgres(folder, may_create_databases=True, settings=FAST)
        postgres.start()
        atexit.register(postgres.stop)
        os.environ["DATABASE_URL"] = postgres.url
    else:
        atexit.register(databases.forget)
    if "REDIS_URL" not in os.environ:
        redis = Redis(folder)
        redis.start()
        atexit.register(redis.stop)
        os.environ["REDIS_URL"] = redis.url


loopback.guard()


def step_aside(worker: str) -> None:
    """Give a worker of pytest-xdist (gw0, gw1 ...) a Redis database of its own, so that keys do not meet."""
    url = urlsplit(os.environ["REDIS_URL"])
    os.environ["REDIS_URL"] = url._replace(path=f"/{int(worker[2:]) + 1}").geturl()


if "PYTEST_XDIST_WORKER" in os.environ:
    step_aside(os.environ["PYTEST_XDIST_WORKER"])
else:
    prepare()
