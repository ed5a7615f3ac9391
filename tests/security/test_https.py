"""Behind https the cookies are bound to this host, and Django's own list of deployment checks has nothing to say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests import cast

HTTPS = {
    "BASE_URL": "https://watch.example.com",
    "SECRET_KEY": "a-long-enough-key-for-this-check-alone-0123456789-ABCDEFGHIJ",
}
NAMES = [
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_PATH",
    "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_SECURE",
    "CSRF_COOKIE_SAMESITE",
    "CSRF_COOKIE_DOMAIN",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "DEBUG",
    "ALLOWED_HOSTS",
]


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *args],
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def settings_with(**env: str) -> dict[str, Any]:
    code = (
        "import json; from django.conf import settings;"
        f"print(json.dumps({{name: getattr(settings, name) for name in {NAMES!r}}}))"
    )
    answer = run("manage.py", "shell", "--no-imports", "-c", code, **env)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def test_the_deployment_checks_are_clean() -> None:
    answer = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **HTTPS)
    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout


def test_cookies_behind_https_belong_to_this_host_alone() -> None:
    assert settings_with(**HTTPS) == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_PATH": "/",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "CSRF_COOKIE_SECURE": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_DOMAIN": None,
        "SECURE_HSTS_SECONDS": 31536000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "DEBUG": False,
        "ALLOWED_HOSTS": ["watch.example.com", "127.0.0.1", "localhost"],
    }


@pytest.mark.django_db
def test_cookies_on_plain_http_are_set_as_they_should_be(client: Any) -> None:
    cast.alice()
    client.get("/accounts/login/")
    answer = client.post("/accounts/login/", {"login": "alice@example.com", "password": cast.PASSWORD})
    session, csrf = answer.cookies["session"], answer.cookies["csrf"]
    assert (session["httponly"], session["samesite"], session["path"]) == (True, "Lax", "/")
    assert (csrf["httponly"], csrf["samesite"]) == ("", "Lax")
