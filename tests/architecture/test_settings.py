"""docs/settings.md against the settings themselves."""

import re
from pathlib import Path

from django.conf import settings

from config import env

ROOT = Path(__file__).parents[2]
# Defaults that are worked out, so that the page says how.
IN_WORDS = {
    "WATCHBILL_DATA_DIR": "`.local` in the project",
    "WEB_URL": "`http://127.0.0.1:` and the port",
    "BASE_URL": "`http://127.0.0.1:` and the port",
    "ALLOWED_HOSTS": "the host of `BASE_URL`, `127.0.0.1`, `localhost`",
}


def documented() -> dict[str, tuple[str, str, str]]:
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", page, re.M)
    assert len(rows) == len({row[0] for row in rows}), "a setting is described twice"
    return {name: (kind.strip(), default.strip(), text.strip()) for name, kind, default, text in rows}


def as_they_are() -> dict[str, tuple[str, str, str]]:
    assert settings.PORT  # reads the settings, which fill the registry
    return {
        name: (
            variable.kind,
            IN_WORDS.get(name, f"`{variable.default}`" if variable.default else ""),
            variable.help,
        )
        for name, variable in env.REGISTRY.items()
    }


def test_every_setting_is_described_as_it_is() -> None:
    assert documented() == as_they_are()


def test_a_setting_is_read_in_one_place() -> None:
    allowed = {"config/env.py", "core/stack/binaries.py", "core/stack/local.py", "core/stack/programs.py"}
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("config", "core", "incidents", "oncall", "statuspage", "postmortems")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ(\.get\(|\[)|os\.getenv\(", path.read_text())
    }
    assert readers - allowed == {"core/stack/probe.py"}
