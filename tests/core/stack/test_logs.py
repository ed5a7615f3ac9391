from __future__ import annotations

import logging
from typing import Any

import pytest
from django.conf import settings

from core.stack.logs import OneLine

FORGED = "2026-11-21 20:00:00,000 CRITICAL core.accounts admin signed in"


def written(message: str, *args: object, error: BaseException | None = None) -> str:
    record = logging.LogRecord(
        "core.ui", logging.ERROR, __file__, 1, message, args, (type(error), error, None) if error else None
    )
    return OneLine("%(levelname)s %(name)s %(message)s").format(record)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_a_word_from_outside_begins_no_line(end: str) -> None:
    line = written("request failed: %s", f"/p/{end}{FORGED}")
    assert len(line.splitlines()) == 1
    assert line.startswith("ERROR core.ui request failed: /p/\\")


def test_what_a_terminal_obeys_is_written_out() -> None:
    assert written("%s", "\x1b[2Jgone\x08\u202e") == "ERROR core.ui \\x1b[2Jgone\\x08\\u202e"


def test_ordinary_words_stay_as_they_are() -> None:
    assert written("%s of %d", "Größe, 日本", 2) == "ERROR core.ui Größe, 日本 of 2"


def test_an_error_s_words_begin_no_line_either() -> None:
    lines = written("it failed", error=ValueError(f"bad\n{FORGED}")).splitlines()
    assert lines == ["ERROR core.ui it failed", "  ValueError: bad", f"  {FORGED}"]


def test_the_product_s_log_is_written_so() -> None:
    logs: dict[str, Any] = settings.LOGGING
    assert logs["formatters"]["line"]["class"] == "core.stack.logs.OneLine"
    assert {handler["formatter"] for handler in logs["handlers"].values()} == {"line"}
