"""A text is drawn once for all who ask for the same, and never for longer than somebody may still ask for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from core.live import shared
from core.live.shared import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


def get(
    shelf: Shelf, key: Hashable, draw: Callable[[], str | None], holds: Callable[[], bool] = lambda: True
) -> str | None:
    return shelf.several({key: draw}, holds=holds)[key]


def test_it_is_drawn_once_for_one_key() -> None:
    shelf, drawn = Shelf(), []

    def draw() -> str:
        drawn.append("x")
        return f"text {len(drawn)}"

    assert [get(shelf, ("a", "@1"), draw), get(shelf, ("a", "@1"), draw)] == ["text 1", "text 1"]
    assert get(shelf, ("a", "@2"), draw) == "text 2"


def test_those_who_ask_meanwhile_wait_for_it() -> None:
    shelf, drawn = Shelf(), []
    asked, go_on = threading.Event(), threading.Event()

    def draw() -> str:
        drawn.append("x")
        asked.set()
        assert go_on.wait(5)
        return "the text"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(get, shelf, "key", draw)
        assert asked.wait(5)
        others = [pool.submit(get, shelf, "key", draw) for _ in range(3)]
        go_on.set()
        assert {future.result(5) for future in (first, *others)} == {"the text"}
    assert drawn == ["x"]


def test_what_fails_is_drawn_again_by_the_next() -> None:
    shelf = Shelf()

    def fail() -> str:
        raise LookupError("gone")

    with pytest.raises(LookupError):
        get(shelf, "key", fail)
    assert get(shelf, "key", lambda: "there") == "there"


def test_what_is_not_there_is_looked_for_by_each() -> None:
    shelf = Shelf()
    assert get(shelf, "key", lambda: None) is None
    assert get(shelf, "key", lambda: "there") == "there"


def test_several_are_drawn_and_asked_about_together() -> None:
    shelf, said = Shelf(), []
    get(shelf, "one", lambda: "1")

    def two() -> str:
        said.append("drawn")
        return "2"

    def holds() -> bool:
        said.append("asked")
        return True

    for _ in range(2):
        assert shelf.several({"one": two, "two": two, "three": two}, holds=holds) == {
            "one": "1", "two": "2", "three": "2",
        }  # fmt: skip
    assert said == ["drawn", "drawn", "asked"]


def test_it_is_kept_for_seconds_and_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf, at = Shelf(), 100.0
    monkeypatch.setattr("core.live.shared.time.monotonic", lambda: at)
    get(shelf, "key", lambda: "old")
    at += shared.SECONDS
    assert get(shelf, "key", lambda: "new") == "old"
    at += 0.1
    assert get(shelf, "key", lambda: "new") == "new"
    monkeypatch.setattr(shared, "MOST", 2)
    for name in ("one", "two", "three"):
        get(shelf, name, lambda: "filling")
    assert get(shelf, "key", lambda: "newer") == "newer"


def test_what_is_too_long_or_holds_no_more_is_drawn_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    assert get(shelf, "key", lambda: "with a secret", holds=lambda: False) == "with a secret"
    assert get(shelf, "key", lambda: "without") == "without"
    monkeypatch.setattr(shared, "LONGEST", 5)
    assert get(shelf, "long", lambda: "too long") == "too long"
    assert get(shelf, "long", lambda: "short") == "short"
    monkeypatch.setattr(shared, "MOST_BYTES", 7)
    for name in ("one", "two"):
        get(shelf, name, lambda: "12345")
    assert get(shelf, "one", lambda: "anew") == "anew"
