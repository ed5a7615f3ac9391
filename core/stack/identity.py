"""As whom an embedded server runs: Postgres refuses root, and data that belongs to somebody stays theirs."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class NoIdentity(Exception):
    """Nobody on this machine can run the server."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A prefix for the command line and options for the child; `uid` is set when it is another person's."""

    prefix: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    uid: int | None = None

    def give(self, *paths: Path) -> None:
        """Hand files over to the person the server runs as."""
        if self.uid is not None:
            for path in paths:
                os.chown(path, self.uid, -1)


def choose(home: Path, *, owner: int, probe: list[str]) -> Identity:
    """How to run `probe`'s program on data of `owner` in `home`: as ourselves, or, from root, without power.

    Data that belongs to another account is run as that account. Else root first tries a user namespace of its
    own: no account is needed, and the files stay root's.
    """
    if os.geteuid() != 0:
        return Identity()
    if owner != 0:
        return _as(owner)
    if _runs_in_namespace(probe):
        return Identity(prefix=("unshare", "--user"))
    for name in ("postgres", "nobody"):
        try:
            candidate = _as(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
        if _runs(probe, candidate.options):
            home.chmod(0o711)  # the other account must be able to pass through to its own folder
            return candidate
    raise NoIdentity(
        "Postgres does not run as root here: start Watchbill as an ordinary user, or set DATABASE_URL."
    )


def _as(uid: int) -> Identity:
    try:
        group = pwd.getpwuid(uid).pw_gid
    except KeyError:
        group = uid
    return Identity(options={"user": uid, "group": group, "extra_groups": []}, uid=uid)


def _runs_in_namespace(probe: list[str]) -> bool:
    return shutil.which("unshare") is not None and _runs(["unshare", "--user", *probe], {})


def _runs(argv: list[str], options: dict[str, Any]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, check=False, cwd="/", **options).returncode == 0  # noqa: S603
    except OSError:
        return False
