"""The description for programs (OpenAPI) and the page for people, both made from the code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView

from core.api.permissions import Reads
from core.ui.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

METHODS = ("get", "post", "put", "patch", "delete")


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 description of this API."""

    permission_classes = (Reads,)
    renderer_classes = [OpenApiJsonRenderer]


@dataclass(frozen=True, slots=True)
class Field:
    """A value that goes in or comes out."""

    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what it means."""

    status: str
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for."""

    anchor: str
    method: str
    path: str
    text: str
    parameters: list[Field]
    body: list[Field]
    result: list[Field]
    answers: list[Answer]
    example: str

    @property
    def tables(self) -> list[tuple[str, list[Field]]]:
        """What goes in and what comes out, where there is something."""
        named = [("Parameter", self.parameters), ("Body", self.body), ("Result", self.result)]
        return [(title, fields) for title, fields in named if fields]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every address of the API, what it takes and what it gives."""
    return render(request, "api/docs.html", {"groups": groups(), "base_url": settings.BASE_URL})


@cache
def groups() -> dict[str, list[Operation]]:
    """Give the operations by the first word of their path."""
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    found: dict[str, list[Operation]] = {}
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                found.setdefault(item[method]["tags"][0], []).append(
                    _operation(schema, path, method, item[method])
                )
    return dict(sorted(found.items()))


def _operation(schema: dict[str, Any], path: str, method: str, told: dict[str, Any]) -> Operation:
    sent = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    good = next((status for status in told["responses"] if status.startswith("2")), "")
    given = told["responses"].get(good, {}).get("content", {}).get("application/json", {}).get("schema", {})
    return Operation(
        anchor=told["operationId"],
        method=method.upper(),
        path=path,
        text=told.get("description", ""),
        parameters=[_parameter(one) for one in told.get("parameters", [])],
        body=list(_fields(schema, sent)),
        result=list(_fields(schema, given)),
        answers=[_answer(status, one) for status, one in sorted(told["responses"].items())],
        example=_example(path, method, _sample(schema, sent) if sent else None),
    )


def _parameter(told: dict[str, Any]) -> Field:
    place = {"path": "in the path", "query": "in the query", "header": "a header"}[told["in"]]
    kind = f"{_kind(told['schema'])}, {place}"
    return Field(told["name"], kind, told.get("required", False), told.get("description", ""))


def _answer(status: str, told: dict[str, Any]) -> Answer:
    return Answer(status, HTTPStatus(int(status)).phrase, told.get("description", ""))


def _resolved(schema: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if len(told.get("allOf", [])) == 1:
        told = told["allOf"][0]
    if "$ref" in told:
        found: dict[str, Any] = schema["components"]["schemas"][told["$ref"].rpartition("/")[2]]
        return found
    return told


def _fields(
    schema: dict[str, Any], told: dict[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[Field]:
    told = _resolved(schema, told)
    for name, value in told.get("properties", {}).items():
        inner = _resolved(schema, value)
        each = _resolved(schema, inner.get("items", {}))
        needed = name in told.get("required", [])
        yield Field(f"{prefix}{name}", _kind(inner, each), needed, inner.get("description", ""))
        nested = inner if inner.get("properties") else each
        if nested.get("properties") and depth < 2:
            mark = "[]." if nested is each else "."
            yield from _fields(schema, nested, f"{prefix}{name}{mark}", depth + 1)


def _kind(told: dict[str, Any], each: dict[str, Any] | None = None) -> str:
    if choices := told.get("enum"):
        return _choices(choices)
    kinds = told.get("type", "any value")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if words.startswith("array") and each:
        return f"list of {_kind(each)}"
    return {"date-time": "time", "uri": "address"}.get(told.get("format", ""), words)


def _choices(choices: list[Any]) -> str:
    shown = [str(choice) for choice in choices if choice not in {None, ""}]
    return " | ".join(shown) if len(shown) <= 8 else f"one of {len(shown)}, as {shown[0]}"


def _sample(schema: dict[str, Any], told: dict[str, Any]) -> Any:
    told = _resolved(schema, told)
    if "properties" in told:
        wanted = told.get("required") or list(told["properties"])[:2]
        return {name: _sample(schema, told["properties"][name]) for name in wanted}
    if told.get("type") == "array":
        return [_sample(schema, told["items"])]
    if told.get("enum"):
        return told["enum"][0]
    return {"integer": 60, "number": 1, "boolean": True, "object": {}}.get(str(told.get("type")), "…")


def _example(path: str, method: str, body: Any) -> str:
    parts = [f"curl -H 'Authorization: Bearer wb_…' {settings.BASE_URL}{path}"]
    if method != "get":
        parts.insert(1, f"-X {method.upper()}")
    if body is not None:
        parts.append(f"-H 'Content-Type: application/json' \\\n  -d '{json.dumps(body, ensure_ascii=False)}'")
    return " ".join(parts)
