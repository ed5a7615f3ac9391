"""What some tests need from Debian, where it is missing, and how it comes: `python -m tests.programs --install`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Program:
    """A program, its Debian package, and the marker of the tests that need it."""

    name: str
    package: str
    marker: str


NEEDED = (
    Program("chromium", "chromium", "browser"),
    Program("prometheus", "prometheus", "prometheus"),
    Program("prometheus-alertmanager", "prometheus-alertmanager", "prometheus"),
)

CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""How the tests start it."""


def missing() -> list[Program]:
    """The programs this machine does not have."""
    return [program for program in NEEDED if shutil.which(program.name) is None]


def command(programs: list[Program]) -> str:
    """What brings them on Debian."""
    return f"apt-get install --no-install-recommends {' '.join(program.package for program in programs)}"


def install() -> None:
    """Install what is missing where that is ours to do: on Debian, as root."""
    wanted = missing()
    if not wanted or os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return
    sys.stdout.write(f"Installing for the tests: {command(wanted)}\n")
    sys.stdout.flush()
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run(["apt-get", "-qq", "update"], check=False, env=quiet)
    subprocess.run(
        [*command(wanted).split(), "--yes", "-qq"], check=False, env=quiet, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__" and "--install" in sys.argv:
    install()
