"""What senders write, made safe to keep and to show: no NUL bytes, capped labels, plain links, real times."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from oncall.alerts.rules import Link, Unreadable

MAX_TITLE = 1024
MAX_DESCRIPTION = 20_000
MAX_NAMES = 200
MAX_NAME = 200
MAX_LABEL = 1_000
MAX_ANNOTATION = 5_000
MAX_LINKS = 20
MAX_URL = 2_000
MAX_KEY_BYTES = 1_000
KEPT_FIRST = (
    "alertname",
    "severity",
    "service",
    "team",
    "cluster",
    "namespace",
    "environment",
    "instance",
    "job",
)

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_URL = re.compile(r"https?://[^\s<>\"\\]+", re.IGNORECASE)
_LABEL_OF_LINK = {
    "runbook": "Runbook",
    "dashboard": "Dashboard",
    "graph": "Graph",
    "source": "Source",
    "image": "Image",
}


def load(body: bytes) -> Any:
    """The JSON of a body; forgiving about NaN, broken UTF-8 and a byte order mark."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not JSON.") from error


def text(value: object) -> str:
    """Any JSON value as text that Postgres can hold: no NUL bytes, no half characters."""
    if isinstance(value, str):
        return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", _dump(value))


def _dump(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    except RecursionError:
        return "(too deeply nested)"


def cut(value: object, limit: int) -> str:
    """Text of at most `limit` characters; a cut one ends in an ellipsis."""
    whole = text(value)
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def one_line(value: object, limit: int = MAX_TITLE) -> str:
    """Text without line breaks and double spaces, at most `limit` characters."""
    return cut(" ".join(text(value).split()), limit)


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in a list; nothing for anything else."""
    yield from (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def first(source: Mapping[str, Any], *names: str) -> Any:
    """The first of some fields that says anything, else None."""
    return next((source[name] for name in names if source.get(name) not in (None, "", [], {})), None)


def key(value: object) -> str:
    """A dedup key that fits an index: a longer one keeps its beginning and ends in its hash."""
    whole = text(value).strip()
    raw = whole.encode()
    if len(raw) <= MAX_KEY_BYTES:
        return whole
    return raw[:900].decode(errors="ignore") + "#" + hashlib.sha256(raw).hexdigest()


def key_of(*parts: object) -> str:
    """A dedup key out of what stays the same about an alert, for a source that sends none."""
    return hashlib.sha256("\x1f".join(text(part) for part in parts).encode()).hexdigest()[:32]


def names(value: object, *, limit: int, what: str, problems: list[str]) -> dict[str, str]:
    """Names with texts out of a JSON object or a list of `name:value`: at most 200, saying so."""
    pairs = _pairs(value)
    if len(pairs) > MAX_NAMES:
        problems.append(f"Too many {what} came; {MAX_NAMES} of them are kept.")
        wanted = [name for name in KEPT_FIRST if name in pairs]
        pairs = {name: pairs[name] for name in [*wanted, *(pairs.keys() - wanted)][:MAX_NAMES]}
    return {cut(name, MAX_NAME): cut(content, limit) for name, content in pairs.items() if name}


def _pairs(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {text(name).strip(): content for name, content in value.items()}
    if isinstance(value, list):
        words = (text(item).partition(":" if ":" in text(item) else "=") for item in value)
        return {name.strip(): content.strip() or "true" for name, _, content in words}
    return {}


def link(kind: str, url: object, label: object = "") -> Link | None:
    """A link that is safe to show, or None: only http and https, no spaces, at most 2,000 characters."""
    address = text(url).strip()
    if len(address) > MAX_URL or not _URL.fullmatch(address):
        return None
    return Link(kind, one_line(label, 80) or _LABEL_OF_LINK.get(kind, "Link"), address)


def links(candidates: Iterable[Link | None]) -> tuple[Link, ...]:
    """The links that can be shown, each address once, at most 20."""
    by_url: dict[str, Link] = {}
    for candidate in candidates:
        if candidate is not None:
            by_url.setdefault(candidate.url, candidate)
    return tuple(by_url.values())[:MAX_LINKS]


def link_of(name: str, url: object) -> Link | None:
    """The link in a field called `name`, when there is one."""
    word = name.lower()
    for part, kind in (
        ("runbook", "runbook"),
        ("playbook", "runbook"),
        ("dashboard", "dashboard"),
        ("panel", "graph"),
        ("image", "image"),
    ):
        if part in word:
            return link(kind, url)
    label = re.sub(r"[_\-]*(url|link|uri)$", "", word).replace("_", " ").strip().capitalize()
    return link("link", url, label)


def moment(value: object) -> datetime | None:
    """A time as senders write it: ISO 8601 with any offset or none (UTC), or (milli)seconds since 1970.

    None for what is no time, and for a year that stands for "never", as Alertmanager's 0001.
    """
    try:
        at = _read_time(value)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at is not None and 1990 <= at.year <= 2200 else None


def _read_time(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if not re.fullmatch(r"\d{9,13}(\.\d+)?", value.strip()):
            at = datetime.fromisoformat(value.strip())
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        value = float(value)
    return datetime.fromtimestamp(value / 1000 if value > 100_000_000_000 else value, UTC)
