"""The OpenAPI description: what DRF's classes say, and what every operation of ours has besides."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import SAFE_METHODS

from core.api import problems

if TYPE_CHECKING:
    from collections.abc import Callable

PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "By field, for 400.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["type", "title", "status", "detail"],
}
MEANINGS = {
    HTTPStatus.BAD_REQUEST: "The request is not valid; `errors` says where.",
    HTTPStatus.UNAUTHORIZED: "No token, or one that is unknown, expired or revoked.",
    HTTPStatus.FORBIDDEN: "The role or the token's scopes do not allow it.",
    HTTPStatus.NOT_FOUND: "Absent, or not visible: the answers are the same.",
    HTTPStatus.CONFLICT: "The state of the thing refuses it, or the idempotency key was used for something else.",
    HTTPStatus.PRECONDITION_FAILED: "It was changed since it was read.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not application/json.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests in this minute; `Retry-After` says how long to wait.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database does not answer; `Retry-After` says when to try again.",
}
TEXT = {"type": "string"}


def takes(
    body: Any = None, gives: Any = None, *, status: int = HTTPStatus.OK, **more: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe an operation: the serializer of its body and the one of its answer."""
    decorate: Callable[[Callable[..., Any]], Callable[..., Any]] = extend_schema(
        request=body, responses={int(status): gives}, **more
    )
    return decorate


class Schema(AutoSchema):
    """Adds to each operation its scope, its headers and the problems it answers with."""

    def get_tags(self) -> list[str]:
        """Group by the first word of the path."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]
        """Give the docstring, and what a token needs."""
        text = super().get_description() or ""
        permission = next(iter(self.view.get_permissions()), None)
        name = "read_scope" if self.method in SAFE_METHODS else "write_scope"
        scope = getattr(permission, name, None)
        return f"{text}\n\nNeeds the scope `{scope}`.".strip() if scope else text

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": "Its slug, number or id." if name == "ref" else "",
                "schema": TEXT,
            }
            for name in variables
        ]

    def _get_parameters(self) -> list[dict[str, Any]]:
        return [*super()._get_parameters(), *self._headers()]

    def _headers(self) -> list[dict[str, Any]]:
        if self.method == "POST":
            return [
                _header(
                    "Idempotency-Key", "The same key and body within 24 hours are done once.", maximum=255
                )
            ]
        if self.method in SAFE_METHODS:
            return [_header("If-None-Match", "The ETag you have; answers 304 if nothing changed.")]
        return [_header("If-Match", "The ETag you read; answers 412 if somebody changed it since.")]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(component)
        for status in self._problems():
            found.setdefault(
                str(int(status)),
                {
                    "content": {problems.MEDIA_TYPE: {"schema": component.ref}},
                    "description": MEANINGS[status],
                },
            )
        if self.method == "GET":
            found["304"] = {"description": "You have it already."}
        return found

    def _problems(self) -> list[HTTPStatus]:
        always = [
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ]
        named = [HTTPStatus.NOT_FOUND] if "{" in self.path or self.method not in SAFE_METHODS else []
        if self.method in SAFE_METHODS:
            return always + named
        return [
            *always,
            *named,
            HTTPStatus.CONFLICT,
            HTTPStatus.PRECONDITION_FAILED,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ]

    def get_operation_id(self) -> str:
        """Give `incidents_resolve_create` its plain name: `incidents_resolve`."""
        name: str = super().get_operation_id()
        known = {"create", "retrieve", "update", "partial_update", "destroy", "list"}
        verb = self.method == "POST" and getattr(self.view, "action", "create") not in known
        return name.removesuffix("_create") if verb else name


def _header(name: str, description: str, *, maximum: int = 200) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {**TEXT, "minLength": 1, "maxLength": maximum},
    }


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a token is given."""

    target_class = "core.tokens.authentication.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Give the definition."""
        return {"type": "http", "scheme": "bearer", "description": "An API token: `Bearer wb_…`."}
