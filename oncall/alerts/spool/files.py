"""Signals as files: whole and on the disk before anybody is told that they were taken, gone only when they are rows.

A file is written among the drafts, flushed, and moved to those that wait; its name is the moment and the hash of what
it holds. One that does not match its name goes into quarantine. Names sort in the order of arrival.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from core import failpoints

WAITING, DRAFTS, QUARANTINE = "waiting", "drafts", "quarantine"
ABANDONED_SECONDS = 3600
"""A draft of that age belongs to a process that died; its sender was never told that it was taken."""

_naming = threading.Lock()
_last = 0


class CannotKeep(Exception):
    """The disk is full, nearly full, or cannot be written to."""


class Damaged(Exception):
    """A file does not hold what was written to it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was written: when, the values of its signal but the body, and the body."""

    name: str
    values: dict[str, Any]
    body: bytes


def keep(values: dict[str, Any], body: bytes) -> str:
    """Write a signal so that it outlives a power cut; give the name of its file."""
    content = orjson.dumps({**values, "nonce": secrets.token_hex(8)}) + b"\n" + body
    name = f"{_moment():020d}-{hashlib.sha256(content).hexdigest()}"
    try:
        draft, place = folder(DRAFTS) / name, folder(WAITING) / name
        _refuse_when_nearly_full()
        _write(draft, content)
        failpoints.hit("before_spool_rename")
        draft.rename(place)
        _flush_folder(place.parent)
    except OSError as error:
        raise CannotKeep(f"the spool cannot be written to: {error}") from error
    return name


def is_waiting() -> bool:
    """Whether any signal waits to become a row."""
    try:
        with os.scandir(settings.SPOOL_DIR / WAITING) as found:
            return next(found, None) is not None
    except FileNotFoundError:
        return False


def waiting() -> list[str]:
    """The names of the files that wait, the oldest first."""
    try:
        return sorted(path.name for path in (settings.SPOOL_DIR / WAITING).iterdir())
    except FileNotFoundError:
        return []


def read(name: str) -> Kept | None:
    """Read a file that waits, None when another process has finished it; raises Damaged."""
    try:
        content = (settings.SPOOL_DIR / WAITING / name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != name.rpartition("-")[2]:
        raise Damaged(f"it holds {len(content)} bytes that are not what was written")
    head, _, body = content.partition(b"\n")
    return Kept(name, orjson.loads(head), body)


def remove(name: str) -> None:
    """Remove a file whose signal is a row by now."""
    (settings.SPOOL_DIR / WAITING / name).unlink(missing_ok=True)


def set_aside(name: str) -> None:
    """Move a file into quarantine, where it stays until somebody has looked at it."""
    with contextlib.suppress(FileNotFoundError):
        (settings.SPOOL_DIR / WAITING / name).rename(folder(QUARANTINE) / name)


def sweep() -> None:
    """Remove drafts of processes that died."""
    drafts = settings.SPOOL_DIR / DRAFTS
    for draft in drafts.iterdir() if drafts.exists() else ():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > ABANDONED_SECONDS:
                draft.unlink()


@contextmanager
def alone() -> Iterator[bool]:
    """Hold this folder's lock; gives False when another process of this machine holds it."""
    descriptor = os.open(folder("") / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file of our own in one step: it is the old one or the new one, never a part."""
    draft = folder(DRAFTS) / f"{path.name}-{secrets.token_hex(8)}"
    _write(draft, content)
    draft.replace(path)


def folder(name: str) -> Path:
    """Give a folder of the spool, made if need be, for its owner alone."""
    folder: Path = settings.SPOOL_DIR / name
    if not folder.is_dir():
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _moment() -> int:
    """The time in nanoseconds, and never the same or an earlier one twice in a process."""
    global _last  # noqa: PLW0603
    with _naming:
        _last = max(time.time_ns(), _last + 1)
        return _last


def _refuse_when_nearly_full() -> None:
    disk = os.statvfs(settings.SPOOL_DIR)
    used = disk.f_blocks - disk.f_bfree
    if used * 100 >= settings.SPOOL_MAX_DISK_PERCENT * (used + disk.f_bavail):
        raise CannotKeep("the disk of the spool is nearly full")


def _write(path: Path, content: bytes) -> None:
    """Write a new file through to the disk; nothing of it stays when that fails."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
