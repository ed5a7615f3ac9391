from __future__ import annotations

import time

import pytest

from core.channels import signing

BODY, SECRET = b'{"id":"page-7-0","status":"delivered"}', "the-secret"
NOW = 1_800_000_000
# printf '%s' '1800000000.{"id":"page-7-0","status":"delivered"}' | openssl dgst -sha256 -hmac the-secret
MAC = "8c7b694971cb5ceb83dd952fec09ebe344428c7e3bd51089a32f9dfacd94c758"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW + 0.5)


def test_a_signature_is_what_openssl_makes() -> None:
    assert signing.sign(BODY, secret=SECRET, at=NOW) == f"t={NOW},v1={MAC}"


@pytest.mark.parametrize(
    "given",
    [
        f"t={NOW},v1={MAC}",
        f"v1={MAC}, t={NOW}",
        f"t={NOW},v0=old,v1={'0' * 64},v1={MAC}",
    ],
)
def test_however_it_is_written_it_is_one_proof(given: str) -> None:
    assert signing.proof(BODY, given, secret=SECRET) == MAC


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        MAC,
        f"t={NOW}",
        f"v1={MAC}",
        f"t={NOW},v1=",
        f"t={NOW},v1={'0' * 64}",
        f"t={NOW},v1={MAC.upper()}",
        f"t={NOW},v0={MAC}",
        f"t={NOW},t={NOW + 1},v1={MAC}",
        f"t={NOW + 1},v1={MAC}",
        f"t=0{NOW},v1={MAC}",
        f"t=-{NOW},v1={MAC}",
        f"t={'9' * 5000},v1={MAC}",
        f"t=\u0661,v1={MAC}",
        "t=\u00fc,v1=\u00fc",
    ],
)
def test_anything_else_proves_nothing(given: str) -> None:
    assert signing.proof(BODY, given, secret=SECRET) == ""


def test_another_body_or_secret_proves_nothing_and_no_secret_believes_nobody() -> None:
    given = signing.sign(BODY, secret=SECRET, at=NOW)
    assert signing.proof(BODY + b" ", given, secret=SECRET) == ""
    assert signing.proof(BODY, given, secret="another") == ""
    assert signing.proof(BODY, signing.sign(BODY, secret="", at=NOW), secret="") == ""


@pytest.mark.parametrize(("at", "fresh"), [(-301, False), (-299, True), (300, True), (302, False)])
def test_a_time_is_fresh_for_five_minutes_either_way(at: int, *, fresh: bool) -> None:
    assert signing.is_fresh(str(NOW + at)) is fresh
    given = signing.sign(BODY, secret=SECRET, at=NOW + at)
    assert bool(signing.proof(BODY, given, secret=SECRET)) is fresh
