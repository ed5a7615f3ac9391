from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oncall.paging import tokens
from oncall.paging.models import Page

if TYPE_CHECKING:
    from pytest_django import Settings

PAGE = Page(pk=4711, nonce="0123456789abcdef")


def test_a_token_is_for_one_page_and_fits_into_an_address() -> None:
    token = tokens.make(PAGE)
    assert tokens.read(token) == 4711
    assert tokens.parse(token) == tokens.Claim(4711, "0123456789abcdef")
    assert tokens.url(PAGE) == f"http://127.0.0.1:8000/p/{token}/"
    assert token.isascii()
    assert "/" not in token
    assert len(token) < 60


@pytest.mark.parametrize(
    "forged", ["", "-", "--", "1267-0123456789abcdef-", "zz", "4711", "ünïcode-x-y", "a" * 500]
)
def test_what_was_not_made_here_is_nothing(forged: str) -> None:
    assert tokens.read(forged) is None


def test_every_changed_character_makes_it_nothing() -> None:
    token = tokens.make(PAGE)
    for n, letter in enumerate(token):
        other = "b" if letter != "b" else "c"
        assert tokens.read(token[:n] + other + token[n + 1 :]) is None
    assert tokens.read(token[:-1]) is None
    assert tokens.read(token + "a") is None


def test_the_signature_of_one_page_is_none_for_another() -> None:
    mac = tokens.make(PAGE).rpartition("-")[2]
    other = tokens.make(Page(pk=4712, nonce="0123456789abcdef")).rpartition("-")[0]
    assert tokens.read(f"{other}-{mac}") is None


def test_links_outlive_a_change_of_the_secret_key(settings: Settings) -> None:
    old, token = settings.SECRET_KEY, tokens.make(PAGE)
    settings.SECRET_KEY = "another key, just as long and just as secret as the first one"
    assert tokens.read(token) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert tokens.read(token) == 4711
    assert tokens.make(PAGE) != token


def test_a_code_belongs_to_one_address_and_one_day(settings: Settings) -> None:
    code = tokens.code(3, "a@example.com", "2026-11-21")
    assert len(code) == 10
    others = [
        tokens.code(4, "a@example.com", "2026-11-21"),
        tokens.code(3, "b@example.com", "2026-11-21"),
        tokens.code(3, "a@example.com", "2026-11-22"),
    ]
    assert code not in others
    assert tokens.codes(3, "a@example.com", ["2026-11-21", "2026-11-20"])[0] == code
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, just as long and just as secret as the first one"
    assert code in tokens.codes(3, "a@example.com", ["2026-11-21"])
