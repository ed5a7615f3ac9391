"""A text is drawn once for all who ask for the same, and never for longer than somebody may still ask for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.live import shared
from core.live.shared import Shelf


def test_it_is_drawn_once_for_one_key() -> None:
    shelf, drawn = Shelf(), []

    def draw() -> str:
        drawn.append("x")
        return f"text {len(drawn)}"

    assert [shelf.get(("a", "@1"), draw), shelf.get(("a", "@1"), draw)] == ["text 1", "text 1"]
    assert shelf.get(("a", "@2"), draw) == "text 2"


def test_those_who_ask_meanwhile_wait_for_it() -> None:
    shelf, drawn = Shelf(), []
    asked, go_on = threading.Event(), threading.Event()

    def draw() -> str:
        drawn.append("x")
        asked.set()
        assert go_on.wait(5)
        return "the text"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(shelf.get, "key", draw)
        assert asked.wait(5)
        others = [pool.submit(shelf.get, "key", draw) for _ in range(3)]
        go_on.set()
        assert {future.result(5) for future in (first, *others)} == {"the text"}
    assert drawn == ["x"]


def test_what_fails_is_drawn_again_by_the_next() -> None:
    shelf = Shelf()

    def fail() -> str:
        raise LookupError("gone")

    with pytest.raises(LookupError):
        shelf.get("key", fail)
    assert shelf.get("key", lambda: "there") == "there"


def test_it_is_kept_for_seconds_and_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf, at = Shelf(), 100.0
    monkeypatch.setattr("core.live.shared.time.monotonic", lambda: at)
    shelf.get("key", lambda: "old")
    at += shared.SECONDS
    assert shelf.get("key", lambda: "new") == "old"
    at += 0.1
    assert shelf.get("key", lambda: "new") == "new"
    monkeypatch.setattr(shared, "MOST", 2)
    for name in ("one", "two", "three"):
        shelf.get(name, lambda: "filling")
    assert shelf.get("key", lambda: "newer") == "newer"


def test_what_is_too_long_or_holds_no_more_is_drawn_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    assert shelf.get("key", lambda: "with a secret", holds=lambda: False) == "with a secret"
    assert shelf.get("key", lambda: "without") == "without"
    monkeypatch.setattr(shared, "LONGEST", 5)
    assert shelf.get("long", lambda: "too long") == "too long"
    assert shelf.get("long", lambda: "short") == "short"
    monkeypatch.setattr(shared, "MOST_BYTES", 7)
    for name in ("one", "two"):
        shelf.get(name, lambda: "12345")
    assert shelf.get("one", lambda: "anew") == "anew"
