"""Production does not start with a key that somebody could guess, and says what to do; a random one is never refused."""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
from dataclasses import replace

import pytest

from core.stack.rules import HEX_VARIETY, Facts, complaints, refused_key
from tests.core.stack.test_rules import FINE

LETTERS = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize(
    "key",
    [
        "changeme",
        "secret",
        "only-while-building",
        "a" * 64,
        "0123456789" * 5,
        "please-change-me-to-something-that-is-random-0123",
        "django-insecure-2#k8@x!q0v7z$w5e^r1t&y3u*i9o(p4a)s6d",
        "my-very-long-SECRET_KEY-for-watchbill-production-2026",
    ],
)
def test_a_key_that_can_be_guessed_is_refused_in_words(key: str) -> None:
    reason = refused_key(key)
    assert "SECRET_KEY_FALLBACKS" in reason
    assert key not in reason


def test_no_key_is_refused() -> None:
    assert refused_key("") == "SECRET_KEY is missing: set it to 50 random characters and keep it."


def test_a_random_key_is_taken_and_the_doctor_has_nothing_to_say_of_it() -> None:
    dice = random.Random(1)  # noqa: S311 - the same keys each time
    for _ in range(1000):
        for key in ("".join(dice.choices("0123456789abcdef", k=64)), "".join(dice.choices(LETTERS, k=50))):
            assert refused_key(key) == ""
            assert complaints(known(key)) == []


def known(key: str) -> Facts:
    return replace(
        FINE,
        secret_key_length=len(key),
        secret_key_variety=len(set(key)),
        secret_key_is_hex=set(key) <= set("0123456789abcdef"),
    )


def test_a_poor_key_of_digits_is_told_of() -> None:
    assert "can be guessed" in complaints(known("01234567" * 8))[0]
    assert len(set("01234567")) < HEX_VARIETY


def test_the_start_stops_and_says_why() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; settings.PRODUCTION"],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "WATCHBILL_PRODUCTION": "true",
            "SECRET_KEY": "changeme",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "SECRET_KEY is no random one" in ended.stderr
