"""From YAML to entries. Every value is taken as text; aliases, depth and size are bounded before anything is built."""

from __future__ import annotations

from typing import Any

import yaml

from incidents.inventory.rules import backstage, own
from incidents.inventory.rules.entries import Entry, Unreadable

LARGEST = 500_000
MOST, DEEPEST, NODES = 1000, 20, 50_000
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def read(text: str) -> list[Entry]:
    """Read a file; `Unreadable` says why it is none. What is wrong with one entry stands in that entry."""
    if len(text.encode()) > LARGEST:
        raise Unreadable(f"The file is larger than {LARGEST // 1000} kB. Import it in parts.")
    try:
        _bound(text)
        documents = list(yaml.compose_all(text, Loader=_Loader))
        found = [entry for node in documents if node is not None for entry in _entries(node)]
    except yaml.YAMLError as error:
        raise Unreadable(_said(error)) from error
    if not found:
        raise Unreadable("There is nothing in it: begin with “services:”, or with entities of Backstage.")
    if len(found) > MOST:
        raise Unreadable(f"It names more than {MOST} entries. Import it in parts.")
    return _once(found)


def _bound(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(f"Line {line}: aliases (*{event.anchor}) are not read. Write it out.")
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > DEEPEST:
            raise Unreadable(f"Line {line}: it is nested more than {DEEPEST} deep.")
        if number > NODES:
            raise Unreadable(f"Line {line}: there is too much in it. Import it in parts.")


def _entries(node: Any) -> list[Entry]:
    """Read one document: entities of Backstage have a kind, Watchbill's own file has a list of services."""
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable(f"Line {line}: a document is an object with “services:” or “kind:”.")
    keys = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    if "services" in keys:
        rows = keys["services"]
        if not isinstance(rows, yaml.SequenceNode):
            raise Unreadable(f"Line {rows.start_mark.line + 1}: “services:” is a list.")
        return [own.entry(_built(row), line=row.start_mark.line + 1) for row in rows.value]
    if "kind" in keys:
        return backstage.entries(_built(node), line=line)
    raise Unreadable(f"Line {line}: neither “services:” nor “kind:” stands there.")


def _built(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {
            str(key.value): _built(value) for key, value in node.value if isinstance(key, yaml.ScalarNode)
        }
    if isinstance(node, yaml.SequenceNode):
        return [_built(each) for each in node.value]
    is_empty = node.value in {"", "~", "null"} and not node.style
    return None if is_empty else str(node.value).replace("\x00", "")


def _once(found: list[Entry]) -> list[Entry]:
    seen: dict[Any, int] = {}
    for entry in found:
        if entry.ref in seen:
            entry.wrong.append(f"It stands in line {seen[entry.ref]} already.")
        seen.setdefault(entry.ref, entry.line)
    return found


def _said(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    return f"Line {mark.line + 1}: this is no YAML: {problem}." if mark else f"This is no YAML: {problem}."
