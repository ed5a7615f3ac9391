"""Whoever calls out goes through `core.net`, which knows what may be called: nothing else can open a connection."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "core", "incidents", "oncall", "statuspage", "postmortems")
CAN_CALL = {
    "aiohttp",
    "apprise",
    "asyncio.open_connection",
    "ftplib",
    "h11",
    "http.client",
    "httpcore",
    "httpx",
    "imaplib",
    "niquests",
    "poplib",
    "pycurl",
    "requests",
    "smtplib",
    "socket.create_connection",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "websockets",
    "xmlrpc",
}
"""What dials an address that it is given, or brings somebody who does."""
MAY = {
    "core/net/http.py": {"httpcore"},
    "core/net/smtp.py": {"smtplib", "socket.create_connection"},
    "core/stack/probe.py": {"http.client"},
}
"""The guarded clients, and the health check, which asks 127.0.0.1 and nothing else."""


def named(source: str) -> set[str]:
    """What a module imports or calls by its whole name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
    return found


def callers(names: set[str]) -> set[str]:
    """Those of the names that can call out."""
    return {each for each in CAN_CALL if any(name == each or name.startswith(f"{each}.") for name in names)}


def test_nobody_else_can_call_out() -> None:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): callers(named(path.read_text())) for path in paths}
    assert {path: names for path, names in found.items() if names} == MAY


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "import requests.adapters as adapters",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import http.client",
        "import socket\nsocket.create_connection(('h', 1))",
        "from asyncio import open_connection",
        "def f():\n    from httpx import get",
    ],
)
def test_every_way_of_naming_a_client_is_seen(source: str) -> None:
    assert callers(named(source))


@pytest.mark.parametrize(
    "source", ["from urllib.parse import urlsplit", "from http import HTTPStatus", "import requests_like"]
)
def test_what_calls_nobody_is_let_be(source: str) -> None:
    assert not callers(named(source))
