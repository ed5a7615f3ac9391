from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.channels import secrets

if TYPE_CHECKING:
    from pytest_django import Settings


def test_a_sealed_secret_shows_nothing_and_opens_again() -> None:
    sealed = secrets.seal("whsec_1")
    assert sealed.startswith("sealed:")
    assert "whsec" not in sealed
    assert secrets.unseal(sealed) == "whsec_1"


def test_the_same_secret_is_never_sealed_the_same_way_twice() -> None:
    assert secrets.seal("whsec_1") != secrets.seal("whsec_1")


def test_what_is_sealed_or_empty_stays_as_it_is() -> None:
    sealed = secrets.seal("whsec_1")
    assert secrets.seal(sealed) == sealed
    assert secrets.seal("") == ""
    assert secrets.unseal("") == ""


def test_after_a_change_of_key_the_old_one_still_opens(settings: Settings) -> None:
    sealed = secrets.seal("whsec_1")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key, fifty characters or more, as they say 01234"
    assert secrets.unseal(sealed) == "whsec_1"
    again = secrets.seal("whsec_1")
    settings.SECRET_KEY_FALLBACKS = []
    assert secrets.unseal(again) == "whsec_1"
    with pytest.raises(secrets.CannotOpen):
        secrets.unseal(sealed)


def test_what_was_tampered_with_does_not_open() -> None:
    sealed = secrets.seal("whsec_1")
    with pytest.raises(secrets.CannotOpen):
        secrets.unseal(sealed[:-4] + "AAAA")
