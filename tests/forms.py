"""What a browser sends when its reader presses the button of a form and has touched nothing."""

from __future__ import annotations

from html.parser import HTMLParser


def as_shown(page: str, *, action: str) -> dict[str, str]:
    """The fields of the form that posts to `action`, as they are filled in on the page."""
    parser = _Form(action)
    parser.feed(page)
    assert parser.found, f"no form posts to {action}"
    return parser.fields


class _Form(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.fields: dict[str, str] = {}
        self.found = self._inside = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("action") == self.action
            self.found = self.found or self._inside
        elif not self._inside:
            return
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and (self._select not in self.fields or "selected" in given):
            self.fields[self._select] = given.get("value", "")
        elif tag == "input" and given.get("name"):
            is_tick = given.get("type") in ("checkbox", "radio")
            value = given.get("value", "on" if is_tick else "")
            self.fields |= {given["name"]: value} if not is_tick or "checked" in given else {}

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
