"""docs/events.md against the declared events."""

from __future__ import annotations

from config import urls  # noqa: F401 - the addresses bring every app along
from core.events import bus
from docs import events


def test_every_declared_event_is_documented_as_it_is() -> None:
    assert events.PAGE.read_text() == events.render(bus.REGISTRY), "run: .venv/bin/python -m docs.events"


def test_events_are_named_as_what_happened_to_whom() -> None:
    for name, declared in bus.REGISTRY.items():
        noun, _, verb = name.partition(".")
        assert noun.islower(), name
        assert verb.replace("_", "").islower(), name
        assert declared.__doc__, name
        assert not declared.__doc__.startswith(declared.__name__), f"{name} has no sentence of its own"
