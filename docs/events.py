"""Write docs/events.md from the declared events: `.venv/bin/python -m docs.events`."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "events.md"
HEAD = """# Events

What happened is a row: outbox, audit and fact at once. An operation writes it in its own transaction; listeners get it
from there, at least once each, with a back-off of their own. Programs read the same events at `/api/v1/events/`.

This page is made from the declarations in each app's `events.py` by `python -m docs.events`, and a test holds it
against them.
"""


def render(registry: dict[str, type[Any]]) -> str:
    """Give the page: one table per package, one row per event, in the order of their names."""
    packages: dict[str, list[str]] = {}
    for name in sorted(registry):
        package = registry[name].__module__.removesuffix(".events")
        packages.setdefault(package, []).append(_row(name, registry[name]))
    tables = [
        f"## {package}\n\n| Event | Payload | Means |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        for package, rows in sorted(packages.items())
    ]
    return "\n".join([HEAD, *tables])


def _row(name: str, cls: type[Any]) -> str:
    payload = ", ".join(f"`{field.name}`: {_kind(field)}" for field in dataclasses.fields(cls))
    meaning = " ".join((cls.__doc__ or "").split())
    return f"| `{name}` | {payload} | {meaning} |"


def _kind(field: dataclasses.Field[Any]) -> str:
    return str(field.type).replace(" | ", " or ").replace("None", "null")


def main() -> None:
    """Write the page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django  # noqa: PLC0415 - the settings come first

    django.setup()
    from config import urls  # noqa: F401, PLC0415 - the addresses bring every app along
    from core.events import bus  # noqa: PLC0415

    PAGE.write_text(render(bus.REGISTRY))


if __name__ == "__main__":
    main()
