"""The processes of the product and how each is started, for `up` and for tests that run the real thing."""

import os
import sys
from pathlib import Path

from core.stack.supervise import Program

BASE_DIR = Path(__file__).resolve().parents[2]
_PYTHON = [sys.executable, "-m"]
_CELERY = [*_PYTHON, "celery", "--quiet", "-A", "config"]
_QUEUES = "pages,bulk,housekeeping"


def environment(addresses: dict[str, str]) -> dict[str, str]:
    """Our own environment with the addresses of this run in it."""
    quiet = {
        "PYTHONUNBUFFERED": "1",
        # Celery warns about root in eight lines at every start; on a machine of one's own that is no news.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    return {**os.environ, **quiet, **addresses}


def web(port: int, *, workers: int = 1) -> Program:
    """The pages, the API, the ingest and the live streams on 127.0.0.1:`port`."""
    return Program(
        "web",
        [
            *_PYTHON,
            "uvicorn",
            "config.asgi:application",
            "--host=127.0.0.1",
            f"--port={port}",
            "--log-level=warning",
            "--no-access-log",
            "--no-server-header",
            "--no-proxy-headers",
            "--timeout-graceful-shutdown=3",
            *([f"--workers={workers}"] if workers > 1 else []),
        ],
    )


def worker(name: str = "worker") -> Program:
    """A Celery worker for every queue."""
    return Program(
        name,
        [
            *_CELERY,
            "worker",
            "--loglevel=warning",
            f"--queues={_QUEUES}",
            "--concurrency=2",
            "--without-gossip",
            "--without-mingle",
            f"--hostname={name}@%h",
        ],
    )


def beat(folder: Path) -> Program:
    """The one that pokes; it keeps its little file in `folder`."""
    schedule = f"--schedule={folder / 'beat-schedule'}"
    return Program("beat", [*_CELERY, "beat", "--loglevel=warning", "--pidfile=", schedule])


def pagerd(name: str = "pagerd") -> Program:
    """The pager beside Celery."""
    return Program(name, [sys.executable, "manage.py", "pagerd"])


def mailin() -> Program:
    """The one that takes answers by mail."""
    return Program("mailin", [sys.executable, "manage.py", "mailin"])


def mailbox(port: int, folder: Path) -> Program:
    """The mail server of a run without one."""
    return Program("mail", [*_PYTHON, "core.stack.mailbox", str(port), str(folder)])
