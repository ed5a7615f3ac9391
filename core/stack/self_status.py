"""What the pager says of itself, kept as a file: it is read where neither the pager nor Postgres answers."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings


def path() -> Path:
    """Where the file lies; every process that shares the data folder finds it there."""
    return Path(settings.DATA_DIR) / "paging.json"


def write(status: dict[str, Any]) -> None:
    """Put a new status into the place of the old one: who reads finds one of them whole."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=".paging-", delete=False) as file:
        json.dump(status, file)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(target)


def read() -> str | None:
    """Give the file as it is, None when no pager has written one here."""
    try:
        return path().read_text()
    except OSError:
        return None
