"""Every setting an operator can give, read once from the environment and described where it is read.

`docs/settings.md` is held against `REGISTRY` by a test. A secret can also be given as a file: `NAME_FILE`.
When `manage.py up` runs, it writes the addresses of the embedded servers to `<data dir>/env`; every other
command reads them from there unless the environment says otherwise.
"""

import fcntl
import os
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

BASE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Variable:
    """One documented environment variable."""

    name: str
    kind: str
    default: str
    help: str


REGISTRY: dict[str, Variable] = {}


def _value(name: str, kind: str, default: str, help_: str) -> str | None:
    REGISTRY[name] = Variable(name, kind, default, help_)
    if (path := os.environ.get(f"{name}_FILE")) is not None:
        return Path(path).read_text().strip()
    return os.environ.get(name, _RUNNING.get(name))


def text(name: str, default: str, help_: str) -> str:
    """A string, or `default`."""
    value = _value(name, "text", default, help_)
    return default if value is None else value


def number(name: str, default: int, help_: str) -> int:
    """A whole number, or `default`; anything else stops the start with the name of the variable."""
    value = _value(name, "number", str(default), help_)
    try:
        return default if value is None or value == "" else int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error


def amount(name: str, default: str, help_: str) -> Decimal:
    """An amount of money, at least nothing; anything else stops the start with the name of the variable."""
    value = _value(name, "amount", default, help_)
    try:
        found = Decimal(value or default)
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found < 0:
        raise ImproperlyConfigured(f"{name} must be an amount like 0.08, not {value!r}.")
    return found


def flag(name: str, default: bool, help_: str) -> bool:  # noqa: FBT001
    """true/1/yes/on or false/0/no/off, or `default`."""
    value = _value(name, "true or false", str(default).lower(), help_)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def words(name: str, default: str, help_: str) -> list[str]:
    """A comma-separated list."""
    value = _value(name, "comma-separated list", default, help_)
    return [word.strip() for word in (default if value is None else value).split(",") if word.strip()]


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a `postgresql://user:password@host:port/name?sslmode=verify-full` address.

    What stands behind the `?` goes to libpq as it is (https://www.postgresql.org/docs/current/libpq-connect.html).
    """
    try:
        parts = conninfo_to_dict(url) if url.startswith(("postgres://", "postgresql://")) else {}
    except psycopg.ProgrammingError as error:
        # libpq goes on to quote what it stumbled over, which may be the password.
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {str(error).partition(': ')[0]}.") from None
    if not parts.get("dbname"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "OPTIONS": parts,
    }


@dataclass(frozen=True, slots=True)
class Mail:
    """Where outgoing e-mail goes. `tls` is "", "starttls" or "tls"."""

    host: str
    port: int
    user: str
    password: str
    tls: str


def mail(url: str) -> Mail | None:
    """The SMTP server of a `smtp://`, `smtp+starttls://` or `smtps://` address; None for an empty one."""
    if not url:
        return None
    parts = urlsplit(url)
    tls = {"smtp": "", "smtp+starttls": "starttls", "smtps": "tls"}.get(parts.scheme)
    if tls is None or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+starttls://user:password@host:587.")
    port = parts.port or {"": 25, "starttls": 587, "tls": 465}[tls]
    return Mail(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), tls)


def _running(data_dir: Path) -> dict[str, str]:
    """What a running `manage.py up` wrote; it holds the lock: addresses left by a killed one do not count."""
    try:
        with (data_dir / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        lines = (data_dir / "env").read_text().splitlines() if (data_dir / "env").exists() else []
        return dict(line.split("=", 1) for line in lines if "=" in line)
    except OSError:
        return {}
    return {}


_RUNNING: dict[str, str] = {}
DATA_DIR = Path(
    text(
        "WATCHBILL_DATA_DIR", str(BASE_DIR / ".local"), "Where `make up` keeps its Postgres, Redis and keys."
    )
).resolve()
_RUNNING.update(_running(DATA_DIR))
