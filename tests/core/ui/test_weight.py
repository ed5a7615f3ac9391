"""The first load of a page stays light enough for a phone at night: 110 kB, compressed, with its fonts."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

LIMIT = 110_000
COMPRESSED_ALREADY = {".woff2"}


def weight(path: Path) -> int:
    content = path.read_bytes()
    return len(content) if path.suffix in COMPRESSED_ALREADY else len(gzip.compress(content, 6))


def found(name: str) -> Path:
    path = finders.find(name)
    assert isinstance(path, str), f"{name} is linked and does not exist"
    return Path(path)


def test_everything_a_page_loads_weighs_less_than_110_kilobytes() -> None:
    page = render_to_string("ui/document.html")
    names = set(re.findall(r'(?:src|href)="/static/([^"#]+)', page)) | {"icons.svg"}
    fonts = re.findall(r"url\(([^)]+\.woff2)\)", found("app.css").read_text())
    weights = {name: weight(found(name)) for name in sorted(names | set(fonts))}
    assert len(weights) >= 9
    assert sum(weights.values()) + len(gzip.compress(page.encode(), 6)) <= LIMIT, weights
