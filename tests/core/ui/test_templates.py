"""What the content policy forbids, and what a typing slip would hide."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static").glob("*.js"))
ICONS = set(re.findall(r'id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))
MARKED_SAFE = re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off")
FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style[\s>]", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)[^>]*>", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\b(data-)?hx-on\b", re.IGNORECASE),
    "evaluated hx-vals or hx-headers": re.compile(r"hx-(vals|headers|vars)\s*=\s*[\"']?\s*js", re.IGNORECASE),
    "an evaluated trigger filter": re.compile(r"hx-trigger\s*=\s*[\"'][^\"']*\["),
    "an evaluated morph setting": re.compile(r"hx-swap\s*=\s*[\"'][^\"']*morph:\{"),
    "hx-boost": re.compile(r"\bhx-boost\b"),
    "a javascript address": re.compile(r"href\s*=\s*[\"']?\s*javascript:", re.IGNORECASE),
    "a foreign host": re.compile(
        r"<(script|link|img|iframe)\b[^>]*(src|href)\s*=\s*[\"']?(https?:)?//", re.IGNORECASE
    ),
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_needs_no_exception_from_the_content_policy(template: Path) -> None:
    source = template.read_text()
    assert MARKED_SAFE.findall(source) == []
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", source)
    assert {what: found.group() for what, rule in FORBIDDEN.items() if (found := rule.search(text))} == {}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_icon_a_template_names_is_in_the_sprite(template: Path) -> None:
    text = template.read_text()
    named = set(re.findall(r'\{%\s*(?:icon|nothing)\s+"([^"]+)"', text))
    named |= set(re.findall(r'\{%\s*tag\s+(?:"[^"]*"|\S+)\s+"[^"]*"\s+"([^"]+)"', text))
    assert named <= ICONS


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_form_that_posts_carries_its_token(template: Path) -> None:
    for form in re.findall(
        r"<form\b[^>]*method=\"post\".*?</form>", template.read_text(), re.DOTALL | re.IGNORECASE
    ):
        exempt = re.search(
            r"{% url '(oncall:(page|digest|cover)|incidents:unsubscribe)' token %}", form
        )  # the address itself is the secret
        assert "{% csrf_token %}" in form or exempt


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_evaluates_no_text_and_writes_no_markup(script: Path) -> None:
    text = script.read_text()
    assert (
        re.findall(r"\beval\(|new Function|\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write", text)
        == []
    )


def test_the_vendored_script_is_the_one_that_was_read() -> None:
    vendored = (ROOT / "static/vendor/idiomorph-ext-0.8.0.min.js").read_bytes()
    assert (
        hashlib.sha256(vendored).hexdigest()
        == "5811b9a7eda14878b7dab4378bf60432e1bb6f11fcfb970cc26540642650181e"
    )
