from __future__ import annotations

import pytest

from core.callbacks import operations
from core.callbacks.models import Heard

pytestmark = pytest.mark.django_db


def test_a_call_is_acted_on_once_for_each_service() -> None:
    assert operations.once("slack", b"1", lambda: "taken") == "taken"
    assert operations.once("slack", b"1", lambda: "again") is None
    assert operations.once("telegram", b"1", lambda: "another") == "another"


def test_what_failed_was_not_heard_and_may_be_said_again() -> None:
    def fail() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        operations.once("telegram", b"7", fail)

    assert not Heard.objects.exists()
    assert operations.once("telegram", b"7", lambda: "taken") == "taken"
